//! What the service manager is told, by a socket of our own in its place.

use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Gateway, Issuer, Key, Start, Upstream, eventually};

const WAIT: Duration = Duration::from_secs(15);

/// The service manager's end.
struct Manager {
    folder: TempDir,
    told: Arc<Mutex<Vec<String>>>,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        let told = Arc::<Mutex<Vec<String>>>::default();
        let all = Arc::clone(&told);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
                all.lock().expect("what was told").push(message);
            }
        });
        Self { folder, told }
    }

    fn socket(&self) -> String {
        self.folder.path().join("notify").to_str().expect("text").to_owned()
    }

    /// The first line of each message so far.
    fn told(&self) -> Vec<String> {
        let told = self.told.lock().expect("what was told");
        told.iter().map(|message| message.lines().next().unwrap_or_default().to_owned()).collect()
    }

    async fn hears(&self, wanted: &[&str]) {
        eventually(&format!("{wanted:?} is told"), WAIT, async || (self.told() == wanted).then_some(()))
            .await;
    }
}

async fn started(manager: &Manager, upstream: &Upstream, server: &str) -> Gateway {
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", upstream.url());
    let env = [("NOTIFY_SOCKET", &*manager.socket())];
    Start { body: &body, server, env: &env, ..Start::default() }.ready().await
}

#[tokio::test]
async fn the_start_a_reload_and_the_end_are_told_in_their_order() {
    let (manager, upstream) = (Manager::new(), Upstream::start().await);
    let mut gateway = started(&manager, &upstream, "").await;
    manager.hears(&["READY=1"]).await;
    gateway.signal("HUP").await;
    manager.hears(&["READY=1", "RELOADING=1", "READY=1"]).await;
    let reloading = manager.told.lock().expect("what was told")[1].clone();
    let micros = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(micros.is_some_and(|micros| micros.parse::<u64>().is_ok()), "{reloading}");
    gateway.write_body("agents: nonsense\n");
    gateway.signal("HUP").await;
    manager.hears(&["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"]).await;
    gateway.signal("TERM").await;
    assert_eq!(gateway.ended(WAIT).await.code(), Some(0));
    assert_eq!(manager.told().last().map(String::as_str), Some("STOPPING=1"));
}

#[tokio::test]
async fn it_is_started_only_when_each_provider_was_tried() {
    let (manager, upstream) = (Manager::new(), Upstream::start().await);
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    issuer.delay(Some(Duration::from_secs(2)));
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ oauth: {{ identity_providers: [corp] }} }} }}\n",
        issuer.url,
        upstream.url()
    );
    let env = [("NOTIFY_SOCKET", &*manager.socket())];
    let gateway = Start { body: &body, env: &env, ..Start::default() }.alive().await;
    let (status, _) = gateway.ops_get("/readyz").await;
    assert_eq!((status, manager.told().len()), (503, 0));
    manager.hears(&["READY=1"]).await;
    assert_eq!(gateway.ops_get("/readyz").await.0, 200);
}

#[tokio::test]
async fn a_hand_over_names_the_process_that_took_the_listeners() {
    let (manager, upstream) = (Manager::new(), Upstream::start().await);
    let mut gateway = started(&manager, &upstream, "  state_dir: state\n").await;
    manager.hears(&["READY=1"]).await;
    let mut successor = gateway.successor().await;
    let pid = successor.pid();
    gateway.signal("QUIT").await;
    manager.hears(&["READY=1", &format!("MAINPID={pid}")]).await;
    assert!(gateway.ended(Duration::from_secs(40)).await.success());
    assert_eq!(manager.told().len(), 2, "the service does not stop: {:?}", manager.told());
    assert!(successor.has_ended().is_none(), "the successor runs");
}

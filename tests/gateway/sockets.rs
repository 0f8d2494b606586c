//! Agents at a unix socket: reached like others, and their failures told by their cause.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use testkit::{Gateway, Start, Upstream, client, eventually};
use tokio::net::{TcpStream, UnixListener};
use tokio_tungstenite::tungstenite::Message;

/// A socket that leads to an agent.
struct Bridge {
    connections: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
}

impl Bridge {
    fn at(path: &Path, upstream: &Upstream) -> Self {
        let listener = UnixListener::bind(path).expect("a socket");
        let connections = Arc::<AtomicUsize>::default();
        let (count, port) = (Arc::clone(&connections), upstream.port);
        let serving = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
                    far.set_nodelay(true).ok()?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await.ok()
                });
            }
        });
        Self { connections, serving }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn start(socket: &Path) -> Gateway {
    let agent = |route: &str, base: &str| json!({"route": {"path": route, "strip_path": true}, "upstream": format!("unix:{}{base}", socket.display()), "auth": "public"});
    let agents = json!({"a": agent("/a", ""), "b": agent("/b", ":/base")});
    Start { body: &format!("agents: {agents}\n"), ..Start::default() }.ready().await
}

fn socket() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("agent.sock");
    (folder, path)
}

#[tokio::test]
async fn an_agent_at_a_socket_is_asked_as_localhost_over_connections_that_are_kept() {
    let upstream = Upstream::start().await;
    let (_folder, path) = socket();
    let bridge = Bridge::at(&path, &upstream);
    let gateway = start(&path).await;
    for (target, wanted) in [("/a/x?y=1", "/x?y=1"), ("/b/x", "/base/x"), ("/a", "/"), ("/b", "/base/")] {
        let answer = client().get(gateway.url(target)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{target}");
        let echo: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        assert_eq!(echo["target"], wanted, "{target}");
        assert_eq!(upstream.last().all("host"), ["localhost"], "{target}");
    }
    let posted = client().post(gateway.url("/a/x")).body("hello").send().await.expect("an answer");
    let echo: Value = serde_json::from_str(&posted.text().await.expect("a body")).expect("JSON");
    assert_eq!(echo["body_length"], 5);
    assert!(
        bridge.connections.load(Ordering::SeqCst) <= 2,
        "five requests, a connection for each worker at most"
    );
}

#[tokio::test]
async fn a_websocket_reaches_an_agent_at_a_socket() {
    let (_folder, path) = socket();
    let listener = UnixListener::bind(&path).expect("a socket");
    let echo = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut socket = tokio_tungstenite::accept_async(stream).await.expect("the handshake");
        let message = socket.next().await.expect("it stands").expect("a message");
        socket.send(message).await.expect("it is sent");
        socket
    });
    let gateway = start(&path).await;
    let url = format!("ws://127.0.0.1:{}/a/ws", gateway.port);
    let (mut tunnel, _) = tokio_tungstenite::connect_async(url).await.expect("a tunnel");
    tunnel.send(Message::text("hello")).await.expect("it is sent");
    let back = tunnel.next().await.expect("an echo").expect("a message");
    assert_eq!(back, Message::text("hello"));
    drop(echo.await.expect("the agent"));
}

#[tokio::test]
async fn a_socket_that_is_not_there_or_that_nobody_listens_at_is_told_apart() {
    let upstream = Upstream::start().await;
    let (_folder, path) = socket();
    let gateway = start(&path).await;
    let fault = async || {
        let answer = client().get(gateway.url("/a")).send().await.expect("an answer");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        (answer.status().as_u16(), gateway.logged(&id).await["upstream_error"].clone())
    };
    assert_eq!(fault().await, (502, json!("socket_not_found")));
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket that nobody listens at"));
    assert_eq!(fault().await, (502, json!("connect_refused")));
    std::fs::remove_file(&path).expect("it is removed");
    let _bridge = Bridge::at(&path, &upstream);
    eventually("it is there", Duration::from_secs(5), async || (fault().await.0 == 200).then_some(())).await;
}

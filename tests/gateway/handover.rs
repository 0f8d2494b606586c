//! SIGQUIT: the listeners go to a new process, and no caller notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use testkit::{Start, Upstream, client, eventually};
use tokio::time::interval;

fn body(upstream: &Upstream) -> String {
    format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", upstream.url())
}

#[tokio::test]
async fn without_a_successor_sigquit_changes_nothing_but_the_log() {
    let upstream = Upstream::start().await;
    let server = "  state_dir: state\n";
    let gateway = Start { body: &body(&upstream), server, ..Start::default() }.ready().await;
    let refusals = || {
        let says_so = |line: &&String| line.contains("SIGQUIT") && line.contains("--upgrade");
        gateway.stderr().iter().filter(says_so).count()
    };
    // Nothing at all where a successor would wait; then what one leaves that was killed while it waited.
    for times in 1..=2 {
        gateway.signal("QUIT").await;
        eventually("it says so", Duration::from_secs(5), async || (refusals() == times).then_some(())).await;
        assert_eq!(client().get(gateway.url("/p")).send().await.expect("an answer").status(), 200);
        assert_eq!(gateway.ops_get("/readyz").await.0, 200);
        if times == 1 {
            let socket = gateway.folder.path().join("state/upgrade.sock");
            drop(std::os::unix::net::UnixListener::bind(socket).expect("a socket that nobody listens at"));
        }
    }
}

#[tokio::test]
async fn with_a_successor_no_connection_is_refused_and_no_request_is_lost() {
    let upstream = Upstream::start().await;
    let server = "  state_dir: state\n";
    let mut gateway = Start { body: &body(&upstream), server, ..Start::default() }.ready().await;
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = tokio::spawn(knock(gateway.url("/p"), Arc::clone(&done), Arc::clone(&answered)));
    let mut successor = gateway.successor().await;
    let reached = answered.load(Ordering::Relaxed);
    gateway.signal("QUIT").await;
    let ended = gateway.ended(Duration::from_secs(40)).await;
    assert!(ended.success(), "the old process: {ended:?} {:?}", gateway.stderr());
    let after = answered.load(Ordering::Relaxed);
    assert!(after > reached, "requests were answered all the while");
    eventually("the successor answers", Duration::from_secs(5), async || {
        (answered.load(Ordering::Relaxed) > after + 100).then_some(())
    })
    .await;
    done.store(true, Ordering::Relaxed);
    let failed = load.await.expect("the load ends");
    let sent = answered.load(Ordering::Relaxed) + failed.len();
    assert!(failed.is_empty(), "{} of {sent} failed: {:#?}\n{}", failed.len(), &failed[..1], successor.log());
    assert!(successor.has_ended().is_none(), "the successor runs: {}", successor.log());
    assert_eq!(gateway.ops_get("/readyz").await.0, 200, "and its ops listener answers");
}

/// A new connection for every request, two hundred a second; what failed.
async fn knock(url: String, done: Arc<AtomicBool>, answered: Arc<AtomicUsize>) -> Vec<String> {
    let fresh = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    let mut pace = interval(Duration::from_millis(5));
    let mut knocks = tokio::task::JoinSet::new();
    while !done.load(Ordering::Relaxed) {
        pace.tick().await;
        let (request, answered) = (fresh.get(&url).send(), Arc::clone(&answered));
        knocks.spawn(async move {
            match request.await {
                Ok(answer) if answer.status() == 200 => {
                    answered.fetch_add(1, Ordering::Relaxed);
                    None
                }
                Ok(answer) => Some(answer.status().to_string()),
                Err(error) => Some(format!("{error:?}")),
            }
        });
    }
    knocks.join_all().await.into_iter().flatten().collect()
}

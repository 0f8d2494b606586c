//! Streams and limits at targets: what is under way counts, and a change of the targets cuts nothing.

use testkit::scripted::{OK, Peer, Scripted};
use testkit::{Gateway, client, eventually};
use tokio::sync::watch;

use super::{SOON, agent, gateway, send, targets};

/// An upstream whose `/…/stream` sends an event each time it is told to, and which answers all else.
pub(super) async fn streams() -> (Scripted, watch::Sender<u32>) {
    let (tell, told) = watch::channel(0);
    let upstream = Scripted::start(move |mut peer: Peer| {
        let mut told = told.clone();
        async move {
            while !peer.head().await?.contains("/stream ") {
                peer.say(OK).await?;
            }
            peer.say(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            )
            .await?;
            peer.say("8\r\ndata: 0\n\r\n").await?;
            loop {
                told.changed().await.ok()?;
                if *told.borrow() == u32::MAX {
                    return peer.say("0\r\n\r\n").await;
                }
                peer.say("8\r\ndata: 1\n\r\n").await?;
            }
        }
    })
    .await;
    (upstream, tell)
}

/// Opens a stream, and waits for its first event.
pub(super) async fn open(gateway: &Gateway, path: &str) -> reqwest::Response {
    let mut stream = client().get(gateway.url(path)).send().await.expect("an answer");
    assert_eq!(stream.status(), 200);
    let first = stream.chunk().await.expect("it stands").expect("an event");
    assert!(first.starts_with(b"data: 0"), "{first:?}");
    stream
}

async fn in_flight(gateway: &Gateway, agent: &str) -> Vec<u64> {
    targets(gateway, agent)
        .await
        .iter()
        .map(|target| target["in_flight"].as_u64().expect("a number"))
        .collect()
}

#[tokio::test]
async fn a_stream_counts_at_its_target_and_goes_on_when_that_is_removed() {
    let ((one, tell_one), (two, tell_two)) = (streams().await, streams().await);
    let gateway = gateway(&agent("a", &[&one.url(), &two.url()], "slow_start: 0s")).await;
    let mut stream = open(&gateway, "/a/stream").await;
    let counts = in_flight(&gateway, "a").await;
    let (held, free, tell) = match counts.as_slice() {
        [1, 0] => (&one, &two, &tell_one),
        [0, 1] => (&two, &one, &tell_two),
        other => panic!("one request under way: {other:?}"),
    };
    let shown = gateway.metric("portcullis_target_in_flight", &[&format!("target=\"{}\"", held.url())]).await;
    assert!((shown - 1.0).abs() < f64::EPSILON);
    for _ in 0..10 {
        assert_eq!(send(&gateway, "GET", "/a/short", None).await.status(), 200);
        let ended = async || (in_flight(&gateway, "a").await.iter().sum::<u64>() == 1).then_some(());
        eventually("the short one has ended", SOON, ended).await;
    }
    assert_eq!((held.count("GET /a/short"), free.count("GET /a/short")), (0, 10), "the other one has fewer");
    gateway.replace_body(&format!("agents:\n{}", agent("a", &[&free.url()], "slow_start: 0s")));
    eventually("the change is live", SOON, async || (targets(&gateway, "a").await.len() == 1).then_some(()))
        .await;
    tell.send_replace(1);
    let next = stream.chunk().await.expect("it stands").expect("an event");
    assert!(next.starts_with(b"data: 1"), "{next:?}");
    tell.send_replace(u32::MAX);
    assert!(stream.chunk().await.expect("it ends well").is_none());
}

#[tokio::test]
async fn a_target_that_stays_keeps_its_counts_over_a_change() {
    let ((one, tell), (two, _)) = (streams().await, streams().await);
    let gateway = gateway(&agent("a", &[&one.url()], "slow_start: 0s")).await;
    let stream = open(&gateway, "/a/stream").await;
    gateway.replace_body(&format!("agents:\n{}", agent("a", &[&one.url(), &two.url()], "slow_start: 30s")));
    let counts = async || {
        let counts = in_flight(&gateway, "a").await;
        (counts.len() == 2).then_some(counts)
    };
    assert_eq!(eventually("the change is live", SOON, counts).await, [1, 0]);
    let states: Vec<_> = targets(&gateway, "a").await.iter().map(|t| t["state"].clone()).collect();
    assert_eq!(states, ["healthy", "slow"], "the one that was added begins slowly");
    tell.send_replace(u32::MAX);
    stream.bytes().await.expect("it ends well");
    eventually("nothing is under way", SOON, async || {
        (in_flight(&gateway, "a").await == [0, 0]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_full_target_gets_no_more_and_requests_wait_where_they_may() {
    let (one, tell) = streams().await;
    let agents = agent("a", &[&one.url()], "max_in_flight: 1")
        + &agent("b", &[&one.url()], "max_in_flight: 1, max_pending: 1");
    let gateway = gateway(&agents).await;
    let stream = open(&gateway, "/a/stream").await;
    let refused = send(&gateway, "GET", "/a/short", None).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    let id = refused.headers()["x-request-id"].to_str().expect("an id").to_owned();
    assert_eq!(gateway.logged(&id).await["upstream_error"], "too_many_in_flight");
    let two = ["/b/one", "/b/two"].map(|path| Box::pin(send(&gateway, "GET", path, None)));
    let (first, _, others) = futures::future::select_all(two).await;
    assert_eq!(first.status(), 503, "of two one waits");
    tell.send_replace(u32::MAX);
    stream.bytes().await.expect("it ends well");
    let second = futures::future::join_all(others).await;
    assert_eq!(second.iter().map(reqwest::Response::status).collect::<Vec<_>>(), [200]);
}

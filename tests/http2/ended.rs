//! How a stream ends whose right a change takes away: at an event boundary, over HTTP/1.1 and HTTP/2.

use std::time::Duration;

use testkit::eventually::scripted_pause;
use testkit::raw;
use testkit::scripted::{Peer, Scripted};

use super::wire::{Fate, get};
use super::world::{SOON, World};

/// Streams whose agent is taken away: what the agent has said, what it says later, and what the caller gets of it.
const STREAMS: &[(&str, &str, &str, &str)] = &[
    ("between two events", "data: 1\n\n", "", "data: 1\n\n: revoked\n"),
    (
        "within an event",
        "data: 1\n\ndata: 2\ndata",
        ": 3\n\ndata: 4\n\n",
        "data: 1\n\ndata: 2\ndata: 3\n\n: revoked\n",
    ),
    ("within an event that never ends", "data: 1\n\ndata", "", "data: 1\n\ndata"),
];

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Says the second part half a second after the first: by then the change is live.
async fn agent(fields: &'static str, first: &'static str, later: &'static str) -> Scripted {
    Scripted::start(move |mut peer: Peer| async move {
        peer.head().await?;
        let head = format!("HTTP/1.1 200 OK\r\n{fields}Transfer-Encoding: chunked\r\n\r\n");
        peer.say(&format!("{head}{}", chunk(first))).await?;
        if !later.is_empty() {
            scripted_pause(Duration::from_millis(600)).await;
            peer.say(&chunk(later)).await?;
        }
        peer.until("never").await.map(drop)
    })
    .await
}

async fn before(agent: &Scripted) -> World {
    World::with("", &format!("  gone: {{ route: /gone, auth: public, upstream: \"{}\" }}\n", agent.url()))
        .await
}

/// Takes the agent away.
fn remove(world: &World) {
    let config = world.gateway.config();
    let text = std::fs::read_to_string(&config).expect("the configuration");
    let kept: String =
        text.lines().filter(|line| !line.starts_with("  gone:")).map(|l| format!("{l}\n")).collect();
    std::fs::write(&config, kept).expect("it is written");
}

#[tokio::test]
async fn events_end_whole_over_http_1() {
    for (what, first, later, wanted) in STREAMS {
        let agent = agent("Content-Type: text/event-stream\r\n", first, later).await;
        let world = before(&agent).await;
        let mut caller = raw::Wire::connect(world.gateway.port).await;
        caller.send(&["GET /gone HTTP/1.1\r\nHost: gateway.test\r\n\r\n"]).await;
        assert_eq!(caller.response(true).await.map(|response| response.status), Some(200), "{what}");
        remove(&world);
        let rest = caller.remainder().await;
        let Some((body, end)) = raw::chunked(&rest) else {
            panic!("{what}: no end: {}", rest.escape_ascii())
        };
        assert_eq!((&*String::from_utf8_lossy(&body), end), (*wanted, rest.len()), "{what}");
    }
}

#[tokio::test]
async fn events_end_whole_over_http_2() {
    for (what, first, later, wanted) in STREAMS {
        let agent = agent("Content-Type: text/event-stream\r\n", first, later).await;
        let world = before(&agent).await;
        let mut wire = world.connect().await;
        wire.send(&get(1, "/gone")).await;
        assert_eq!(wire.fate(1, SOON).await, Fate::Status(200), "{what}");
        remove(&world);
        let body = wire.body(1).await.expect("a clean end");
        assert_eq!(String::from_utf8_lossy(&body), **wanted, "{what}");
    }
}

#[tokio::test]
async fn a_compressed_stream_gets_no_comment() {
    let fields = "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n";
    let agent = agent(fields, "no boundary", "").await;
    let world = before(&agent).await;
    let mut wire = world.connect().await;
    wire.send(&get(1, "/gone")).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
    remove(&world);
    assert_eq!(wire.body(1).await.as_deref(), Some(&b"no boundary"[..]));
}

#[tokio::test]
async fn a_request_with_one_answer_finishes() {
    let agent = Scripted::start(|mut peer: Peer| async move {
        peer.head().await?;
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n").await?;
        peer.say(&"a".repeat(100_000)).await?;
        scripted_pause(Duration::from_secs(2)).await;
        peer.say(&"b".repeat(100_000)).await
    })
    .await;
    let world = before(&agent).await;
    let mut caller = raw::Wire::connect(world.gateway.port).await;
    caller.send(&["GET /gone HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"]).await;
    assert_eq!(caller.response(true).await.map(|response| response.status), Some(200));
    remove(&world);
    let came = caller.remainder().await;
    assert!(came.len() == 200_000 && came.ends_with(b"bbb"), "{}", came.len());
}

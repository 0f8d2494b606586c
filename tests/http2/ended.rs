//! How a stream ends whose right a change takes away, or that an operator ends: events at a boundary, bodies without the
//! mark of their end, over HTTP/1.1 and HTTP/2, within a second.

use reqwest::{Response, Version};
use testkit::scripted::{Peer, Scripted};
use testkit::{Since, client, raw};
use tokio::sync::watch;

use super::wire::{Fate, Wire, get};
use super::world::{SOON, World};

/// Streams whose agent is removed: what the agent has said, what it says later, and what the client gets of it.
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
const EVENTS: &str = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n";
/// The length of a body of one answer.
const LENGTH: usize = 200_000;

/// Bodies of one answer: how they are framed, their first half, and the rest. Pingora holds back up to 64 KiB of one with
/// a length, so that a half is longer than that.
fn bodies() -> [(&'static str, &'static str, String, String); 2] {
    let (half, rest) = ("a".repeat(LENGTH / 2), "b".repeat(LENGTH / 2));
    [
        ("chunks", "Transfer-Encoding: chunked\r\n", chunk(&half), format!("{}0\r\n\r\n", chunk(&rest))),
        ("a length", "Content-Length: 200000\r\n", half, rest),
    ]
}

fn chunk(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{:x}\r\n{text}\r\n", text.len()) }
}

/// An agent that says the second part when it is told to.
struct Agent {
    scripted: Scripted,
    go: watch::Sender<bool>,
}

impl Agent {
    async fn start(fields: &str, first: &str, later: &str) -> Self {
        let (go, told) = watch::channel(false);
        let begin = format!("HTTP/1.1 200 OK\r\n{fields}\r\n{first}");
        let later = later.to_owned();
        let scripted = Scripted::start(move |mut peer: Peer| {
            let (mut told, begin, later) = (told.clone(), begin.clone(), later.clone());
            async move {
                peer.head().await?;
                peer.say(&begin).await?;
                told.wait_for(|go| *go).await.ok()?;
                peer.say(&later).await?;
                peer.until("never").await.map(drop)
            }
        })
        .await;
        Self { scripted, go }
    }

    fn goes_on(&self) {
        self.go.send(true).expect("the agent listens");
    }

    /// A gateway with this agent at `/gone`.
    async fn world(&self) -> World {
        let url = self.scripted.url();
        World::operated(&format!("  gone: {{ route: /gone, auth: public, upstream: \"{url}\" }}\n")).await
    }
}

/// A stream over HTTP/1.1 whose head has come.
async fn over_http_1(world: &World) -> raw::Wire {
    let mut wire = raw::Wire::connect(world.gateway.port).await;
    wire.send(&["GET /gone HTTP/1.1\r\nHost: gateway.test\r\n\r\n"]).await;
    assert_eq!(wire.response(true).await.map(|response| response.status), Some(200));
    wire
}

/// The same over HTTP/2, on the first stream.
async fn over_http_2(world: &World) -> Wire {
    let mut wire = world.connect().await;
    wire.send(&get(1, "/gone")).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
    wire
}

#[tokio::test]
async fn events_end_whole_over_http_1() {
    for (what, first, later, wanted) in STREAMS {
        let agent = Agent::start(EVENTS, &chunk(first), &chunk(later)).await;
        let world = agent.world().await;
        let mut caller = over_http_1(&world).await;
        let since = world.removes_the_others().await;
        agent.goes_on();
        let rest = caller.remainder().await;
        since.has_ended(what);
        let Some((body, end)) = raw::chunked(&rest) else {
            panic!("{what}: no end: {}", rest.escape_ascii())
        };
        assert_eq!((&*String::from_utf8_lossy(&body), end), (*wanted, rest.len()), "{what}");
    }
}

#[tokio::test]
async fn events_end_whole_over_http_2() {
    for (what, first, later, wanted) in STREAMS {
        let agent = Agent::start(EVENTS, &chunk(first), &chunk(later)).await;
        let world = agent.world().await;
        let mut wire = over_http_2(&world).await;
        let since = world.removes_the_others().await;
        agent.goes_on();
        let body = wire.body(1).await.expect("a clean end");
        since.has_ended(what);
        assert_eq!(String::from_utf8_lossy(&body), **wanted, "{what}");
    }
}

#[tokio::test]
async fn a_compressed_stream_gets_no_comment() {
    let fields = format!("{EVENTS}Content-Encoding: gzip\r\n");
    let agent = Agent::start(&fields, &chunk("no boundary"), "").await;
    let world = agent.world().await;
    let mut wire = over_http_2(&world).await;
    let since = world.removes_the_others().await;
    assert_eq!(wire.body(1).await.as_deref(), Some(&b"no boundary"[..]));
    since.has_ended("a compressed stream");
}

#[tokio::test]
async fn a_body_that_an_operator_ends_is_cut_over_http_1() {
    for (what, fields, first, _) in bodies() {
        let agent = Agent::start(fields, &first, "").await;
        let world = agent.world().await;
        let mut caller = over_http_1(&world).await;
        let (since, count) = Since::an_operator_ends(&world.gateway, "gone").await;
        let came = caller.remainder().await;
        since.has_ended(what);
        assert_eq!(count, 1, "{what}");
        assert!(raw::chunked(&came).is_none(), "{what}: there is no last chunk");
        assert!(!came.is_empty() && came.len() < LENGTH, "{what}: {} bytes", came.len());
    }
}

#[tokio::test]
async fn a_body_that_an_operator_ends_is_reset_over_http_2() {
    for (what, fields, first, _) in bodies() {
        let agent = Agent::start(fields, &first, "").await;
        let world = agent.world().await;
        let mut wire = over_http_2(&world).await;
        let (since, count) = Since::an_operator_ends(&world.gateway, "gone").await;
        let (came, fate) = wire.cut(1).await;
        since.has_ended(what);
        assert_eq!(count, 1, "{what}");
        assert!(came.len() <= LENGTH / 2, "{what}: {} bytes", came.len());
        // A reset without an error may follow a whole response (RFC 9113 section 8.1).
        assert!(matches!(fate, Fate::Reset(1..)), "{what}: {fate:?}");
    }
}

#[tokio::test]
async fn a_client_can_tell_that_a_body_was_cut() {
    for (what, fields, first, _) in bodies() {
        let agent = Agent::start(fields, &first, "").await;
        let world = agent.world().await;
        for answer in both(&world).await {
            let version = answer.version();
            let (since, _) = Since::an_operator_ends(&world.gateway, "gone").await;
            let came = answer.bytes().await;
            since.has_ended(what);
            assert!(came.is_err(), "{what}, {version:?}: {:?} bytes", came.map(|came| came.len()));
        }
    }
}

/// The beginning of a response over HTTP/1.1, and of one over HTTP/2.
async fn both(world: &World) -> [Response; 2] {
    let (over_tls, base) = world.gateway.http2();
    let first = client().get(world.gateway.url("/gone")).send().await.expect("an answer");
    let second = over_tls.get(format!("{base}/gone")).send().await.expect("an answer");
    assert_eq!((first.version(), second.version()), (Version::HTTP_11, Version::HTTP_2));
    [first, second]
}

#[tokio::test]
async fn a_request_with_one_answer_finishes() {
    for (what, fields, first, later) in bodies() {
        let agent = Agent::start(fields, &first, &later).await;
        let world = agent.world().await;
        let answers = both(&world).await;
        world.removes_the_others().await;
        assert_eq!(client().get(world.gateway.url("/gone")).send().await.expect("an answer").status(), 404);
        agent.goes_on();
        for answer in answers {
            let version = answer.version();
            let body = answer.text().await.unwrap_or_else(|error| panic!("{what}, {version:?}: {error}"));
            let halves = body.split_at_checked(LENGTH / 2).expect("more than a half");
            assert!(
                body.len() == LENGTH && halves.0.ends_with('a') && halves.1.ends_with('b'),
                "{what}, {version:?}"
            );
        }
    }
}

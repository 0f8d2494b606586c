//! Quiet streams: what may take its time does, over HTTP/1.1 and HTTP/2, and what may not is told who was late.

use std::time::{Duration, Instant};

use testkit::eventually;
use testkit::eventually::scripted_pause;
use testkit::raw;
use testkit::scripted::{OK, Peer, Scripted};
use testkit::sockets::sockets;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::wire::{DATA, END_STREAM, Fate, Wire, frame, get, post, window};
use super::world::{SOON, World};

const EVENT: &str = "9\r\ndata: 1\n\n\r\n";
const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The timer of a connection whose peer is asked now and then whether it lives.
const KEEP_ALIVE: &str = "02";

/// An agent at `/quiet` whose answer must begin within 300 ms.
async fn before(agent: &Scripted, settings: &str, server: &str) -> World {
    let more = format!(
        "  quiet: {{ route: /quiet, auth: public, upstream: {{ url: \"{}\", response_timeout: 300ms{settings} }} }}\n",
        agent.url()
    );
    World::with(server, &more).await
}

async fn caller(world: &World, pieces: &[&str]) -> raw::Wire {
    let mut caller = raw::Wire::connect(world.gateway.port).await;
    caller.send(pieces).await;
    caller
}

fn line(method: &str, fields: &str) -> String {
    format!("{method} /quiet HTTP/1.1\r\nHost: gateway.test\r\n{fields}\r\n")
}

#[tokio::test]
async fn a_silent_stream_is_not_cut() {
    let agent = Scripted::start(|mut peer: Peer| async move {
        peer.head().await?;
        peer.say(&format!("{STREAM}{EVENT}")).await?;
        scripted_pause(Duration::from_millis(1000)).await;
        peer.say(&format!("{EVENT}0\r\n\r\n")).await
    })
    .await;
    let world = before(&agent, "", "").await;
    let mut one = caller(&world, &[&line("GET", "Connection: close\r\n")]).await;
    let came = one.remainder().await;
    assert!(came.ends_with(format!("{EVENT}{EVENT}0\r\n\r\n").as_bytes()), "{}", came.escape_ascii());
    let mut two = world.connect().await;
    two.send(&get(1, "/quiet")).await;
    assert_eq!(two.fate(1, SOON).await, Fate::Status(200));
    assert_eq!(two.body(1).await.as_deref(), Some(&b"data: 1\n\ndata: 1\n\n"[..]));
}

#[tokio::test]
async fn a_pause_in_an_upload_is_not_the_agents_time() {
    let agent = Scripted::start(|mut peer: Peer| async move {
        peer.head().await?;
        peer.until("0\r\n\r\n").await?;
        peer.say(OK).await
    })
    .await;
    let world = before(&agent, "", "").await;
    let mut one = caller(&world, &[&line("POST", "Transfer-Encoding: chunked\r\n"), "5\r\nfirst\r\n"]).await;
    let mut two = world.connect().await;
    two.send(&[post(1, "/quiet", &[]), frame(DATA, 0, 1, b"first")].concat()).await;
    scripted_pause(Duration::from_millis(800)).await;
    one.send(&["0\r\n\r\n"]).await;
    two.send(&frame(DATA, END_STREAM, 1, b"last")).await;
    assert_eq!(one.response(false).await.map(|answer| answer.status), Some(200));
    assert_eq!(two.fate(1, SOON).await, Fate::Status(200));
}

#[tokio::test]
async fn an_agent_that_has_the_whole_request_and_says_nothing_is_late() {
    let agent = Scripted::start(|mut peer: Peer| async move {
        if peer.head().await?.contains("x-interim") {
            // An interim answer is no answer.
            peer.say("HTTP/1.1 103 Early Hints\r\n\r\n").await?;
        }
        peer.until("never").await?;
        Some(())
    })
    .await;
    let world = before(&agent, "", "").await;
    let large = "x".repeat(1 << 20);
    let chunks =
        |n| format!("{}{}0\r\n\r\n", line("POST", "Transfer-Encoding: chunked\r\n"), "1\r\na\r\n".repeat(n));
    for (what, pieces) in [
        // As many as Pingora has room for on the way to the agent, and a few less and more.
        ("two chunks at once", vec![chunks(2)]),
        ("three chunks at once", vec![chunks(3)]),
        ("four chunks at once", vec![chunks(4)]),
        ("five chunks at once", vec![chunks(5)]),
        ("no body", vec![line("GET", "")]),
        ("an interim answer", vec![line("GET", "X-Interim: 1\r\n")]),
        ("a body", vec![line("POST", "Content-Length: 3\r\n"), "abc".to_owned()]),
        ("chunks", vec![line("POST", "Transfer-Encoding: chunked\r\n"), "0\r\n\r\n".to_owned()]),
        ("a large body", vec![format!("{}{large}", line("POST", "Content-Length: 1048576\r\n"))]),
    ] {
        let began = Instant::now();
        let mut caller = raw::Wire::connect(world.gateway.port).await;
        caller.send(&pieces).await;
        let mut answer = caller.response(false).await;
        while answer.as_ref().is_some_and(|answer| answer.status < 200) {
            answer = caller.response(false).await;
        }
        let answer = answer.unwrap_or_else(|| panic!("{what}: no answer"));
        let took = began.elapsed();
        assert_eq!(answer.status, 504, "{what}: {answer:?}");
        assert!(took > Duration::from_millis(290) && took < Duration::from_secs(5), "{what}: {took:?}");
        let logged = world.gateway.logged(answer.field("x-request-id")).await;
        assert_eq!(logged["upstream_error"], "read_timeout", "{what}: {logged}");
    }
    let mut wire = world.connect().await;
    wire.send(&window(0, 1 << 24)).await;
    let (small, all) = (frame(DATA, END_STREAM, 3, b"abc"), frame(DATA, 0, 5, &[b'x'; 16_000]));
    let body = [all.repeat(4), frame(DATA, END_STREAM, 5, b"")].concat();
    for (stream, bytes) in [
        (1, get(1, "/quiet")),
        (3, [post(3, "/quiet", &[]), small].concat()),
        (5, [post(5, "/quiet", &[]), body].concat()),
    ] {
        wire.send(&bytes).await;
        assert_eq!(wire.fate(stream, SOON).await, Fate::Status(504), "{stream}");
        assert!(wire.body(stream).await.is_some(), "{stream}: the answer is whole");
    }
}

#[tokio::test]
async fn connections_that_are_quiet_on_either_side_are_asked_whether_they_live() {
    let agent = Scripted::start(|mut peer: Peer| async move {
        peer.head().await?;
        peer.say(&format!("{STREAM}{EVENT}")).await?;
        peer.until("never").await?;
        Some(())
    })
    .await;
    let world = before(&agent, "", "").await;
    let mut one = caller(&world, &[&line("GET", "")]).await;
    assert_eq!(one.response(true).await.map(|answer| answer.status), Some(200));
    let mut two = world.connect().await;
    two.send(&get(1, "/quiet")).await;
    assert_eq!(two.fate(1, SOON).await, Fate::Status(200));
    for (what, ours, theirs) in [
        ("a caller over HTTP/1.1", Some(world.gateway.port), None),
        ("a caller over HTTP/2", Some(world.gateway.tls_port), None),
        ("the agent", None, Some(agent.port)),
    ] {
        let probe = async || {
            let mut of_both = sockets();
            of_both.retain(|it| {
                ours.is_none_or(|port| it.ours == port) && theirs.is_none_or(|port| it.theirs == port)
            });
            (!of_both.is_empty() && of_both.iter().all(|socket| socket.timer == KEEP_ALIVE)).then_some(())
        };
        eventually(what, SOON, probe).await;
    }
}

/// What an agent begins to say before it falls silent.
const SILENT: [(&str, &str); 3] = [
    ("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"),
    ("no length", "HTTP/1.1 200 OK\r\n\r\nfirst"),
    ("a length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"),
];

#[tokio::test]
async fn a_stream_that_is_silent_for_longer_than_it_may_ends_cleanly() {
    for (what, said) in SILENT {
        let (left, mut gone) = mpsc::unbounded_channel();
        let agent = Scripted::start(move |mut peer: Peer| {
            let left = left.clone();
            async move {
                peer.head().await?;
                peer.say(said).await?;
                left.send(peer.head().await.is_none()).ok()
            }
        })
        .await;
        let world = before(&agent, ", stream_idle_timeout: 400ms", "").await;
        let mut one = caller(&world, &[&line("GET", "")]).await;
        let came = String::from_utf8_lossy(&one.remainder().await).into_owned();
        if what == "a length" {
            assert!(came.ends_with("first"), "{what}: cut, since there is no other end: {came}");
        } else {
            assert!(came.ends_with("5\r\nfirst\r\n0\r\n\r\n"), "{what}: {came}");
        }
        assert_eq!(timeout(SOON, gone.recv()).await.expect("the agent is left"), Some(true), "{what}");
        let mut two = world.connect().await;
        two.send(&get(1, "/quiet")).await;
        assert_eq!(two.fate(1, SOON).await, Fate::Status(200), "{what}");
        let body = two.body(1).await;
        let whole = if what == "a length" { None } else { Some(&b"first"[..]) };
        assert_eq!(body.as_deref(), whole, "{what}");
        assert_eq!(timeout(SOON, gone.recv()).await.expect("the agent is left"), Some(true), "{what}");
        let id = came
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("x-request-id: ").map(str::to_owned));
        let logged = world.gateway.logged(&id.expect("an id")).await;
        assert_eq!(
            (&logged["upstream_error"], &logged["status"]),
            (&"stream_idle".into(), &200.into()),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_tunnel_that_is_silent_for_longer_than_it_may_ends_on_both_sides() {
    let (left, mut gone) = mpsc::unbounded_channel();
    let agent = Scripted::start(move |mut peer: Peer| {
        let left = left.clone();
        async move {
            peer.head().await?;
            peer.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                .await?;
            for _ in 0..5 {
                peer.until("x").await?;
            }
            left.send(peer.until("never").await.is_none()).ok()
        }
    })
    .await;
    let world = before(&agent, ", stream_idle_timeout: 600ms", "").await;
    let handshake = line(
        "GET",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    let mut one = caller(&world, &[&handshake]).await;
    assert_eq!(one.response(false).await.map(|answer| answer.status), Some(101));
    for _ in 0..5 {
        // It moves for longer than it may rest, in one direction.
        scripted_pause(Duration::from_millis(200)).await;
        one.send(&["x"]).await;
    }
    assert_eq!(one.remainder().await, b"");
    assert_eq!(timeout(SOON, gone.recv()).await.expect("the agent is left"), Some(true));
}

#[tokio::test]
async fn a_stream_that_moves_outlives_its_longest_silence() {
    let agent = Scripted::start(|mut peer: Peer| async move {
        peer.head().await?;
        peer.say(STREAM).await?;
        for _ in 0..6 {
            scripted_pause(Duration::from_millis(200)).await;
            peer.say(EVENT).await?;
        }
        peer.say("0\r\n\r\n").await
    })
    .await;
    let world = before(&agent, ", stream_idle_timeout: 800ms", "").await;
    let mut wire: Wire = world.connect().await;
    wire.send(&get(1, "/quiet")).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
    assert_eq!(wire.body(1).await.map(|body| body.len()), Some(6 * 9));
}

#[tokio::test]
async fn a_caller_may_pause_once_the_agent_has_begun_to_answer_and_not_before() {
    let agent = Scripted::start(|mut peer: Peer| async move {
        let answers = peer.head().await?.contains("x-early");
        if answers {
            peer.say(STREAM).await?;
        }
        peer.until("0\r\n\r\n").await?;
        if answers { peer.say("0\r\n\r\n").await } else { peer.say(OK).await }
    })
    .await;
    let world = before(&agent, "", "  limits: { idle_timeout: 1s }\n").await;
    for (early, wanted) in [("X-Early: 1\r\n", 200), ("", 408)] {
        let head = line("POST", &format!("{early}Transfer-Encoding: chunked\r\n"));
        let mut one = caller(&world, &[&head, "5\r\nfirst\r\n"]).await;
        let fields: &[(&str, &str)] = if early.is_empty() { &[] } else { &[("x-early", "1")] };
        let mut two = world.connect().await;
        two.send(&[post(1, "/quiet", fields), frame(DATA, 0, 1, b"first")].concat()).await;
        scripted_pause(Duration::from_millis(1500)).await;
        one.send(&["0\r\n\r\n"]).await;
        two.send(&frame(DATA, END_STREAM, 1, b"")).await;
        assert_eq!(one.response(true).await.map(|answer| answer.status), Some(wanted), "{early:?}");
        assert_eq!(two.fate(1, SOON).await, Fate::Status(wanted), "{early:?}");
        assert!(two.body(1).await.is_some(), "{early:?}: it is whole");
    }
}

//! Bodies on their way: streamed in both directions, never held back, and the limits of a caller's pace.

use std::sync::Arc;
use std::time::Duration;

use testkit::scripted::{OK, Peer, Scripted};
use testkit::{Gateway, Start, Upstream, client, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

const LONG: Duration = Duration::from_secs(10);

async fn before(url: &str, server: &str) -> Gateway {
    let body = format!(
        "agents:\n  a: {{ route: /a, upstream: {{ url: \"{url}\", response_timeout: 300ms }}, auth: public }}\n  \
         small: {{ route: /small, upstream: \"{url}\", auth: public, max_body: 10 }}\n  \
         keyed: {{ route: /keyed, upstream: \"{url}\", auth: {{ api_key: {{}} }} }}\n"
    );
    Start { body: &body, server, ..Start::default() }.ready().await
}

async fn connect(gateway: &Gateway) -> TcpStream {
    TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects")
}

/// Reads until `last` has come.
async fn until(stream: &mut TcpStream, last: &str) -> String {
    let mut came = Vec::new();
    let read = async {
        while !came.ends_with(last.as_bytes()) {
            came.push(stream.read_u8().await.expect("more"));
        }
    };
    let in_time = tokio::time::timeout(LONG, read).await;
    let came = String::from_utf8_lossy(&came).into_owned();
    assert!(in_time.is_ok(), "{last:?} has not come: {came:?}");
    came
}

#[tokio::test]
async fn an_answer_arrives_while_it_is_still_being_written() {
    let go_on = Arc::new(Notify::new());
    let told = Arc::clone(&go_on);
    let upstream = Scripted::start(move |mut peer: Peer| {
        let told = Arc::clone(&told);
        async move {
            peer.head().await?;
            peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").await?;
            // Not a byte more until the caller has seen the first ones.
            told.notified().await;
            peer.say("4\r\nlast\r\n0\r\n\r\n").await
        }
    })
    .await;
    let gateway = before(&upstream.url(), "").await;
    let mut answer = client().get(gateway.url("/small")).send().await.expect("an answer");
    assert_eq!(answer.chunk().await.expect("a piece").as_deref(), Some(&b"first"[..]));
    go_on.notify_one();
    assert_eq!(answer.chunk().await.expect("a piece").as_deref(), Some(&b"last"[..]));
    assert_eq!(answer.chunk().await.expect("the end"), None);
}

#[tokio::test]
async fn a_request_body_arrives_while_it_is_still_being_sent() {
    for (framing, first, last) in [
        ("Transfer-Encoding: chunked", "5\r\nfirst\r\n", "4\r\nlast\r\n0\r\n\r\n"),
        ("Content-Length: 9", "first", "last"),
    ] {
        let (came, mut arrived) = mpsc::unbounded_channel();
        let upstream = Scripted::start(move |mut peer: Peer| {
            let came = came.clone();
            async move {
                peer.head().await?;
                for word in ["first", "last"] {
                    peer.until(word).await?;
                    came.send(word).ok()?;
                }
                peer.say(OK).await
            }
        })
        .await;
        let gateway = before(&upstream.url(), "").await;
        let mut caller = connect(&gateway).await;
        let head = format!("POST /small HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{first}");
        caller.write_all(head.as_bytes()).await.expect("it is sent");
        let word = tokio::time::timeout(LONG, arrived.recv()).await.expect("in time");
        assert_eq!(word, Some("first"), "{framing}");
        caller.write_all(last.as_bytes()).await.expect("it is sent");
        assert_eq!(arrived.recv().await, Some("last"), "{framing}");
        assert!(until(&mut caller, "ok").await.starts_with("HTTP/1.1 200"), "{framing}");
    }
}

#[tokio::test]
async fn events_go_on_for_longer_than_the_response_timeout() {
    let upstream = Upstream::start().await;
    let gateway = before(&upstream.url(), "").await;
    let answer = client().get(gateway.url("/a/sse")).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let text = answer.text().await.expect("the whole stream");
    assert_eq!(text, "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
}

#[tokio::test]
async fn a_caller_that_leaves_takes_its_upstream_connection_along() {
    let (gone, mut left) = mpsc::unbounded_channel();
    let upstream = Scripted::start(move |mut peer: Peer| {
        let gone = gone.clone();
        async move {
            peer.head().await?;
            peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").await?;
            let more = peer.head().await;
            gone.send(more).ok()
        }
    })
    .await;
    let gateway = before(&upstream.url(), "").await;
    let mut caller = connect(&gateway).await;
    caller.write_all(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
    until(&mut caller, "first").await;
    drop(caller);
    let more = tokio::time::timeout(LONG, left.recv()).await.expect("the upstream is left in time");
    assert_eq!(more, Some(None));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_never_passed_on_whole() {
    let upstream = Upstream::start().await;
    let gateway = before(&upstream.url(), "").await;
    for (framing, body, wanted, arrives) in [
        ("Content-Length: 10", "0123456789", 200, true),
        ("Content-Length: 11", "0123456789a", 413, false),
        // Told by the length alone, before a byte of the body.
        ("Content-Length: 99999999999", "", 413, false),
        ("Transfer-Encoding: chunked", "a\r\n0123456789\r\n0\r\n\r\n", 200, true),
        ("Transfer-Encoding: chunked", "b\r\n0123456789a\r\n0\r\n\r\n", 413, true),
        ("Transfer-Encoding: chunked", "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n", 413, true),
    ] {
        let seen = upstream.seen().len();
        let request =
            format!("POST /small HTTP/1.1\r\nHost: a\r\n{framing}\r\nConnection: close\r\n\r\n{body}");
        let answer = raw::exchange(gateway.port, request.as_bytes(), LONG).await;
        assert_eq!(raw::status(&answer), wanted, "{framing} {body:?}: {answer}");
        assert!(arrives || upstream.seen().len() == seen, "{framing}");
    }
}

#[tokio::test]
async fn expect_is_answered_after_the_decision() {
    let upstream = Upstream::start().await;
    let gateway = before(&upstream.url(), "").await;
    let ask = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    };
    for (path, wanted) in [("/keyed", 401), ("/none", 404), ("/a//b", 400)] {
        let answer = raw::exchange(gateway.port, ask(path).as_bytes(), LONG).await;
        assert_eq!(raw::status(&answer), wanted, "no invitation first at {path}: {answer}");
    }
    assert!(upstream.seen().is_empty());
}

/// The caller's side of a request that waits to be asked for its body.
async fn waits_for_the_invitation(url: &str) -> String {
    let gateway = before(url, "").await;
    let mut caller = connect(&gateway).await;
    let head = b"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    caller.write_all(head).await.expect("it is sent");
    let invited = until(&mut caller, "\r\n\r\n").await;
    assert!(invited.starts_with("HTTP/1.1 100"), "{invited}");
    caller.write_all(b"body").await.expect("it is sent");
    until(&mut caller, "\r\n\r\n").await
}

#[tokio::test]
async fn the_invitation_of_an_agent_reaches_the_caller_once() {
    let upstream = Scripted::start(|mut peer: Peer| async move {
        if peer.head().await?.to_lowercase().contains("expect: 100-continue") {
            peer.say("HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        peer.until("body").await?;
        peer.say(OK).await
    })
    .await;
    let answer = waits_for_the_invitation(&upstream.url()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_caller_is_invited_also_when_its_agent_knows_nothing_of_invitations() {
    let upstream = Upstream::start().await;
    let answer = waits_for_the_invitation(&upstream.url()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_head_must_be_small_and_whole_in_time() {
    let upstream = Upstream::start().await;
    let server = "  limits: { header_bytes: 4KiB, header_timeout: 1s, idle_timeout: 1s }\n";
    let gateway = before(&upstream.url(), server).await;
    let long =
        |n: usize| format!("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(n));
    let many = format!("GET /a HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(2000));
    let target = format!("GET /a/{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(5000));
    for (what, head, wanted) in [
        ("small enough", long(3000).as_str(), 200),
        ("one long field", &long(5000), 431),
        ("no end in sight", &long(5000)[..4500], 431),
        ("many fields", &many, 431),
        ("a long target", &target, 431),
        ("half a head", "GET /a HTTP/1.1\r\nHost:", 408),
    ] {
        let began = std::time::Instant::now();
        let answer = raw::exchange(gateway.port, head.as_bytes(), LONG).await;
        assert_eq!(raw::status(&answer), wanted, "{what}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(6), "{what}: {:?}", began.elapsed());
        if wanted != 200 {
            assert!(answer.contains("application/problem+json") && answer.contains("request_id"), "{answer}");
        }
    }
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_connection_that_rests_is_closed_and_so_is_one_that_never_speaks() {
    let upstream = Upstream::start().await;
    let server = "  limits: { header_timeout: 1s, idle_timeout: 1s }\n";
    let gateway = before(&upstream.url(), server).await;
    for said in ["", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let began = std::time::Instant::now();
        let answer = raw::exchange(gateway.port, said.as_bytes(), LONG).await;
        let took = began.elapsed();
        assert!((Duration::from_millis(900)..Duration::from_secs(5)).contains(&took), "{said:?}: {took:?}");
        assert_eq!(answer.is_empty(), said.is_empty(), "closed without a word to one that asked nothing");
    }
}

//! Upstreams that fail: what is tried again and what never is, addresses in turn, and what the caller is told.

use std::time::Duration;

use serde_json::Value;
use testkit::eventually::scripted_pause;
use testkit::scripted::{OK, Peer, Scripted};
use testkit::{Gateway, Start, Upstream, client, eventually};
use tokio::net::TcpListener;

/// One worker, so that a kept connection is met again.
const ONE_WORKER: &str = "  workers: 1\n";

async fn before(url: &str) -> Gateway {
    let body = format!(
        "agents:\n  a: {{ route: /a, upstream: {{ url: \"{url}\", response_timeout: 1s }}, auth: public }}\n"
    );
    Start { body: &body, server: ONE_WORKER, ..Start::default() }.ready().await
}

async fn send(gateway: &Gateway, method: &str, path: &str, body: Option<&'static str>) -> reqwest::Response {
    let method = method.parse().expect("a method");
    let request = client().request(method, gateway.url(path));
    let request = body.into_iter().fold(request, reqwest::RequestBuilder::body);
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn a_request_that_may_have_done_something_is_sent_once() {
    // (method, body, the upstream hangs up on the request that comes on a kept connection)
    for (method, body, kept) in [
        ("POST", Some("x"), false),
        ("POST", Some("x"), true),
        ("POST", None, true),
        ("PUT", Some("x"), true),
        ("DELETE", None, true),
        ("PATCH", Some("x"), true),
        ("GET", Some("x"), true),
    ] {
        let upstream = Scripted::start(move |mut peer: Peer| async move {
            if kept {
                peer.head().await?;
                peer.say(OK).await?;
            }
            peer.head().await?;
            Some(())
        })
        .await;
        let gateway = before(&upstream.url()).await;
        if kept {
            assert_eq!(send(&gateway, "OPTIONS", "/a/first", None).await.status(), 200);
        }
        let answer = send(&gateway, method, "/a/once", body).await;
        assert_eq!(answer.status(), 502, "{method} {body:?} kept={kept}");
        assert_eq!(upstream.count(&format!("{method} /a/once")), 1, "{method} {body:?} kept={kept}");
    }
}

#[tokio::test]
async fn a_get_on_a_kept_connection_that_has_gone_stale_is_tried_once_more() {
    let upstream = Scripted::start(|mut peer: Peer| async move {
        peer.head().await?;
        peer.say(OK).await?;
        // The first connection takes one more request and closes; the others serve.
        while peer.head().await.is_some() && peer.nth > 0 {
            peer.say(OK).await?;
        }
        Some(())
    })
    .await;
    let gateway = before(&upstream.url()).await;
    assert_eq!(send(&gateway, "GET", "/a/first", None).await.status(), 200);
    assert_eq!(send(&gateway, "GET", "/a/again", None).await.status(), 200);
    assert_eq!(upstream.count("GET /a/again"), 2, "once on the stale connection, once on a new one");
}

#[tokio::test]
async fn a_get_is_not_tried_without_end() {
    let upstream = Scripted::start(|mut peer: Peer| async move {
        if peer.nth == 0 {
            peer.head().await?;
            peer.say(OK).await?;
        }
        peer.head().await?;
        Some(())
    })
    .await;
    let gateway = before(&upstream.url()).await;
    assert_eq!(send(&gateway, "GET", "/a/first", None).await.status(), 200);
    assert_eq!(send(&gateway, "GET", "/a/again", None).await.status(), 502);
    assert_eq!(upstream.count("GET /a/again"), 2);
}

#[tokio::test]
async fn nothing_is_tried_again_once_the_answer_has_begun() {
    let upstream = Scripted::start(|mut peer: Peer| async move {
        while peer.head().await?.starts_with("GET /a/first") {
            peer.say(OK).await?;
        }
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await
    })
    .await;
    let gateway = before(&upstream.url()).await;
    assert_eq!(send(&gateway, "GET", "/a/first", None).await.status(), 200);
    let answer = send(&gateway, "GET", "/a/half", None).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err(), "a body that was cut short is not passed off as whole");
    assert_eq!(upstream.count("GET /a/half"), 1);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_a_bad_gateway() {
    for nonsense in [
        "",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    ] {
        let upstream = Scripted::start(move |mut peer: Peer| async move {
            peer.head().await?;
            peer.say(nonsense).await
        })
        .await;
        let gateway = before(&upstream.url()).await;
        let answer = send(&gateway, "GET", "/a", None).await;
        assert_eq!(answer.status(), 502, "{nonsense:?}");
        is_problem(&gateway, answer).await;
    }
}

/// Our own problem document, with the id of the request, and nothing of the upstream in it.
async fn is_problem(gateway: &Gateway, answer: reqwest::Response) {
    let status = answer.status().as_u16();
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body: Value = answer.text().await.expect("a body").parse().expect("JSON");
    assert_eq!((body["status"].as_u64(), body["request_id"].as_str()), (Some(status.into()), Some(&*id)));
    assert!(body["detail"].is_string() && body["title"].is_string() && body["type"].is_string(), "{body}");
    assert!(!body.to_string().contains("127.0.0.1"), "{body}");
    let logged = gateway.logged(&id).await;
    assert_eq!((&logged["status"], &logged["auth"]["decision"]), (&body["status"], &"allow".into()));
    assert!(logged["upstream_error"].is_string(), "{logged}");
}

#[tokio::test]
async fn an_upstream_that_stops_is_told_and_served_again_when_it_is_back() {
    let upstream = Upstream::start().await;
    let (port, gateway) = (upstream.port, before(&upstream.url()).await);
    assert_eq!(send(&gateway, "GET", "/a", None).await.status(), 200);
    drop(upstream);
    // What it had accepted still answers until it is closed; new connections are refused.
    let refused = eventually("the upstream is gone", Duration::from_secs(10), async || {
        let gone = send(&gateway, "GET", "/a/hang-up", None).await;
        (gone.status() == 502).then_some(gone)
    })
    .await;
    is_problem(&gateway, refused).await;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the same port");
    let back = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        tokio::io::AsyncWriteExt::write_all(&mut stream, OK.as_bytes()).await.expect("an answer");
        scripted_pause(Duration::from_secs(1)).await;
    });
    let answer = eventually("it answers again", Duration::from_secs(10), async || {
        let answer = send(&gateway, "POST", "/a/b", Some("x")).await;
        (answer.status() == 200).then_some(answer)
    })
    .await;
    assert_eq!(answer.text().await.expect("a body"), "ok");
    back.abort();
}

#[tokio::test]
async fn a_slow_upstream_is_a_timeout_however_it_is_slow() {
    for slow in ["", "HTTP/1.1 200 OK\r\nContent-"] {
        let upstream = Scripted::start(move |mut peer: Peer| async move {
            peer.head().await?;
            peer.say(slow).await?;
            scripted_pause(Duration::from_secs(20)).await;
            Some(())
        })
        .await;
        let gateway = before(&upstream.url()).await;
        let began = std::time::Instant::now();
        let answer = send(&gateway, "GET", "/a", None).await;
        assert_eq!(answer.status(), 504, "{slow:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{slow:?}: {:?}", began.elapsed());
        is_problem(&gateway, answer).await;
        assert_eq!(upstream.count("GET"), 1, "a slow answer is not asked for again");
    }
}

#[tokio::test]
async fn a_name_is_resolved_and_each_of_its_addresses_is_tried() {
    let addresses: Vec<_> = tokio::net::lookup_host("localhost:1").await.expect("localhost").collect();
    for address in ["127.0.0.1", "::1"] {
        if !addresses.iter().any(|known| known.ip().to_string() == address) {
            continue;
        }
        let upstream = Scripted::at(address, |mut peer: Peer| async move {
            while peer.head().await.is_some() {
                peer.until("x").await?;
                peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").await?;
            }
            Some(())
        })
        .await;
        let gateway = before(&format!("http://localhost:{}", upstream.port)).await;
        // Requests begin at one address after the other; where nobody listens the next is tried.
        for turn in 0..4 {
            let answer = send(&gateway, "POST", &format!("/a/{turn}"), Some("x")).await;
            assert_eq!(answer.status(), 200, "{address}, request {turn}");
            assert_eq!(upstream.count(&format!("POST /a/{turn} ")), 1, "{address}, request {turn}");
        }
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_a_bad_gateway() {
    let gateway = before("http://no-such-name.invalid:80").await;
    let answer = send(&gateway, "GET", "/a", None).await;
    assert_eq!(answer.status(), 502);
    is_problem(&gateway, answer).await;
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_502_when_refused_and_504_when_late() {
    let refused = testkit::free_port();
    // A queue that is full lets nobody in.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let full = socket.listen(0).expect("it listens");
    let late = full.local_addr().expect("its address");
    let first = tokio::net::TcpStream::connect(late).await.expect("one has room");
    for (port, wanted, word) in [(refused, 502, "connect_refused"), (late.port(), 504, "connect_timeout")] {
        let url = format!("http://127.0.0.1:{port}");
        let body = format!(
            "agents:\n  a: {{ route: /a, upstream: {{ url: \"{url}\", connect_timeout: 500ms }}, auth: public }}\n"
        );
        let gateway = Start { body: &body, ..Start::default() }.ready().await;
        let answer = send(&gateway, "GET", "/a", None).await;
        assert_eq!(answer.status(), wanted, "{word}");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        assert_eq!(gateway.logged(&id).await["upstream_error"], word);
        is_problem(&gateway, answer).await;
    }
    drop(first);
}

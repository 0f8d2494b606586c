//! The head of a stream reaches the client before its first event: a client that waits for it before it asks for anything
//! would wait for ever behind a gateway that holds it back.

use std::sync::Arc;
use std::time::Duration;

use testkit::Certificate;
use testkit::raw::Wire;
use testkit::scripted::{Peer, Scripted};
use tokio::sync::Notify;

use super::{Framing, JSON, before_url, good, request};

const SOON: Duration = Duration::from_secs(10);
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const EVENT: &str = "data: {}\n\n";

/// An agent that sends the head of a stream at once, and its only event when it is told.
async fn patient(go_on: &Arc<Notify>) -> Scripted {
    let go_on = Arc::clone(go_on);
    Scripted::start(move |mut peer: Peer| {
        let go_on = Arc::clone(&go_on);
        async move {
            loop {
                if peer.head().await?.starts_with("POST") {
                    peer.until("\"}}").await?;
                }
                peer.say(HEAD).await?;
                go_on.notified().await;
                peer.say(&format!("{:x}\r\n{EVENT}\r\n0\r\n\r\n", EVENT.len())).await?;
            }
        }
    })
    .await
}

#[tokio::test]
async fn the_head_of_a_stream_arrives_before_its_first_event() {
    let (go_on, certificate) = (Arc::new(Notify::new()), Certificate::generate());
    let agent = patient(&go_on).await;
    let gateway = before_url(&agent.url(), "", Some(&certificate)).await;
    let (client, base) = gateway.http2();
    for path in ["/m", "/bare", "/plain"] {
        for method in ["GET", "POST"] {
            let what = format!("{method} {path}");
            let body = if method == "POST" { good(300) } else { Vec::new() };
            let mut wire = Wire::connect(gateway.port).await;
            let sent = String::from_utf8(request(method, JSON, &body, Framing::Length)).expect("ASCII");
            assert!(wire.say(sent.replacen(" /m ", &format!(" {path} "), 1).as_bytes()).await, "{what}");
            let head = wire.until("\r\n\r\n", SOON).await;
            assert!(head.status() == 200 && !head.ended, "{what}: {head:?}");
            go_on.notify_one();
            assert!(!wire.until("0\r\n\r\n", SOON).await.ended, "{what}");

            let sent = client.request(method.parse().expect("a method"), format!("{base}{path}"));
            let sent = sent.header("content-type", "application/json").body(body).send();
            let answer = tokio::time::timeout(SOON, sent).await.expect("a head in time").expect("a head");
            assert_eq!(
                (answer.version(), answer.status().as_u16()),
                (reqwest::Version::HTTP_2, 200),
                "{what}"
            );
            go_on.notify_one();
            assert_eq!(answer.text().await.expect("the event"), EVENT, "{what}");
        }
    }
}

//! WebSocket through the gateway: a correct handshake only, and no timer that cuts a connection at rest.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use testkit::eventually::scripted_pause;
use testkit::{Start, Upstream, raw};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// An upstream that answers each message with itself, after a pause longer than the response timeout.
async fn echo() -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                while let Some(Ok(message)) = socket.next().await {
                    scripted_pause(Duration::from_millis(700)).await;
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, serving)
}

#[tokio::test]
async fn messages_pass_both_ways_and_outlive_the_response_timeout() {
    let (port, serving) = echo().await;
    let body = format!(
        "agents:\n  ws: {{ route: /ws, upstream: {{ url: \"http://127.0.0.1:{port}\", response_timeout: 300ms }}, auth: public }}\n"
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let stream = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    let request =
        format!("ws://127.0.0.1:{}/ws/chat", gateway.port).into_client_request().expect("a request");
    let (mut socket, answer) = tokio_tungstenite::client_async(request, stream).await.expect("the handshake");
    assert_eq!(answer.status().as_u16(), 101);
    for message in [Message::text("hello"), Message::binary(vec![0_u8, 255, 1])] {
        socket.send(message.clone()).await.expect("it is sent");
        let came = socket.next().await.expect("the connection stands").expect("a message");
        assert_eq!(came, message);
    }
    serving.abort();
}

#[tokio::test]
async fn anything_but_a_correct_handshake_goes_on_without_an_upgrade() {
    let upstream = Upstream::start().await;
    let url = upstream.url();
    let body = format!(
        "agents:\n  ws: {{ route: /ws, upstream: \"{url}\", auth: public }}\n  \
         no: {{ route: /no, upstream: \"{url}\", auth: public, websocket: false }}\n"
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let (key, version) = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13");
    for (path, upgrade, version, key) in [
        ("/ws", "Upgrade: h2c", version, key),
        ("/ws", "Upgrade: websocket", "Sec-WebSocket-Version: 8", key),
        ("/ws", "Upgrade: websocket", version, "Sec-WebSocket-Key: short"),
        ("/no", "Upgrade: websocket", version, key),
    ] {
        let lines = ["Connection: Upgrade", upgrade, version, key];
        let answer = raw::get(gateway.port, path, &lines).await;
        assert_eq!(raw::status(&answer), 200, "{path} {upgrade} {version} {key}: {answer}");
        let seen = upstream.last();
        assert!(
            seen.all("upgrade").is_empty() && seen.all("connection").iter().all(|c| !c.contains("pgrade")),
            "{seen:?}"
        );
    }
}

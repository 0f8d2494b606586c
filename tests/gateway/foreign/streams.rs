//! What websockets and httpx-sse see of the end of their token, also in the midst of a frame and of an event.

use std::path::Path;
use std::process::Stdio;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use testkit::scripted::{Peer, Scripted};
use testkit::{Key, Start, now};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::expiry::said;

/// How long the token is good for: long enough for Python to begin, and for 64 MiB each way on a machine that is busy.
const LIFE: u64 = 8;
const PIECE: usize = 1 << 20;
const PIECES: usize = 64;
/// The head of a frame of one piece that is not the last of its message (RFC 6455 section 5.2): binary, and a length of 64 bits.
const HEAD: [u8; 10] = [0x02, 127, 0, 0, 0, 0, 0, 0x10, 0, 0];

fn python() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".tools/venv-streams/bin/python");
    assert!(python.exists(), "{} is missing; scripts/setup.sh test makes it", python.display());
    let mut command = Command::new(python);
    command.arg(root.join("tests/gateway/foreign/streams_peer.py")).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Says back what came, and tells when the gateway has ended the stream.
async fn idle(mut socket: WebSocketStream<TcpStream>, has_ended: &watch::Sender<bool>) -> Option<()> {
    loop {
        let message = socket.next().await?.ok()?;
        if message.is_close() {
            has_ended.send_replace(true);
        } else {
            socket.send(message).await.ok()?;
        }
    }
}

/// Counts what came, says as much, and begins a frame that it completes only when other streams have ended. What it was told at its
/// end comes back.
async fn large(mut socket: WebSocketStream<TcpStream>, mut ended: watch::Receiver<bool>) -> Option<Message> {
    let came = socket.next().await?.ok()?.into_data();
    socket.send(Message::text(came.len().to_string())).await.ok()?;
    for number in 1..=PIECES {
        let kind = if number == 1 { Data::Binary } else { Data::Continue };
        let frame = Frame::message(vec![b'x'; PIECE], OpCode::Data(kind), number == PIECES);
        socket.send(Message::Frame(frame)).await.ok()?;
    }
    let raw = socket.get_mut();
    raw.write_all(&HEAD).await.ok()?;
    raw.write_all(&vec![b'y'; PIECE / 2]).await.ok()?;
    raw.flush().await.ok()?;
    ended.wait_for(|ended| *ended).await.ok()?;
    raw.write_all(&vec![b'y'; PIECE / 2]).await.ok()?;
    socket.next().await?.ok()
}

/// The port of an agent of WebSockets, and what `large` was told at its end.
#[expect(clippy::result_large_err, reason = "what the library wants of a callback")]
async fn sockets(has_ended: watch::Sender<bool>) -> (u16, watch::Receiver<Option<Message>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let (tell, told) = watch::channel(None);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (has_ended, tell) = (has_ended.clone(), tell.clone());
            tokio::spawn(async move {
                let mut path = String::new();
                let config = WebSocketConfig::default().max_message_size(None);
                let see = |request: &Request, response: Response| {
                    path = request.uri().path().to_owned();
                    Ok(response)
                };
                let socket =
                    tokio_tungstenite::accept_hdr_async_with_config(stream, see, Some(config)).await.ok()?;
                match path.as_str() {
                    "/large" => tell.send_replace(large(socket, has_ended.subscribe()).await),
                    _ => idle(socket, &has_ended).await.and(None),
                }
            });
        }
    });
    (port, told)
}

/// An agent that sends one event and the half of another one, which it completes when other streams have ended.
async fn events(ended: watch::Receiver<bool>) -> Scripted {
    Scripted::start(move |mut peer: Peer| {
        let mut ended = ended.clone();
        async move {
            peer.head().await?;
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            peer.say(&format!("{head}9\r\ndata: 1\n\n\r\n8\r\ndata: 2\n\r\n")).await?;
            ended.wait_for(|ended| *ended).await.ok()?;
            peer.say("1\r\n\n\r\n").await?;
            peer.until("never").await.map(drop)
        }
    })
    .await
}

#[tokio::test]
async fn python_clients_get_whole_frames_and_events_and_a_clean_end_when_their_token_ends() {
    let (has_ended, ended) = watch::channel(false);
    let (port, mut told) = sockets(has_ended).await;
    let (events, key, issuer) = (events(ended).await, Key::new("ES256", "k1"), "https://corp.example");
    let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
    let agent = |path: &str, upstream: &str| json!({"route": path, "upstream": upstream, "auth": {"oauth": oauth}, "streams": {"grace": "0s"}});
    let sockets = format!("http://127.0.0.1:{port}");
    let agents = json!({
        "idle": agent("/idle", &sockets),
        "large": agent("/large", &sockets),
        "events": agent("/events", &events.url()),
    });
    let providers = json!({"corp": {"issuer": issuer, "leeway": "0s", "jwks": {"keys": [key.jwk()]}}});
    let body = format!("identity_providers: {providers}\nagents: {agents}\n");
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let token = key.signed(&json!({"iss": issuer, "sub": "alice", "aud": "x", "exp": now() + LIFE}));
    let mut python = python();
    python.arg(gateway.port.to_string()).arg(&token);
    let mut said = said(python).await;

    said.sort_by_key(|line| line["client"].to_string());
    let end = |client: &str, more: Value| {
        let mut line = json!({"client": client, "code": 1008, "reason": "token expired"});
        line.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        line
    };
    let size = (PIECE * PIECES).to_string();
    let wanted = [
        json!({"client": "httpx-sse", "events": ["1", "2"], "status": 401, "error": true}),
        end("websockets idle", json!({"answers": ["hello"]})),
        end("websockets large", json!({"counted": size, "whole": true, "fragments": [PIECE]})),
    ];
    assert_eq!(said, wanted);
    let last = told.wait_for(Option::is_some).await.expect("it ends").clone();
    let Some(Message::Close(Some(frame))) = last else { panic!("{last:?}") };
    assert_eq!(u16::from(frame.code), 1001, "the agent hears of the end");
}

//! What clients that others wrote see of the end of their token: ws a close code, eventsource a whole stream and then a 401,
//! grpcio a status.

use std::path::Path;
use std::process::Stdio;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use testkit::scripted::{Peer, Scripted};
use testkit::{Certificate, Key, Start, now};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::grpc::{Server, peer};

/// How long the token is good for: long enough for Node and Python to begin, on a machine that is busy.
const LIFE: u64 = 6;

/// What a program printed, a line of JSON each.
pub(super) async fn said(mut command: Command) -> Vec<Value> {
    let run = command.output().await.expect("it runs");
    let said = String::from_utf8(run.stdout).expect("text");
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn node() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let node = root.join(".tools/venv-interop/bin/node");
    assert!(node.exists(), "{} is missing; scripts/setup.sh test makes it", node.display());
    let mut command = Command::new(node);
    command.arg(root.join("tests/interop/clients/expiring.mjs")).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The port of an agent that says back what a WebSocket says.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                while let Some(Ok(message)) = socket.next().await {
                    if !message.is_close() && socket.send(message).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// An agent that sends one event and nothing more.
async fn events() -> Scripted {
    Scripted::start(async |mut peer: Peer| {
        peer.head().await?;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        peer.say(&format!("{head}9\r\ndata: 1\n\n\r\n")).await?;
        peer.until("never").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn clients_of_others_understand_that_their_token_has_ended() {
    let (key, certificate, server) =
        (Key::new("ES256", "k1"), Certificate::generate(), Server::start().await);
    let (events, socket, grpc) = (events().await, echo().await, server.port().await);
    let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
    let agent = |route: Value, upstream: Value| json!({"route": route, "upstream": upstream, "auth": {"oauth": oauth}, "streams": {"grace": "0s", "ws_close_code": 4401}});
    let agents = json!({
        "events": agent(json!("/events"), json!(events.url())),
        "socket": agent(json!("/socket"), json!(format!("http://127.0.0.1:{socket}"))),
        "expiring": agent(
            json!({"path": "/expiring", "strip_path": true}),
            json!({"url": format!("http://127.0.0.1:{grpc}"), "protocol": "h2c"}),
        ),
    });
    let issuer = "https://corp.example";
    let providers = json!({"corp": {"issuer": issuer, "leeway": "0s", "jwks": {"keys": [key.jwk()]}}});
    let body = format!("identity_providers: {providers}\nagents: {agents}\n");
    let gateway = Start { body: &body, certificate: Some(&certificate), ..Start::default() }.ready().await;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root.pem");
    std::fs::write(&root, &certificate.pem).expect("the certificate is written");

    let token = key.signed(&json!({"iss": issuer, "sub": "alice", "aud": "x", "exp": now() + LIFE}));
    let mut of_node = node();
    of_node.args([gateway.url("").trim_end_matches('/'), &token]);
    let mut of_python = peer();
    of_python.args(["hold", &gateway.tls_port.to_string()]).arg(&root).arg(&token);
    let (mut of_node, of_python) = tokio::join!(said(of_node), said(of_python));

    of_node.sort_by_key(|line| line["client"].to_string());
    let wanted = [
        json!({"client": "eventsource", "events": ["1"], "status": 401, "closed": true}),
        json!({"client": "ws", "answered": true, "code": 4401, "reason": "token expired"}),
    ];
    assert_eq!(of_node, wanted);
    let wanted =
        json!({"call": "held", "code": "UNAUTHENTICATED", "details": "token expired", "answers": ["begun"]});
    assert_eq!(of_python, [wanted]);
}

//! Upgrades by the byte: who may open a tunnel, and what only looks like a handshake.

use std::time::Duration;

use testkit::{Gateway, Issuer, Key, Start, Upstream, client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const VERSION: &str = "Sec-WebSocket-Version: 13";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const HANDSHAKE: [&str; 4] = [CONNECTION, UPGRADE, VERSION, KEY];

async fn gateway(upstream: &str, issuer: &Issuer) -> Gateway {
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  \
         open: {{ route: /open, upstream: \"{upstream}\", auth: public }}\n  \
         never: {{ route: /never, upstream: \"{upstream}\", auth: public, websocket: false }}\n  \
         guarded: {{ route: /guarded, upstream: \"{upstream}\", auth: {{ oauth: {{ identity_providers: [corp] }} }} }}\n  \
         hasty: {{ route: /hasty, upstream: {{ url: \"{upstream}\", response_timeout: 1s }}, auth: public }}\n",
        issuer.url
    );
    Start { body: &body, ..Start::default() }.ready().await
}

/// Sends a head and gives back the connection with the head of the answer.
async fn ask(port: u16, start: &str, lines: &[&str], body: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("{start}\r\nHost: gateway.test\r\n{lines}\r\n{body}");
    stream.write_all(request.as_bytes()).await.expect("it takes a request");
    let mut head = Vec::new();
    let read = async {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("an answer"));
        }
    };
    tokio::time::timeout(Duration::from_secs(5), read).await.expect("an answer in time");
    (stream, String::from_utf8(head).expect("text"))
}

#[tokio::test]
async fn a_correct_handshake_opens_a_tunnel_for_those_who_may() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let gateway = gateway(&upstream.url(), &issuer).await;
    let token = format!("Authorization: Bearer {}", key.token(&key.header("ES256"), &issuer.claims("x")));
    for (path, more) in [("/open/ws", None), ("/guarded/ws", Some(token.as_str()))] {
        let lines: Vec<&str> = HANDSHAKE.into_iter().chain(more).collect();
        let (mut stream, head) = ask(gateway.port, &format!("GET {path} HTTP/1.1"), &lines, "").await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{path}: {head}");
        let lower = head.to_lowercase();
        // The answer to the key of RFC 6455 section 1.3.
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        assert!(lower.contains("upgrade: websocket") && lower.contains("x-request-id: "), "{head}");
        for message in [&b"\x81\x85abcdefghi"[..], &[7; 70_000]] {
            stream.write_all(message).await.expect("the tunnel takes bytes");
            let mut back = vec![0; message.len()];
            stream.read_exact(&mut back).await.expect("the tunnel gives them back");
            assert_eq!(back, message, "{path}");
        }
        assert!(upstream.last().all("authorization").is_empty(), "{path}");
    }
    let before = upstream.seen().len();
    let (_, head) = ask(gateway.port, "GET /guarded/ws HTTP/1.1", &HANDSHAKE, "").await;
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    assert_eq!(upstream.seen().len(), before, "a handshake without a credential does not reach the agent");
}

#[tokio::test]
async fn anything_else_that_asks_for_an_upgrade_goes_on_without_it() {
    let (issuer, upstream) = (Issuer::start(&[&Key::new("ES256", "k1")]).await, Upstream::start().await);
    let gateway = gateway(&upstream.url(), &issuer).await;
    let get = "GET /open/ws HTTP/1.1";
    let rows: &[(&str, &str, &[&str], &str)] = &[
        ("not GET", "POST /open/ws HTTP/1.1", &[CONNECTION, UPGRADE, VERSION, KEY, "Content-Length: 0"], ""),
        ("HTTP/1.0", "GET /open/ws HTTP/1.0", &HANDSHAKE, ""),
        ("an older version", get, &[CONNECTION, UPGRADE, "Sec-WebSocket-Version: 8", KEY], ""),
        ("no version", get, &[CONNECTION, UPGRADE, KEY], ""),
        ("no key", get, &[CONNECTION, UPGRADE, VERSION], ""),
        ("a short key", get, &[CONNECTION, UPGRADE, VERSION, "Sec-WebSocket-Key: YWFhYWFhYWFhYWFhYWFh"], ""),
        ("a key that is no base64", get, &[CONNECTION, UPGRADE, VERSION, "Sec-WebSocket-Key: a b"], ""),
        ("two keys", get, &[CONNECTION, UPGRADE, VERSION, KEY, KEY], ""),
        ("a body", get, &[CONNECTION, UPGRADE, VERSION, KEY, "Content-Length: 3"], "abc"),
        (
            "a chunked body",
            get,
            &[CONNECTION, UPGRADE, VERSION, KEY, "Transfer-Encoding: chunked"],
            "0\r\n\r\n",
        ),
        ("no `Connection: upgrade`", get, &[UPGRADE, VERSION, KEY], ""),
        (
            "HTTP/2 in clear text",
            get,
            &["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
            "",
        ),
        ("a choice of protocols", get, &[CONNECTION, "Upgrade: websocket, h2c", VERSION, KEY], ""),
        ("two upgrades", get, &[CONNECTION, UPGRADE, "Upgrade: h2c", VERSION, KEY], ""),
        ("`websocket: false`", "GET /never/ws HTTP/1.1", &HANDSHAKE, ""),
    ];
    let mut wrong = Vec::new();
    for (name, start, lines, body) in rows {
        let before = upstream.seen().len();
        let (_, head) = ask(gateway.port, start, lines, body).await;
        let seen = upstream.seen().get(before).cloned();
        let plain = seen.is_some_and(|seen| {
            let hop = ["upgrade", "http2-settings"];
            let asks = seen.all("connection").concat().to_lowercase().contains("upgrade");
            hop.iter().all(|name| seen.all(name).is_empty()) && !asks
        });
        if !head.contains(" 200 ") || !plain {
            wrong.push(format!("{name}: plain at the agent: {plain}, answer: {head}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_agent_that_is_gone_is_a_problem_for_a_handshake_as_for_any_request() {
    let issuer = Issuer::start(&[&Key::new("ES256", "k1")]).await;
    let gateway = gateway("http://127.0.0.1:9", &issuer).await;
    let (_, head) = ask(gateway.port, "GET /open/ws HTTP/1.1", &HANDSHAKE, "").await;
    assert!(head.starts_with("HTTP/1.1 502 ") && head.contains("application/problem+json"), "{head}");
    let plain = client().get(gateway.url("/open")).send().await.expect("an answer");
    assert_eq!(plain.status(), 502);
}

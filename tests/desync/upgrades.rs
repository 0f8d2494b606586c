//! Upgrades by the byte: the only one there is, and what waits for it.

use testkit::raw::find;

use super::body::Body;
use super::case::{Wanted, World};
use super::recorder::TOO_EARLY;

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const GOOD: [&str; 4] = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY];

fn handshake(target: &str, lines: &[&str]) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n{}\r\n\r\n", lines.join("\r\n"))
}

/// The head of a handshake that is none, by the change that spoils it: of the four lines, and of the first line.
fn broken() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (nth, lines) in [
        (
            0,
            &[
                "",
                "Connection: close",
                "Connection: keep-alive",
                "Connection: Upgraded",
                "Connection:",
                "Connection: websocket",
            ][..],
        ),
        (
            1,
            &[
                "",
                "Upgrade: h2c",
                "Upgrade: websocket, h2c",
                "Upgrade: h2c, websocket",
                "Upgrade: websocket\r\nUpgrade: websocket",
                "Upgrade: websocket\r\nUpgrade: h2c",
                "Upgrade: websocket/13",
                "Upgrade: web socket",
                "Upgrade:",
                "Upgrade: TLS/1.0",
                "Upgrade: \"websocket\"",
                "Upgrade: WebSockets",
            ],
        ),
        (
            2,
            &[
                "",
                "Sec-WebSocket-Version: 8",
                "Sec-WebSocket-Version: 0",
                "Sec-WebSocket-Version: 13, 8",
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13",
                "Sec-WebSocket-Version: 013",
                "Sec-WebSocket-Version: +13",
                "Sec-WebSocket-Version:",
            ],
        ),
        (
            3,
            &[
                "",
                "Sec-WebSocket-Key:",
                "Sec-WebSocket-Key: c2hvcnQ=",
                "Sec-WebSocket-Key: not base64",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWV4dHJh",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ],
        ),
    ] {
        for line in lines {
            let mut changed = GOOD.to_vec();
            changed[nth] = line;
            changed.retain(|line| !line.is_empty());
            all.push((format!("{line:?} for {:?}", GOOD[nth]), handshake("/open", &changed)));
        }
    }
    for method in ["POST", "HEAD", "OPTIONS", "PUT", "get", "FOO"] {
        all.push((method.to_owned(), handshake("/open", &GOOD).replacen("GET", method, 1)));
    }
    all.push(("HTTP/1.0".to_owned(), handshake("/open", &GOOD).replacen("HTTP/1.1", "HTTP/1.0", 1)));
    all.push(("no WebSockets here".to_owned(), handshake("/never", &GOOD)));
    let with = |line: &'static str, body: &str| {
        let lines: Vec<&str> = GOOD.into_iter().chain([line]).collect();
        (line.to_owned(), handshake("/open", &lines) + body)
    };
    all.push(with("Content-Length: 4", "body"));
    all.push(with("Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n"));
    all
}

#[tokio::test]
async fn what_is_no_handshake_goes_on_as_a_plain_request() {
    let world = World::new().await;
    let mut cases = 0;
    for (what, request) in broken() {
        let mut caller = world.caller().await;
        caller.send(&[request.as_str()]).await;
        let answer = caller.response(request.starts_with("HEAD")).await;
        let answer = answer.unwrap_or_else(|| panic!("{what}: an answer"));
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        let came = world.recorder.take();
        let [bytes] = came.as_slice() else { panic!("{what}: one request: {came:?}") };
        let head = String::from_utf8_lossy(bytes).to_lowercase();
        assert!(!head.contains("\r\nupgrade:") && !head.contains("\r\nconnection:"), "{what}: {head}");
        cases += 1;
    }
    assert!(cases >= 40, "{cases}");
    eprintln!("{cases} broken handshakes, 0 tunnels");
}

#[tokio::test]
async fn a_handshake_arrives_with_what_it_needs_and_nothing_of_the_connection() {
    let world = World::new().await;
    let mut cases = 0;
    for (what, lines) in [
        ("as it is in the RFC", GOOD.to_vec()),
        (
            "in another case",
            vec!["CONNECTION: keep-alive, UPGRADE", "upgrade: WebSocket", "sec-websocket-version: 13", KEY],
        ),
        ("with a length of nought", [&GOOD[..], &["Content-Length: 0"]].concat()),
        (
            "with other hop-by-hop fields",
            vec![
                "Connection: upgrade, X-Hop",
                "X-Hop: 1",
                GOOD[1],
                GOOD[2],
                KEY,
                "Keep-Alive: 1",
                "TE: trailers",
            ],
        ),
    ] {
        let mut caller = world.caller().await;
        caller.send(&[handshake("/open", &lines), String::new()]).await;
        let answer = caller.response(false).await.unwrap_or_else(|| panic!("{what}: an answer"));
        assert_eq!(answer.status, 101, "{what}: {answer:?}");
        let has_length = lines.contains(&"Content-Length: 0");
        let body = if has_length { Body::Length(Vec::new()) } else { Body::None };
        let mut wanted = Wanted::of("GET /open HTTP/1.1", body);
        wanted.fields = vec![
            ("connection", "Upgrade".to_owned()),
            ("upgrade", "websocket".to_owned()),
            ("sec-websocket-version", "13".to_owned()),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
        ];
        world.arrived(what, &wanted);
        caller.send(&["\0\r\nping"]).await;
        assert_eq!(caller.bytes(7).await.as_deref(), Some(&b"\0\r\nping"[..]), "{what}");
        assert_eq!(world.went_on(), ["\\x00\\r\\nping"], "{what}");
        cases += 1;
    }
    eprintln!("{cases} handshakes, {cases} tunnels");
}

#[tokio::test]
async fn bytes_behind_a_handshake_wait_for_the_tunnel() {
    let world = World::new().await;
    let early = "GET /open/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";
    let mut cases = 0;
    for target in ["/open", "/open/late"] {
        let head = handshake(target, &GOOD);
        for pieces in [vec![head.clone() + early], vec![head.clone(), early.to_owned()]] {
            let mut caller = world.caller().await;
            caller.send(&pieces).await;
            let answer = caller.response(false).await.unwrap_or_else(|| panic!("{target}: an answer"));
            assert_eq!(answer.status, 101, "{target}: {answer:?}");
            assert_eq!(caller.bytes(early.len()).await.as_deref(), Some(early.as_bytes()), "{target}");
            let came = world.recorder.take().concat();
            assert!(find(&came, TOO_EARLY).is_none(), "{target}: {}", came.escape_ascii());
            assert!(came.ends_with(early.as_bytes()), "{target}: {}", came.escape_ascii());
            cases += 1;
        }
    }
    // The agent does not want to, may not, or is never asked: they go nowhere.
    for (target, status) in [("/open/denies", 200), ("/never", 200), ("/keyed", 401)] {
        let mut caller = world.caller().await;
        caller.send(&[handshake(target, &GOOD) + early]).await;
        let answer = caller.response(false).await.unwrap_or_else(|| panic!("{target}: an answer"));
        assert_eq!((answer.status, answer.is_last()), (status, true), "{target}: {answer:?}");
        assert!(caller.remainder().await.is_empty(), "{target}");
        let came = world.recorder.take().concat();
        assert!(find(&came, b"smuggled").is_none(), "{target}: {}", came.escape_ascii());
        cases += 1;
    }
    eprintln!("{cases} handshakes with bytes behind them, 0 too early");
}

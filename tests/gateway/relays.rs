//! The PROXY protocol: the client that a trusted proxy names is the caller, and nobody else may name one.

use std::time::Duration;

use serde_json::Value;
use testkit::{Gateway, Start, Upstream, eventually, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const WAIT: Duration = Duration::from_secs(5);
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

async fn start(upstream: &Upstream, server: &str) -> Gateway {
    let body = format!("agents:\n  a: {{ route: /a, upstream: \"{}\", auth: public }}\n", upstream.url());
    let layout = |folder: &std::path::Path, text: &str| {
        let text = text.replacen(
            "    - address: 127.0.0.1:",
            "    - proxy_protocol: v1_v2\n      address: 127.0.0.1:",
            1,
        );
        let config = folder.join("portcullis.yaml");
        std::fs::write(&config, text).expect("the configuration is written");
        config
    };
    Start { body: &body, server, layout: Some(layout), ..Start::default() }.ready().await
}

/// The answer to a request behind this header, as the agent's echo, and its request id.
async fn ask(gateway: &Gateway, header: &[u8], more: &str) -> Option<(Value, String)> {
    let request = format!("GET /a HTTP/1.1\r\nHost: gateway.test\r\n{more}Connection: close\r\n\r\n");
    let answer = raw::exchange(gateway.port, &[header, request.as_bytes()].concat(), WAIT).await;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let id = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("x-request-id: ").map(str::to_owned))?;
    Some((serde_json::from_str(body).ok()?, id))
}

fn header<'v>(echo: &'v Value, name: &str) -> Vec<&'v str> {
    let all = echo["headers"].as_array().expect("headers").iter();
    all.filter(|pair| pair[0].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        .filter_map(|pair| pair[1].as_str())
        .collect()
}

fn version_2(command: u8, family: u8, behind: &[u8]) -> Vec<u8> {
    let length = u16::try_from(behind.len()).expect("short").to_be_bytes();
    [V2_SIGNATURE, &[command, family], &length, behind].concat()
}

#[tokio::test]
async fn the_client_that_a_trusted_proxy_names_is_the_caller() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream, "  trusted_proxies: [127.0.0.1]\n").await;
    let v4 = [203, 0, 113, 7, 10, 0, 0, 1, 0xc8, 0x21, 0, 80];
    let with_tlvs = [&v4[..], &[4, 0, 3, 1, 2, 3], &[0xea, 0, 1, 9]].concat();
    for (what, proxy, caller) in [
        ("version 1", b"PROXY TCP4 203.0.113.7 10.0.0.1 51233 80\r\n".to_vec(), "203.0.113.7"),
        ("version 1, IPv6", b"PROXY TCP6 2001:db8::7 2001:db8::1 51233 80\r\n".to_vec(), "2001:db8::7"),
        ("version 1, unknown", b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        ("version 2", version_2(0x21, 0x11, &v4), "203.0.113.7"),
        ("version 2, more behind it", version_2(0x21, 0x11, &with_tlvs), "203.0.113.7"),
        ("version 2, local", version_2(0x20, 0, &[]), "127.0.0.1"),
    ] {
        let (echo, id) = ask(&gateway, &proxy, "").await.unwrap_or_else(|| panic!("{what}: no answer"));
        assert_eq!(header(&echo, "x-forwarded-for"), [caller], "{what}");
        assert_eq!(gateway.logged(&id).await["remote"], caller, "{what}");
    }
    // The one that is named is judged, not the one that names it.
    let named = b"PROXY TCP4 203.0.113.7 10.0.0.1 51233 80\r\n";
    let (echo, _) = ask(&gateway, named, "X-Forwarded-For: 198.51.100.1\r\n").await.expect("an answer");
    assert_eq!(header(&echo, "x-forwarded-for"), ["203.0.113.7"]);
    let named = b"PROXY TCP4 127.0.0.1 10.0.0.1 51233 80\r\n";
    let (echo, id) = ask(&gateway, named, "X-Forwarded-For: 198.51.100.1\r\n").await.expect("an answer");
    assert_eq!(header(&echo, "x-forwarded-for"), ["198.51.100.1, 127.0.0.1"]);
    assert_eq!(gateway.logged(&id).await["remote"], "198.51.100.1");
}

#[tokio::test]
async fn what_is_no_such_header_gets_no_answer_and_is_counted() {
    let upstream = Upstream::start().await;
    let gateway =
        start(&upstream, "  trusted_proxies: [127.0.0.1]\n  limits: { header_timeout: 500ms }\n").await;
    for (what, proxy) in [
        ("none", Vec::new()),
        ("a bad family", b"PROXY TCP5 203.0.113.7 10.0.0.1 1 2\r\n".to_vec()),
        ("no end", b"PROXY TCP4 203.0.113.7".to_vec()),
        ("too long", format!("PROXY UNKNOWN {}\r\n", "x".repeat(200)).into_bytes()),
        ("version 3", [V2_SIGNATURE, &[0x31, 0x11, 0, 0]].concat()),
        ("too much behind it", version_2(0x21, 0x11, &[0; 60_000])),
    ] {
        assert!(ask(&gateway, &proxy, "").await.is_none(), "{what}");
    }
    let silent = raw::exchange(gateway.port, b"PROXY ", WAIT).await;
    assert_eq!(silent, "", "who stops in the middle is let go");
    let refused = gateway.metric("portcullis_connections_refused_total", &["limit=\"proxy_protocol\""]).await;
    assert!(refused >= 6.0, "{refused}");
    assert!(upstream.seen().is_empty());
    let warnings = || gateway.stderr().iter().filter(|line| line.contains("proxy_protocol")).count();
    eventually("it is said", WAIT, async || (warnings() > 0).then_some(())).await;
    assert_eq!(warnings(), 1, "it is said once a minute");
}

#[tokio::test]
async fn who_is_not_trusted_is_refused_with_and_without_the_header() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream, "  trusted_proxies: [192.0.2.0/24]\n").await;
    for proxy in [&b"PROXY TCP4 203.0.113.7 10.0.0.1 51233 80\r\n"[..], b"PROXY UNKNOWN\r\n", b""] {
        assert!(ask(&gateway, proxy, "").await.is_none(), "{proxy:?}");
    }
    assert!(upstream.seen().is_empty());
    eventually("it is counted", WAIT, async || {
        let labels = ["limit=\"proxy_protocol\""];
        (gateway.metric("portcullis_connections_refused_total", &labels).await >= 3.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn clients_behind_a_proxy_are_limited_each_by_itself() {
    let upstream = Upstream::start().await;
    let server = "  trusted_proxies: [127.0.0.1]\n  limits: { connections_per_address: 1 }\n";
    let gateway = start(&upstream, server).await;
    let mut held = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    let first = b"PROXY TCP4 203.0.113.7 10.0.0.1 1 80\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    held.write_all(first).await.expect("it is sent");
    let mut begin = [0; 12];
    held.read_exact(&mut begin).await.expect("an answer");
    assert_eq!(&begin, b"HTTP/1.1 200");
    let second = b"PROXY TCP4 203.0.113.7 10.0.0.1 2 80\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(raw::status(&raw::exchange(gateway.port, second, WAIT).await), 503, "it has one already");
    let other = b"PROXY TCP4 203.0.113.8 10.0.0.1 2 80\r\n";
    assert!(ask(&gateway, other, "").await.is_some(), "another client has its own");
    drop(held);
}

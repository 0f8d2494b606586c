//! Metrics against strangers: methods, paths, hosts, key ids, issuers, headers and agents that were never seen before,
//! by the thousand, add no series.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::now;
use testkit::token::encode;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::stage::Stage;

/// So many requests in the short form: nearly two thousand of each kind; fifty times that with `PORTCULLIS_LONG=1`.
const REQUESTS: usize = 20_000;
const LONG: usize = 1_000_000;
/// So many connections at a time, each with one request after the other.
const CONNECTIONS: usize = 16;

/// A request like no other; whether the connection stays.
fn strange(i: usize, issuer: &str) -> String {
    let token = |header: serde_json::Value, claims: serde_json::Value| {
        format!("{}.{}.{}", encode(header.to_string()), encode(claims.to_string()), encode([0_u8; 64]))
    };
    let claims = json!({"iss": issuer, "aud": "x", "sub": format!("s{i}"), "exp": now() + 300, "iat": now()});
    match i % 11 {
        0 => format!("GET /strange{i}/x HTTP/1.1\r\nHost: h{i}.test\r\n\r\n"),
        1 => format!("BREW{i} /a HTTP/1.1\r\nHost: h{i}.test\r\n\r\n"),
        2 => format!("GET /a/{i}?q={i} HTTP/1.1\r\nHost: x\r\nAuthorization: Strange{i} {i}\r\n\r\n"),
        3 => {
            let token = token(json!({"alg": "ES256", "kid": format!("kid{i}")}), claims);
            format!("GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
        }
        4 => {
            let stranger = json!({"iss": format!("https://i{i}.test"), "exp": now() + 300});
            let token = token(json!({"alg": "ES256", "kid": "k1"}), stranger);
            format!("GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
        }
        5 => {
            let token = token(json!({"alg": format!("X{i}"), "typ": format!("t{i}")}), claims);
            format!("GET /s/{i} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
        }
        6 => format!("GET /k/{i} HTTP/1.1\r\nHost: x\r\nX-API-Key: pck_{i:08}_x\r\n\r\n"),
        7 => format!("GET /p%zz{i} HTTP/1.1\r\nHost: x\r\n\r\n"),
        8 => format!(
            "HEAD /agents/agent{i} HTTP/1.1\r\nHost: {i}\r\nX-Agent-{i}: {i}\r\nUser-Agent: ua{i}\r\n\r\n"
        ),
        9 => {
            let logout = json!({"iss": issuer, "aud": "web", "sub": format!("s{i}"), "iat": now()});
            let header = json!({"alg": "ES256", "typ": "logout+jwt", "kid": format!("kid{i}")});
            let form = format!("logout_token={}", token(header, logout));
            let head = "POST /.portcullis/events/corp HTTP/1.1\r\nHost: x\r\n\
                        Content-Type: application/x-www-form-urlencoded";
            format!("{head}\r\nContent-Length: {}\r\n\r\n{form}", form.len())
        }
        _ => format!(
            "OPTIONS /p{i} HTTP/1.1\r\nHost: x\r\nOrigin: https://o{i}.test\r\nX-Forwarded-Host: f{i}\r\n\r\n"
        ),
    }
}

/// Reads one answer; `None` when the connection is over.
async fn read_answer(stream: &mut BufReader<TcpStream>, without_body: bool) -> Option<()> {
    let (mut length, mut line, mut stays) = (0_usize, String::new(), true);
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let text = line.trim_end().to_ascii_lowercase();
        if text.is_empty() {
            break;
        }
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        stays &= text != "connection: close";
    }
    if !without_body {
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
    }
    stays.then_some(())
}

/// Sends these, one after the other, on as few connections as the gateway allows.
async fn send(port: u16, issuer: String, numbers: impl Iterator<Item = usize>) -> usize {
    let mut open: Option<BufReader<TcpStream>> = None;
    let mut answered = 0;
    for i in numbers {
        let request = strange(i, &issuer);
        let mut stream = match open.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
                stream.set_nodelay(true).expect("a socket option");
                BufReader::new(stream)
            }
        };
        if stream.write_all(request.as_bytes()).await.is_ok() {
            let stays = read_answer(&mut stream, request.starts_with("HEAD")).await;
            answered += 1;
            open = stays.map(|()| stream);
        }
    }
    answered
}

async fn send_all(stage: &Stage, numbers: std::ops::Range<usize>) -> usize {
    let mut senders = tokio::task::JoinSet::new();
    for first in 0..CONNECTIONS {
        let numbers = numbers.clone().skip(first).step_by(CONNECTIONS);
        senders.spawn(send(stage.gateway.port, stage.issuer.url.clone(), numbers));
    }
    senders.join_all().await.into_iter().sum()
}

/// Every series on the page, without its value; not those that a timer adds, whoever asks for what.
async fn series(stage: &Stage) -> BTreeSet<String> {
    let page = stage.gateway.ops_get("/metrics").await.1;
    let samples = page.lines().filter(|line| !line.starts_with('#') && !line.contains("trigger=\"timer\""));
    samples.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_requests_by_the_thousand_add_no_series() {
    let stage = Stage::at("error").await;
    let count = if std::env::var_os("PORTCULLIS_LONG").is_some() { LONG } else { REQUESTS };
    // Each kind once, so that the outcomes that there are have their series.
    send_all(&stage, 0..200).await;
    let before = series(&stage).await;
    assert!(before.len() > 50, "{before:?}");
    let answered = send_all(&stage, 1000..1000 + count).await;
    assert_eq!(answered, count, "every request is answered");
    let after = series(&stage).await;
    let new: Vec<_> = after.difference(&before).collect();
    assert!(new.is_empty(), "{} new series: {new:?}", new.len());
    eprintln!("0 new series of {} after {answered} strange requests", after.len());
}

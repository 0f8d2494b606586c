//! The access log against its writers: whatever stands in a request, it is one line of JSON, short, and without a byte
//! that a terminal or a log collector would act upon.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{client, eventually, raw};

use super::stage::Stage;

/// Longer than any line has to be.
const LONGEST: usize = 32 * 1024;

#[tokio::test]
async fn every_request_is_one_short_line_without_control_bytes() {
    let stage = Stage::at("trace").await;
    let mut sent = 0;
    let strange = "a\u{1b}[31m\"\\,\u{7f}\u{85}\u{2028}\u{202e}\u{feff}\r\n{\"agent\":\"p\"}\0\u{e000}";
    for value in [strange.to_owned(), strange.repeat(80), "\u{1f600}".repeat(900), "\r\n".repeat(500)] {
        for name in ["sub", "jti", "client_id"] {
            let mut claims = stage.claims();
            claims[name] = value.clone().into();
            let token = stage.key.token(&stage.key.header("ES256"), &claims);
            let answer =
                client().get(stage.gateway.url("/a/x")).bearer_auth(token).send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200, "a good token with a strange {name}");
            sent += 1;
        }
    }
    let long = "x".repeat(20_000);
    for head in [
        format!("GET /p/{long} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        format!("{} /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "M".repeat(9000)),
        "GET /p/%1b%5b31m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /p/%0d%0a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /p/\u{1b}[31m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /p/\u{202e} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /p/{\"agent\":\"p\"} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /p HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\nX-Forwarded-For: \u{1b}[31m, 1.2.3.4\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /p HTTP/1.1\r\nHost: x\r\nX-Request-Id: {\"a\":1}\u{9b}\r\nConnection: close\r\n\r\n".to_owned(),
        "\u{1b}[2J\r\n\r\n".to_owned(),
    ] {
        let answer = raw::exchange(stage.gateway.port, head.as_bytes(), Duration::from_secs(5)).await;
        assert_ne!(raw::status(&answer), 0, "an answer to {:?}", head.get(..60));
        sent += 1;
    }
    let lines = eventually("all is logged", Duration::from_secs(10), async || {
        let lines = stage.gateway.stdout();
        (lines.len() >= sent).then_some(lines)
    })
    .await;
    assert_eq!(lines.len(), sent, "one line for each request");
    for line in &lines {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(parsed["request_id"].as_str().is_some_and(|id| !id.is_empty() && id.len() <= 128), "{line}");
        assert_ne!(parsed["remote"], json!("1.2.3.4"), "{line}");
        assert!(line.len() < LONGEST, "{} bytes", line.len());
        let acts = |c: char| {
            c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        assert!(!line.contains(acts), "{line:?}");
    }
    let longest = lines.iter().map(String::len).max().unwrap_or(0);
    eprintln!("{sent} requests, {} lines, the longest of {longest} bytes, 0 control characters", lines.len());
}

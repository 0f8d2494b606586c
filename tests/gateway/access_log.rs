//! The access log: exactly the fields of the contract, right for each kind of ending, and never the query.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use testkit::now;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, portcullis};

const FIELDS: [&str; 15] = [
    "ts",
    "request_id",
    "agent",
    "method",
    "path",
    "status",
    "duration_ms",
    "upstream_ms",
    "upstream_attempts",
    "bytes_in",
    "bytes_out",
    "remote",
    "http_version",
    "auth",
    "upstream_error",
];
const AUTH: [&str; 9] =
    ["method", "decision", "reason", "provider", "sub", "client_id", "jti", "key_id", "cache"];

struct Stage {
    gateway: Gateway,
    issuer: Issuer,
    key: Key,
    api_key: String,
    _upstream: Upstream,
}

async fn stage() -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let made = portcullis(std::env::temp_dir().as_path(), &["api-key", "create", "--agent", "k"]).await;
    let (api_key, stored) = made.out.split_once('\n').expect("a key and what to store");
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\n\
         agents:\n\
         \x20 a: {{ route: {{ path: /a, strip_path: true }}, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }} }}\n\
         \x20 k: {{ route: /k, upstream: \"{url}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n\
         \x20 gone: {{ route: /gone, upstream: \"http://127.0.0.1:1\", auth: public }}\n{stored}",
        issuer.url,
        url = upstream.url(),
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    Stage { gateway, issuer, key, api_key: api_key.to_owned(), _upstream: upstream }
}

impl Stage {
    /// Sends it and gives back the length of the answer and its line, whose field names are checked.
    async fn line(&self, request: reqwest::RequestBuilder) -> (usize, Value) {
        let answer = request.send().await.expect("an answer");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let length = answer.bytes().await.expect("a body").len();
        let line = self.gateway.logged(&id).await;
        let names = |value: &Value| -> BTreeSet<String> {
            value.as_object().expect("an object").keys().cloned().collect()
        };
        assert_eq!(names(&line), FIELDS.map(ToOwned::to_owned).into(), "{line}");
        assert_eq!(names(&line["auth"]), AUTH.map(ToOwned::to_owned).into(), "{line}");
        assert_eq!((&line["remote"], &line["http_version"]), (&"127.0.0.1".into(), &"1.1".into()), "{line}");
        let took = line["duration_ms"].as_f64().expect("a number");
        assert!((0.0..30_000.0).contains(&took), "{line}");
        let at: jiff::Timestamp = line["ts"].as_str().expect("text").parse().expect("RFC 3339");
        assert!((now().cast_signed() - at.as_second()).abs() < 60, "{line}");
        (length, line)
    }
}

/// Compares some members of a line.
fn expect(line: &Value, members: &[(&str, Value)]) {
    for (pointer, wanted) in members {
        assert_eq!(line.pointer(pointer), Some(wanted), "{pointer} of {line}");
    }
}

#[tokio::test]
async fn an_allowed_request_says_who_called_and_what_it_cost() {
    let stage = stage().await;
    let token = stage.key.token(&stage.key.header("ES256"), &stage.issuer.claims("x"));
    let request = client().post(stage.gateway.url("/a/b?secret=q")).bearer_auth(token).body("12345");
    let (length, line) = stage.line(request).await;
    expect(
        &line,
        &[
            ("/agent", "a".into()),
            ("/method", "POST".into()),
            ("/path", "/a/b".into()),
            ("/status", 200.into()),
            ("/bytes_in", 5.into()),
            ("/bytes_out", length.into()),
            ("/upstream_error", Value::Null),
            ("/auth/method", "oauth".into()),
            ("/auth/decision", "allow".into()),
            ("/auth/reason", "ok".into()),
            ("/auth/provider", "corp".into()),
            ("/auth/sub", "alice".into()),
            ("/auth/client_id", "client-1".into()),
            ("/auth/jti", "jti-1".into()),
            ("/auth/key_id", "k1".into()),
        ],
    );
    let (all, upstream) = (line["duration_ms"].as_f64(), line["upstream_ms"].as_f64());
    assert!(upstream.is_some() && upstream <= all, "{line}");
}

#[tokio::test]
async fn a_refused_request_says_why_and_names_nobody_who_was_not_verified() {
    let stage = stage().await;
    let forger = Key::new("ES256", "k1");
    let token = forger.token(&forger.header("ES256"), &stage.issuer.claims("x"));
    let (length, line) = stage.line(client().get(stage.gateway.url("/a?q=1")).bearer_auth(token)).await;
    expect(
        &line,
        &[
            ("/agent", "a".into()),
            ("/path", "/a".into()),
            ("/status", 401.into()),
            ("/upstream_ms", Value::Null),
            ("/bytes_out", length.into()),
            ("/auth/decision", "deny".into()),
            ("/auth/reason", "signature_invalid".into()),
            ("/auth/provider", "corp".into()),
            ("/auth/sub", Value::Null),
            ("/auth/client_id", Value::Null),
            ("/auth/jti", Value::Null),
        ],
    );
}

#[tokio::test]
async fn a_request_without_a_route_an_api_key_and_a_dead_upstream_have_their_lines() {
    let stage = stage().await;
    let (_, line) = stage.line(client().delete(stage.gateway.url("/nowhere/at/all?x"))).await;
    expect(
        &line,
        &[
            ("/agent", Value::Null),
            ("/method", "DELETE".into()),
            ("/path", "/nowhere/at/all".into()),
            ("/status", 404.into()),
            ("/auth/method", "none".into()),
            ("/auth/decision", "deny".into()),
            ("/auth/reason", "no_route".into()),
        ],
    );
    let key = stage.api_key.clone();
    let id = key.split('_').nth(1).expect("an id").to_owned();
    let (_, line) = stage.line(client().get(stage.gateway.url("/k")).header("x-api-key", key)).await;
    expect(
        &line,
        &[
            ("/agent", "k".into()),
            ("/status", 200.into()),
            ("/auth/method", "api_key".into()),
            ("/auth/decision", "allow".into()),
            ("/auth/reason", "ok".into()),
            ("/auth/key_id", id.into()),
            ("/auth/sub", Value::Null),
            ("/auth/provider", Value::Null),
        ],
    );
    let (_, line) = stage.line(client().get(stage.gateway.url("/gone"))).await;
    expect(&line, &[("/status", 502.into()), ("/auth/decision", "allow".into())]);
    assert!(line["upstream_error"].is_string(), "{line}");
}

#[tokio::test]
async fn each_request_is_one_line_and_nothing_else_is_on_standard_output() {
    let stage = stage().await;
    for i in 0..30 {
        let path = ["/a", "/k", "/nowhere", "/gone"][i % 4];
        client().get(stage.gateway.url(path)).send().await.expect("an answer");
    }
    let lines = eventually("thirty lines", Duration::from_secs(5), async || {
        let lines = stage.gateway.stdout();
        (lines.len() >= 30).then_some(lines)
    })
    .await;
    let ids: BTreeSet<String> = lines
        .iter()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            line["request_id"].as_str().expect("an id").to_owned()
        })
        .collect();
    assert_eq!((lines.len(), ids.len()), (30, 30));
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let upstream = Upstream::start().await;
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", upstream.url());
    let server = "  access_log: \"off\"\n";
    let mut gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    assert_eq!(client().get(gateway.url("/p")).send().await.expect("an answer").status(), 200);
    gateway.signal("TERM").await;
    assert!(gateway.ended(Duration::from_secs(10)).await.success());
    assert_eq!(gateway.stdout(), Vec::<String>::new());
}

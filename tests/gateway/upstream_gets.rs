//! The contract's section 4 as tables: what the agent gets of a request, and what it never gets.

use std::time::Duration;

use portcullis::authn::ApiKeyText;
use portcullis::model::Digest;
use serde_json::{Value, json};
use testkit::upstream::Seen;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, raw};

struct World {
    issuer: Issuer,
    key: Key,
    api_key: String,
    upstream: Upstream,
    gateway: Gateway,
}

impl World {
    async fn with(server: &str) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
        let (id, api_key) = ApiKeyText::generate().expect("random numbers");
        let hash = Digest::of(api_key.expose_secret().as_bytes()).to_hex();
        let (idp, up) = (&issuer.url, upstream.url());
        let body = format!(
            "identity_providers:\n  corp: {{ issuer: \"{idp}\" }}\nagents:\n  \
             strip:\n    route: /strip\n    upstream: {up}\n    auth:\n      oauth:\n        identity_providers: [corp]\n        \
             claim_headers: {{ sub: X-Caller-Sub, dept: X-Dept }}\n  \
             wide:\n    route: /wide\n    upstream: {up}\n    auth:\n      oauth: {{ identity_providers: [corp], \
             claim_headers: {{ dept: X-Dept }}, claim_header_text: rfc8187 }}\n  \
             mute:\n    route: /mute\n    upstream: {up}\n    auth:\n      oauth: {{ identity_providers: [corp], \
             claim_headers: {{ dept: X-Dept }}, claim_header_text: omit }}\n  \
             keep:\n    route: /keep\n    upstream: {up}\n    auth:\n      oauth: {{ identity_providers: [corp], forward_token: true }}\n  \
             keyed: {{ route: /keyed, upstream: \"{up}\", auth: {{ api_key: {{}} }} }}\n  \
             open: {{ route: /open, upstream: \"{up}\", auth: public }}\n  \
             cut: {{ route: {{ path: /cut/here, strip_path: true }}, upstream: \"{up}/base\", auth: public }}\n  \
             small: {{ route: /small, upstream: \"{up}\", auth: public, max_body: 10 }}\n  \
             hasty: {{ route: /hasty, upstream: {{ url: \"{up}\", response_timeout: 1s }}, auth: public }}\n  \
             gone: {{ route: /gone, upstream: \"http://127.0.0.1:9\", auth: public }}\n  \
             named: {{ route: {{ path: /open, host: other.test }}, upstream: \"{up}/named\", auth: public }}\n\
             api_keys:\n  {id}: {{ agent: keyed, sha256: \"{hash}\" }}\n"
        );
        let gateway = Start { body: &body, server, ..Start::default() }.ready().await;
        Self { issuer, key, api_key: api_key.expose_secret().to_owned(), upstream, gateway }
    }

    fn token(&self, claims: &Value) -> String {
        let mut all = self.issuer.claims("x");
        for (name, value) in claims.as_object().expect("an object") {
            all[name] = value.clone();
        }
        self.key.token(&self.key.header("ES256"), &all)
    }

    /// Sends header lines to a path, and gives the status and what arrived.
    async fn ask(&self, path: &str, lines: &[String]) -> (u16, Option<Seen>) {
        let before = self.upstream.seen().len();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = raw::get(self.gateway.port, path, &lines).await;
        let seen = self.upstream.seen();
        (raw::status(&answer), seen.get(before).cloned())
    }
}

#[tokio::test]
async fn credentials_stay_behind_unless_they_are_to_go_on() {
    let w = World::with("").await;
    let bearer = format!("Authorization: Bearer {}", w.token(&json!({})));
    let api_key = format!("X-API-Key: {}", w.api_key);
    for (path, lines, header, arrives) in [
        ("/strip", vec![bearer.clone()], "authorization", false),
        ("/strip", vec![bearer.clone(), api_key.clone()], "x-api-key", false),
        ("/keep", vec![bearer.clone()], "authorization", true),
        ("/keyed", vec![api_key.clone()], "x-api-key", false),
        ("/keyed", vec![api_key.clone(), bearer.clone()], "authorization", false),
        ("/open", vec![bearer.clone()], "authorization", true),
        ("/open", vec![api_key.clone()], "x-api-key", true),
    ] {
        let (status, seen) = w.ask(path, &lines).await;
        assert_eq!(status, 200, "{path} {header}");
        let seen = seen.expect("it arrived");
        let sent =
            lines.iter().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(header)));
        let wanted: Vec<&str> = if arrives { sent.map(|(_, v)| v).into_iter().collect() } else { vec![] };
        assert_eq!(seen.all(header), wanted, "{path} {header}");
    }
}

#[tokio::test]
async fn claim_headers_come_from_verified_claims_alone() {
    let w = World::with("").await;
    let spellings =
        ["X-Caller-Sub", "x_caller_sub", "X.Caller.Sub", "X--Caller-Sub", "XCALLERSUB", "X-Dept", "x_dept"];
    for spelling in spellings {
        let lines = [
            format!("Authorization: Bearer {}", w.token(&json!({"sub": "alice"}))),
            format!("{spelling}: root"),
            format!("Connection: {spelling}"),
            "Connection: X-Caller-Sub".to_owned(),
        ];
        let (status, seen) = w.ask("/strip", &lines).await;
        assert_eq!(status, 200, "{spelling}");
        let seen = seen.expect("it arrived");
        assert_eq!(seen.all("x-caller-sub"), ["alice"], "{spelling}");
        assert!(seen.headers.iter().all(|(_, v)| v != "root"), "{spelling}: {seen:?}");
    }
    for (dept, wanted) in [
        (json!("sales"), Some("sales")),
        (json!(7), Some("7")),
        (json!(1.5), Some("1.5")),
        (json!(true), Some("true")),
        (json!(["a", 2]), Some("a, 2")),
        (json!(["a,b"]), None),
        (json!({"a": 1}), None),
        (json!("a\r\nX-Admin: 1"), None),
        (json!("zoë"), None),
    ] {
        let line = format!("Authorization: Bearer {}", w.token(&json!({"dept": dept})));
        let (status, seen) = w.ask("/strip", &[line]).await;
        match wanted {
            Some(text) => assert_eq!(seen.expect("it arrived").all("x-dept"), [text]),
            None => assert_eq!((status, seen.is_none()), (403, true), "{dept}"),
        }
    }
}

#[tokio::test]
async fn text_that_is_not_ascii_goes_as_the_agent_says_and_never_from_the_caller() {
    let w = World::with("").await;
    for (path, dept, plain, extended) in [
        ("/wide", json!("zoë"), None, Some("UTF-8''zo%C3%AB")),
        ("/wide", json!(["zoë", 7]), None, Some("UTF-8''zo%C3%AB%2C%207")),
        ("/wide", json!("sales"), Some("sales"), None),
        ("/wide", Value::Null, None, None),
        ("/mute", json!("zoë"), None, None),
        ("/mute", json!("sales"), Some("sales"), None),
    ] {
        let mut lines = vec![format!("Authorization: Bearer {}", w.token(&json!({"dept": dept})))];
        for name in ["X-Dept", "X-Dept*", "x_dept*", "X.Dept*", "x-dept**", "X*Dept", "xdept*"] {
            lines.push(format!("{name}: root"));
        }
        lines.push("Connection: X-Dept*".to_owned());
        let (status, seen) = w.ask(path, &lines).await;
        assert_eq!(status, 200, "{path} {dept}");
        let seen = seen.expect("it arrived");
        assert_eq!(seen.all("x-dept"), plain.into_iter().collect::<Vec<_>>(), "{path} {dept}");
        assert_eq!(seen.all("x-dept*"), extended.into_iter().collect::<Vec<_>>(), "{path} {dept}");
        assert!(seen.headers.iter().all(|(_, v)| v != "root"), "{path} {dept}: {seen:?}");
    }
    for path in ["/wide", "/mute"] {
        let line = format!("Authorization: Bearer {}", w.token(&json!({"dept": "zoë\r\nX-Admin: 1"})));
        assert_eq!(w.ask(path, &[line]).await.0, 403, "{path}");
    }
}

#[tokio::test]
async fn the_path_that_is_matched_is_the_path_that_is_forwarded() {
    let w = World::with("").await;
    for (asked, arrived) in [
        ("/open", "/open"),
        ("/open/a%2db?x=%2e%2E&y=a%2fb", "/open/a-b?x=%2e%2E&y=a%2fb"),
        ("/open/%e2%82%ac", "/open/%E2%82%AC"),
        ("/op%65n/a", "/open/a"),
        ("/open/a;v=1/", "/open/a;v=1/"),
        ("/open?", "/open?"),
        ("/open?filter[name]=x&u=http://x/y?z&d=100%", "/open?filter[name]=x&u=http://x/y?z&d=100%"),
        ("/open?q={\"a\":<1>}", "/open?q=%7B%22a%22:%3C1%3E%7D"),
        ("/open?q=a^b`c|d", "/open?q=a%5Eb%60c%7Cd"),
        ("/open?q=gr\u{fc}n", "/open?q=gr%C3%BCn"),
        ("/cut/here?q=\"\"", "/base/?q=%22%22"),
        ("/cut/here", "/base/"),
        ("/cut/here/", "/base/"),
        ("/cut/here/a?b", "/base/a?b"),
    ] {
        let (status, seen) = w.ask(asked, &[]).await;
        assert_eq!((status, seen.expect("it arrived").target.as_str()), (200, arrived), "{asked}");
    }
    for bad in [
        "/open/../keyed",
        "/open/%2e%2e/keyed",
        "/open/.%2E/keyed",
        "/open/./a",
        "/open//a",
        "//open",
        "/open/a%2fb",
        "/open/a%5cb",
        "/open/a%00",
        "/open/a\\b",
        "/open/%",
        "/open/%zz",
        "/open/..;/a",
        "/open/\"a\"",
        "/open/gr\u{fc}n",
        "/open?a b",
        "/open?a\tb",
        "/open?a\u{1}b",
        "/open?a\u{7f}b",
        "/open?a#b",
        "open",
        "*",
    ] {
        let (status, seen) = w.ask(bad, &[]).await;
        assert_eq!((status, seen.is_none()), (400, true), "{bad}");
    }
    for nowhere in ["/opener", "/OPEN", "/", "/cut", "/cut/hereafter"] {
        assert_eq!(w.ask(nowhere, &[]).await.0, 404, "{nowhere}");
    }
    let request = b"GET /open/x HTTP/1.1\r\nHost: OTHER.test:8080\r\nConnection: close\r\n\r\n";
    let answer = raw::exchange(w.gateway.port, request, Duration::from_secs(5)).await;
    assert_eq!(
        (raw::status(&answer), w.upstream.last().target.as_str()),
        (200, "/named/open/x"),
        "a host beats no host"
    );
    for (target, host) in [
        ("http://a.test/open", "b.test"),
        ("http://u@a.test/open", "u@a.test"),
        ("/open", "a b"),
        ("/open", "a:65536"),
        ("http://a:65536/open", "a:65536"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw::exchange(w.gateway.port, request.as_bytes(), Duration::from_secs(5)).await;
        assert_eq!(raw::status(&answer), 400, "{target} at {host}");
    }
}

#[tokio::test]
async fn upstream_faults_and_limits_are_told_as_problems() {
    let w = World::with("").await;
    let post = |path: &str| client().post(w.gateway.url(path));
    let large = reqwest::Body::from("x".repeat(11));
    for (name, request, wanted) in [
        ("stopped", client().get(w.gateway.url("/gone")), 502),
        ("slow", client().get(w.gateway.url("/hasty/slow")), 504),
        ("hangs up", post("/open/hang-up").body("once"), 502),
        ("too large", post("/small").body(large), 413),
        ("fits", post("/small").body("0123456789"), 200),
    ] {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), wanted, "{name}");
        if wanted != 200 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{name}");
        }
    }
    let chunked =
        b"POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
        8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n";
    let answer = raw::exchange(w.gateway.port, chunked, Duration::from_secs(5)).await;
    assert_eq!(raw::status(&answer), 413, "{answer}");
    let posts = w.upstream.seen().iter().filter(|s| s.target == "/open/hang-up").count();
    assert_eq!(posts, 1, "a request with a body is never sent twice");
    let head = format!("X: {}", "a".repeat(33 << 10));
    assert_eq!(w.ask("/open", &[head]).await.0, 431);
}

#[tokio::test]
async fn a_stream_that_moves_outlives_the_response_timeout() {
    let w = World::with("").await;
    let began = std::time::Instant::now();
    let mut answer = client().get(w.gateway.url("/hasty/sse")).send().await.expect("an answer");
    let mut pieces = Vec::new();
    while let Some(piece) = answer.chunk().await.expect("the stream goes on") {
        pieces.push((began.elapsed(), String::from_utf8_lossy(&piece).into_owned()));
    }
    let text: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(text.matches("data: ").count(), 5);
    assert!(pieces.len() >= 4, "pieces arrive as they are sent: {pieces:?}");
}

#[tokio::test]
async fn an_address_that_refuses_is_passed_over_for_the_next_one() {
    let upstream = Upstream::start().await;
    // A name with more than one address on most machines, of which only the IPv4 one listens.
    let body = format!(
        "agents:\n  a: {{ route: /a, upstream: \"http://localhost:{}\", auth: public }}\n",
        upstream.port
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    for turn in 0..6 {
        let answer = client().post(gateway.url("/a")).body("once").send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "turn {turn}");
    }
    assert_eq!(upstream.seen().len(), 6, "each request arrives once");
    assert_eq!(upstream.last().all("host"), [format!("localhost:{}", upstream.port)]);
}

#[tokio::test]
async fn a_request_that_can_be_framed_in_two_ways_does_not_reach_the_agent() {
    let w = World::with("").await;
    for (fields, wanted) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: gzip, chunked", 400),
        ("Content-Length: 5, 5", 400),
        ("Content-Length: 5", 200),
    ] {
        let before = w.upstream.seen().len();
        let request =
            format!("POST /open HTTP/1.1\r\nHost: a\r\n{fields}\r\nConnection: close\r\n\r\n0\r\n\r\n");
        let answer = raw::exchange(w.gateway.port, request.as_bytes(), Duration::from_secs(5)).await;
        assert_eq!(raw::status(&answer), wanted, "{fields}: {answer}");
        assert_eq!(w.upstream.seen().len() - before, usize::from(wanted == 200), "{fields}");
    }
    let connect = b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n";
    assert_eq!(raw::status(&raw::exchange(w.gateway.port, connect, Duration::from_secs(5)).await), 405);
}

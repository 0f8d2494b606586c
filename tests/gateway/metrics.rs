//! The metrics page: every family with exactly its labels, and no label value that a caller can choose.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use testkit::raw;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client};

/// Section 5, in its words.
const FAMILIES: &[(&str, &[&str])] = &[
    ("portcullis_auth_decisions_total", &["agent", "decision", "method", "operation", "provider", "reason"]),
    ("portcullis_auth_duration_seconds", &["cache", "method"]),
    ("portcullis_token_cache_events_total", &["event"]),
    ("portcullis_token_cache_entries", &[]),
    ("portcullis_jwks_refresh_total", &["provider", "result", "trigger"]),
    ("portcullis_jwks_last_success_timestamp_seconds", &["provider"]),
    ("portcullis_jwks_usable_until_timestamp_seconds", &["provider"]),
    ("portcullis_jwks_keys", &["provider"]),
    ("portcullis_jwks_keys_skipped_total", &["provider", "reason"]),
    ("portcullis_jwks_stale", &["provider"]),
    ("portcullis_config_reloads_total", &["result"]),
    ("portcullis_config_broken_documents", &[]),
    ("portcullis_config_last_reload_success", &[]),
    ("portcullis_config_last_reload_success_timestamp_seconds", &[]),
    ("portcullis_http_requests_total", &["agent", "code"]),
    ("portcullis_http_request_duration_seconds", &["agent"]),
    ("portcullis_upstream_duration_seconds", &["agent"]),
    ("portcullis_requests_in_flight", &[]),
    ("portcullis_log_lines_dropped_total", &["log"]),
    ("portcullis_build_info", &["version"]),
];

/// What there is beside section 5.
const BESIDE: &[(&str, &[&str])] = &[
    ("portcullis_added_duration_seconds", &[]),
    ("portcullis_connections", &["shard"]),
    ("portcullis_limit_buckets", &[]),
    ("portcullis_limit_crowded_total", &[]),
    ("portcullis_introspection_held_tokens", &[]),
    ("portcullis_connections_refused_total", &["limit"]),
    ("portcullis_connections_made_room_total", &[]),
];

const PROCESS: &[&str] = &[
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
];

fn body(issuer: &Issuer, upstream: &Upstream) -> String {
    let (issuer, upstream) = (&issuer.url, upstream.url());
    format!(
        "identity_providers:\n  corp: {{ issuer: \"{issuer}\" }}\n\
         agents:\n\
         \x20 a: {{ route: /a, upstream: \"{upstream}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }} }}\n\
         \x20 s: {{ route: /s, upstream: \"{upstream}\", enforcement: shadow, auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }} }}\n\
         \x20 k: {{ route: /k, upstream: \"{upstream}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n\
         \x20 p: {{ route: /p, upstream: \"{upstream}\", auth: public }}\n"
    )
}

async fn status(gateway: &Gateway, path: &str, token: Option<&str>) -> u16 {
    let mut request = client().get(gateway.url(path));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.expect("an answer").status().as_u16()
}

/// A family's base name: histograms are one family of three sample names.
fn family<'a>(sample: &'a str, histograms: &BTreeSet<&str>) -> &'a str {
    ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|end| sample.strip_suffix(end).filter(|base| histograms.contains(base)))
        .unwrap_or(sample)
}

/// Name and label names of every sample, `le` aside.
fn shapes(page: &str) -> BTreeMap<String, BTreeSet<Vec<String>>> {
    let histograms: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram")).collect();
    let mut shapes: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    for series in series(page) {
        let (name, labels) = series.split_once('{').unwrap_or((&series, "}"));
        let mut names: Vec<String> = labels
            .trim_end_matches('}')
            .split("\",")
            .filter_map(|pair| pair.split_once("=\""))
            .map(|(name, _)| name.to_owned())
            .filter(|name| name != "le")
            .collect();
        names.sort();
        shapes.entry(family(name, &histograms).to_owned()).or_default().insert(names);
    }
    shapes
}

/// Every series on the page, without its value.
fn series(page: &str) -> BTreeSet<String> {
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

#[tokio::test]
async fn every_family_is_there_with_exactly_its_labels_and_no_other_family() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    issuer.publish_raw(vec![key.jwk(), json!({"kty": "oct", "k": "c2VjcmV0", "kid": "bad"})]);
    let gateway = Start { body: &body(&issuer, &upstream), ..Start::default() }.ready().await;
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    for (path, token, expected) in
        [("/a", Some(token.as_str()), 200), ("/a", None, 401), ("/p", None, 200), ("/nowhere", None, 404)]
    {
        assert_eq!(status(&gateway, path, token).await, expected, "{path}");
    }
    let (code, page) = gateway.ops_get("/metrics").await;
    assert_eq!(code, 200);
    let shapes = shapes(&page);
    for (name, labels) in FAMILIES.iter().chain(BESIDE) {
        let seen = shapes.get(*name).unwrap_or_else(|| panic!("{name} is missing:\n{page}"));
        let wanted = BTreeSet::from([labels.iter().map(ToString::to_string).collect::<Vec<_>>()]);
        assert_eq!(seen, &wanted, "{name}");
    }
    for name in PROCESS {
        assert!(shapes.contains_key(*name), "{name} is missing:\n{page}");
    }
    let known: BTreeSet<&str> = FAMILIES.iter().chain(BESIDE).map(|(name, _)| *name).collect();
    let unknown: Vec<&String> =
        shapes.keys().filter(|n| !n.starts_with("process_") && !known.contains(n.as_str())).collect();
    assert!(unknown.is_empty(), "nobody knows {unknown:?}");
}

#[tokio::test]
async fn each_decision_counts_under_its_own_labels() {
    let (key, other) = (Key::new("ES256", "k1"), Key::new("ES256", "k1"));
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let gateway = Start { body: &body(&issuer, &upstream), ..Start::default() }.ready().await;
    let good = key.token(&key.header("ES256"), &issuer.claims("x"));
    let forged = other.token(&other.header("ES256"), &issuer.claims("x"));
    let elsewhere = key.token(&key.header("ES256"), &issuer.claims("y"));
    let mut stranger = issuer.claims("x");
    stranger["iss"] = "https://stranger.example".into();
    let stranger = key.token(&key.header("ES256"), &stranger);
    for (path, token, code, agent, provider, method, decision, reason) in [
        ("/a", Some(&good), 200, "a", "corp", "oauth", "allow", "ok"),
        ("/a", None, 401, "a", "_", "oauth", "deny", "token_missing"),
        ("/a", Some(&forged), 401, "a", "corp", "oauth", "deny", "signature_invalid"),
        ("/a", Some(&elsewhere), 401, "a", "corp", "oauth", "deny", "audience_mismatch"),
        ("/a", Some(&stranger), 401, "a", "_", "oauth", "deny", "issuer_unknown"),
        ("/s", None, 200, "s", "_", "oauth", "shadow_deny", "token_missing"),
        ("/s", Some(&good), 200, "s", "corp", "oauth", "allow", "ok"),
        ("/k", None, 401, "k", "_", "api_key", "deny", "api_key_missing"),
        ("/p", None, 200, "p", "_", "public", "allow", "ok"),
        ("/nowhere", None, 404, "_none", "_", "none", "deny", "no_route"),
    ] {
        assert_eq!(status(&gateway, path, token.map(String::as_str)).await, code, "{path} {reason}");
        let labels = [
            format!("agent=\"{agent}\""),
            format!("provider=\"{provider}\""),
            format!("method=\"{method}\""),
            format!("decision=\"{decision}\""),
            format!("reason=\"{reason}\""),
        ];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let counted = gateway.metric("portcullis_auth_decisions_total", &labels).await;
        assert!((counted - 1.0).abs() < f64::EPSILON, "{path} {reason}: {counted}");
    }
    let all = gateway.metric("portcullis_auth_decisions_total", &[]).await;
    assert!((all - 10.0).abs() < f64::EPSILON, "nothing is counted twice: {all}");
}

#[tokio::test]
async fn what_the_gateway_adds_is_measured_where_it_waits_for_nobody_else() {
    let upstream = Upstream::start().await;
    let url = upstream.url();
    let body = format!(
        "agents:\n  p: {{ route: /p, upstream: \"{url}\", auth: public }}\n\
         \x20 tools: {{ route: /tools, upstream: \"{url}\", auth: public, protocol: mcp, public_url: \"https://agents.test\", mcp: {{ rules: {{ unlisted: allow }} }} }}\n"
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let counted = async || gateway.metric("portcullis_added_duration_seconds_count", &[]).await;
    let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
    let call =
        client().post(gateway.url("/tools/mcp")).header("content-type", "application/json").body(message);
    assert_eq!(call.send().await.expect("an answer").status(), 200);
    assert_eq!(status(&gateway, "/nowhere", None).await, 404);
    assert!(counted().await < 0.5, "the caller was waited for, or no agent was asked");
    assert_eq!(status(&gateway, "/p", None).await, 200);
    assert!((counted().await - 1.0).abs() < f64::EPSILON);
}

/// Strange requests of every kind, numbered so that no two are alike.
async fn be_strange(gateway: &Gateway, key: &Key, issuer: &Issuer, numbers: std::ops::Range<usize>) {
    let within = Duration::from_secs(5);
    for i in numbers {
        let mut header = key.header("ES256");
        header["kid"] = format!("kid-{i}").into();
        let unknown_kid = key.token(&header, &issuer.claims("x"));
        let mut claims = issuer.claims("x");
        claims["iss"] = format!("https://strange-{i}.example").into();
        let unknown_issuer = key.token(&key.header("ES256"), &claims);
        let requests = [
            format!("GET /strange/{i} HTTP/1.1\r\nHost: h{i}.test\r\nConnection: close\r\n\r\n"),
            format!("GET /p/{i}?q={i} HTTP/1.1\r\nHost: h{i}.test\r\nConnection: close\r\n\r\n"),
            format!("BREW{i} /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            format!("GET /a/%2e%2e/{i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            format!(
                "GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Strange{i} {i}\r\nConnection: close\r\n\r\n"
            ),
            format!(
                "GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {unknown_kid}\r\nConnection: close\r\n\r\n"
            ),
            format!(
                "GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {unknown_issuer}\r\nConnection: close\r\n\r\n"
            ),
            format!("GET /k HTTP/1.1\r\nHost: x\r\nX-API-Key: pck_{i:08}_x\r\nConnection: close\r\n\r\n"),
        ];
        for request in requests {
            raw::exchange(gateway.port, request.as_bytes(), within).await;
        }
    }
}

#[tokio::test]
async fn two_hundred_strange_paths_hosts_methods_issuers_and_kids_add_no_series() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let gateway = Start { body: &body(&issuer, &upstream), ..Start::default() }.ready().await;
    be_strange(&gateway, &key, &issuer, 0..2).await;
    let before = series(&gateway.ops_get("/metrics").await.1);
    be_strange(&gateway, &key, &issuer, 1000..1200).await;
    let after = series(&gateway.ops_get("/metrics").await.1);
    let new: Vec<&String> = after.difference(&before).collect();
    assert!(new.is_empty(), "{new:?}");
    for (name, value) in [("strange", "strange"), ("method", "BREW"), ("kid", "kid-"), ("host", "h1")] {
        assert!(!after.iter().any(|series| series.contains(&format!("\"{value}"))), "{name}");
    }
}

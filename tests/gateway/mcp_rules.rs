//! Rules by operation, end to end: who may do what, what a refusal says, what is seen of it, and that nothing that is
//! refused reaches the agent.

use serde_json::{Value, json};
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, portcullis};

/// The reasons that need a message, or rules.
pub(crate) const REASONS: [&str; 4] = ["operation_denied", "mcp_header_mismatch", "mcp_batch", "mcp_body"];

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    issuer: Issuer,
    key: Key,
}

/// What a caller gets.
#[derive(Debug, PartialEq, Eq)]
struct Got {
    status: u16,
    reason: String,
    challenge: Option<String>,
}

async fn stage() -> Stage {
    stage_with(&[]).await
}

/// One whose gateway is started with these arguments.
async fn stage_with(args: &[&str]) -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let rules = json!({
        "unlisted": "deny",
        "methods": {"initialize": "public", "tasks/*": "deny"},
        "tools": {
            "free": "public",
            "read_*": "allow",
            "write_*": {"scopes": {"all_of": ["write", "base"]}},
            "write_never": "deny",
            "root": {"claims": {"all_of": [{"claim": "role", "values": ["root"]}]}},
        },
        "resources": {"file:///a/*": "allow"},
    });
    let oauth = json!({"oauth": {"identity_providers": ["corp"], "audiences": ["x"], "scopes": {"all_of": ["base"]}}});
    let words = json!({"unlisted": "deny", "tools": {"free": "public", "read_x": "allow"}});
    let agent = |path: &str, auth: &Value, rules: &Value, trusts: bool, enforcement: &str| {
        let mcp = json!({"rules": rules, "max_message": "2KiB", "trust_mirrored_headers": trusts});
        json!({"route": path, "upstream": upstream.url(), "auth": auth, "protocol": "mcp", "mcp": mcp,
            "public_url": "https://agents.test", "enforcement": enforcement})
    };
    let agents = json!({
        "a": agent("/a", &oauth, &rules, false, "enforce"),
        "shadow": agent("/shadow", &oauth, &rules, false, "shadow"),
        "trusted": agent("/trusted", &oauth, &rules, true, "enforce"),
        "public": agent("/public", &json!("public"), &words, false, "enforce"),
    });
    let body = format!("identity_providers: {}\nagents: {agents}\n", json!({"corp": {"issuer": issuer.url}}));
    let gateway =
        Start { body: &body, args, server: "  state_dir: state\n", ..Start::default() }.ready().await;
    Stage { gateway, upstream, issuer, key }
}

impl Stage {
    fn token(&self, scope: &str) -> String {
        let mut claims = self.issuer.claims("x");
        claims["scope"] = scope.into();
        self.key.token(&self.key.header("ES256"), &claims)
    }

    async fn post(&self, path: &str, scope: Option<&str>, head: &[(&str, &str)], body: &str) -> Got {
        let mut request = client().post(self.gateway.url(path)).body(body.to_owned());
        request = request.header("content-type", "application/json");
        for (name, value) in head {
            request = request.header(*name, *value);
        }
        if let Some(scope) = scope {
            request = request.bearer_auth(self.token(scope));
        }
        let answer = request.send().await.expect("an answer");
        let text = |name: &str| answer.headers().get(name).map(|v| v.to_str().expect("ASCII").to_owned());
        let (status, challenge) = (answer.status().as_u16(), text("www-authenticate"));
        let line = self.gateway.logged(&text("x-request-id").unwrap_or_default()).await;
        let reason = line["auth"]["reason"].as_str().unwrap_or_default().to_owned();
        Got { status, reason, challenge }
    }
}

fn tool(name: &str) -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": name}}).to_string()
}

fn plain(method: &str) -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": method}).to_string()
}

#[tokio::test]
async fn a_caller_does_what_the_rules_permit_and_nothing_else_reaches_the_agent() {
    let stage = stage().await;
    let read = |uri: &str| {
        json!({"jsonrpc": "2.0", "id": 7, "method": "resources/read", "params": {"uri": uri}}).to_string()
    };
    for (scope, body, status, reason) in [
        (Some("base"), tool("read_x"), 200, "ok"),
        (Some("base"), tool("free"), 200, "ok"),
        (Some("base"), tool("write_x"), 403, "operation_denied"),
        (Some("base write"), tool("write_x"), 200, "ok"),
        (Some("base write"), tool("write_never"), 403, "operation_denied"),
        (Some("base write"), tool("root"), 403, "operation_denied"),
        (Some("base"), tool("other"), 403, "operation_denied"),
        // The echo of the agent is no list.
        (Some("base"), plain("tools/list"), 502, "ok"),
        (Some("base"), plain("tasks/get"), 403, "operation_denied"),
        (Some("base"), plain("strange"), 403, "operation_denied"),
        (Some("base"), read("file:///a/b"), 200, "ok"),
        (Some("base"), read("file:///b"), 403, "operation_denied"),
        (Some("base"), read("file:///a/%2e%2e/b"), 400, "mcp_body"),
        (Some("base"), format!("[{}]", tool("read_x")), 400, "mcp_batch"),
        (Some("base"), tool("read_x").replace("\"name\"", "\"Name\""), 400, "mcp_body"),
        (Some("other"), tool("read_x"), 403, "scope_missing"),
        (Some("other"), tool("free"), 200, "ok"),
        (None, tool("free"), 200, "ok"),
        (None, plain("initialize"), 200, "ok"),
        (None, tool("read_x"), 401, "token_missing"),
        (None, plain("tools/list"), 401, "token_missing"),
    ] {
        let before = stage.upstream.count();
        let got = stage.post("/a/mcp", scope, &[], &body).await;
        assert_eq!((got.status, got.reason.as_str()), (status, reason), "{scope:?} {body} {got:?}");
        assert_eq!(stage.upstream.count() - before, u64::from(reason == "ok"), "{scope:?} {body}");
    }
}

#[tokio::test]
async fn each_reason_that_needs_a_message_is_given() {
    let stage = stage().await;
    let (new, method) = (("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list"));
    let rows = [
        (&[] as &[_], tool("write_never")),
        (&[new, method], tool("read_x")),
        (&[], format!("[{}]", tool("read_x"))),
        (&[], "{".to_owned()),
    ];
    for (reason, (head, body)) in REASONS.into_iter().zip(rows) {
        assert_eq!(stage.post("/a/mcp", Some("base"), head, &body).await.reason, reason, "{body}");
        assert_eq!(stage.upstream.count(), 0, "{reason}");
    }
}

#[tokio::test]
async fn an_agent_with_rules_serves_its_endpoint_alone() {
    let stage = stage().await;
    let base = Some("base");
    for (path, status) in
        [("/a/mcp", 200), ("/a/mcp/", 200), ("/a/mcp/x", 404), ("/a", 404), ("/a/other", 404)]
    {
        let got = stage.post(path, base, &[], &tool("read_x")).await;
        assert_eq!(got.status, status, "{path}");
    }
    for (method, status) in [("GET", 200), ("DELETE", 200), ("HEAD", 200), ("PUT", 405), ("PATCH", 405)] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = client().request(method.clone(), stage.gateway.url("/a/mcp"));
        let answer = request.bearer_auth(stage.token("base")).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{method}");
    }
}

#[tokio::test]
async fn a_client_without_a_token_opens_a_session_and_is_told_all_scopes_of_the_tool_that_it_calls() {
    let stage = stage().await;
    let open = stage.post("/a/mcp", None, &[], &plain("initialize")).await;
    assert_eq!(open.status, 200);
    let before = stage.upstream.count();
    for method in ["GET", "DELETE"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let answer =
            client().request(method.clone(), stage.gateway.url("/a/mcp")).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 405, "a stream is not offered: {method}");
        assert_eq!(answer.headers().get("allow").map(|v| v.as_bytes()), Some(&b"POST"[..]), "{method}");
        assert!(answer.headers().get("www-authenticate").is_none(), "{method}");
    }
    let refused = client().get(stage.gateway.url("/a/mcp")).bearer_auth("x").send().await.expect("an answer");
    assert_eq!(refused.status().as_u16(), 401, "a bad token is bad");
    for (called, scope) in [("write_x", "base write"), ("read_x", "base"), ("write_never", "base")] {
        let got = stage.post("/a/mcp", None, &[], &tool(called)).await;
        let challenge = got.challenge.unwrap_or_default();
        assert_eq!(got.status, 401, "{called}");
        assert!(challenge.contains(&format!(" scope=\"{scope}\", ")), "{called}: {challenge}");
    }
    assert_eq!(stage.upstream.count(), before, "and the agent saw none of it");
}

#[tokio::test]
async fn the_head_is_compared_or_trusted() {
    let stage = stage().await;
    let version = ("mcp-protocol-version", "2026-07-28");
    let (method, name) = (("mcp-method", "tools/call"), ("mcp-name", "read_x"));
    let other = ("mcp-name", "free");
    for (path, head, body, reason) in [
        ("/a/mcp", &[version, method, name] as &[_], tool("read_x"), "ok"),
        ("/a/mcp", &[version, method, other], tool("read_x"), "mcp_header_mismatch"),
        ("/a/mcp", &[version], tool("read_x"), "mcp_header_mismatch"),
        ("/a/mcp", &[other], tool("read_x"), "ok"),
        ("/a/mcp", &[("mcp-protocol-version", "x")], tool("read_x"), "mcp_header_mismatch"),
        ("/trusted/mcp", &[version, method, name], tool("write_x"), "ok"),
        ("/trusted/mcp", &[version, method, ("mcp-name", "write_x")], tool("read_x"), "operation_denied"),
        ("/trusted/mcp", &[method, name], tool("read_x"), "mcp_header_mismatch"),
        ("/trusted/mcp", &[version, method], tool("read_x"), "mcp_header_mismatch"),
    ] {
        let got = stage.post(path, Some("base"), head, &body).await;
        assert_eq!(got.reason, reason, "{path} {head:?} {got:?}");
    }
    stage.post("/a/mcp", Some("base"), &[other], &tool("read_x")).await;
    assert_eq!(stage.upstream.last().all("mcp-name"), [] as [&str; 0], "a claim that nobody compared");
}

/// The line about a mismatch, once the log has one.
async fn mismatch(gateway: &Gateway) -> Option<Value> {
    let lines = gateway.stderr();
    lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["message"] == "the head of a request does not say what its message says")
}

#[tokio::test]
async fn both_values_of_a_mismatch_are_told_at_debug_and_nowhere_else() {
    let long = format!("\u{202e}{}", "x".repeat(200));
    let shown = format!("\\u{{202e}}{}", "x".repeat(125));
    let head = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "=?base64?w6ljaG8=?="),
    ];
    for (args, is_told) in [(&["--log-level", "debug"] as &[_], true), (&[], false)] {
        let stage = stage_with(args).await;
        let got = stage.post("/a/mcp", Some("base"), &head, &tool(&long)).await;
        assert_eq!(got.reason, "mcp_header_mismatch", "{got:?}");
        let line = if is_told {
            let wait = std::time::Duration::from_secs(5);
            let line = eventually("the line is there", wait, async || mismatch(&stage.gateway).await).await;
            Some(line)
        } else {
            mismatch(&stage.gateway).await
        };
        assert_eq!(line.is_some(), is_told, "{line:?}");
        let Some(line) = line else { continue };
        assert_eq!(
            (&line["level"], &line["agent"], &line["version"]),
            (&json!("DEBUG"), &json!("a"), &json!("2026-07-28"))
        );
        assert_eq!(
            (&line["head_method"], &line["head_name"]),
            (&json!("tools/call"), &json!("=?base64?w6ljaG8=?="))
        );
        assert_eq!((&line["message_method"], &line["message_name"]), (&json!("tools/call"), &json!(shown)));
    }
}

#[tokio::test]
async fn why_says_which_operation_was_refused_and_by_which_rule() {
    let stage = stage().await;
    let request = client().post(stage.gateway.url("/a/mcp")).body(tool("write_x"));
    let request = request.header("content-type", "application/json").bearer_auth(stage.token("base"));
    let answer = request.send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("ASCII").to_owned();
    let config = stage.gateway.config().display().to_string();
    let wait = std::time::Duration::from_secs(5);
    let ran = eventually("the refusal is kept on disk", wait, async || {
        let ran = portcullis(std::path::Path::new("/"), &["why", &id, "-c", &config]).await;
        (ran.code == Some(0)).then_some(ran)
    })
    .await;
    for line in [
        "  operation tools/call write_x\n",
        "  check     operation\n",
        "mcp.rules.tools.\"write_*\": all of: write base",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:?}");
    }
}

#[tokio::test]
async fn a_public_agent_has_rules_too_and_shadow_mode_lets_all_pass_and_counts() {
    let stage = stage().await;
    for (path, body, status, reason) in [
        ("/public/mcp", tool("read_x"), 200, "ok"),
        ("/public/mcp", tool("other"), 403, "operation_denied"),
        ("/shadow/mcp", tool("other"), 200, "operation_denied"),
        ("/shadow/mcp", "[]".to_owned(), 200, "mcp_batch"),
        ("/shadow/mcp", "{".to_owned(), 200, "mcp_body"),
    ] {
        let got = stage.post(path, Some("base"), &[], &body).await;
        assert_eq!((got.status, got.reason.as_str()), (status, reason), "{path} {body}");
        assert_eq!(got.challenge, None, "{path} {body}");
    }
    let labels = ["agent=\"shadow\"", "decision=\"shadow_deny\"", "operation=\"tool\""];
    assert!((stage.gateway.metric("portcullis_auth_decisions_total", &labels).await - 1.0).abs() < 0.1);
    let labels = ["agent=\"shadow\"", "kind=\"none\"", "outcome=\"shadow_denied\""];
    assert!((stage.gateway.metric("portcullis_mcp_calls_total", &labels).await - 2.0).abs() < 0.1);
}

#[tokio::test]
async fn log_and_metrics_show_what_was_asked() {
    let stage = stage().await;
    let long = format!("read_{}", "x".repeat(200));
    let request = client().post(stage.gateway.url("/a/mcp")).body(tool(&long));
    let request =
        request.header("content-type", "application/json").header("mcp-protocol-version", "2025-11-25");
    let answer = request.bearer_auth(stage.token("base")).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("ASCII").to_owned();
    let line = stage.gateway.logged(&id).await;
    let wanted = json!({"method": "tools/call", "name": &long[..128], "version": "2025-11-25"});
    assert_eq!(line["mcp"], wanted);
    stage.post("/a/mcp", Some("base"), &[], &tool("write_x")).await;
    for (name, labels) in [
        ("portcullis_auth_decisions_total", ["decision=\"allow\"", "operation=\"tool\""]),
        ("portcullis_mcp_calls_total", ["kind=\"tool\"", "outcome=\"permitted\""]),
        ("portcullis_mcp_calls_total", ["kind=\"tool\"", "outcome=\"step_up\""]),
    ] {
        let count = stage.gateway.metric(name, &labels).await;
        assert!((count - 1.0).abs() < 0.1, "{name} {labels:?}: {count}");
    }
}

//! `explain` of a message: what the rules by operation say of it, and the response that its caller gets, which are those of
//! the gateway that runs.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{Gateway, Issuer, Key, Ran, Start, Upstream, client, portcullis_with};

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    issuer: Issuer,
    key: Key,
}

/// What a caller gets, or would get.
#[derive(Debug, PartialEq)]
struct Got {
    reason: String,
    status: u64,
    challenge: Option<String>,
    /// Of a refusal; without the id of the request.
    body: Option<Value>,
}

impl Got {
    fn without_id(text: &str) -> Value {
        let mut body: Value = serde_json::from_str(text).expect("JSON");
        if let Some(data) = body.pointer_mut("/error/data") {
            data["request_id"] = Value::Null;
        } else {
            body["request_id"] = Value::Null;
        }
        body
    }
}

async fn stage() -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let rules = json!({
        "unlisted": "deny",
        "methods": {"initialize": "public", "tools/call": {"scopes": {"all_of": ["call"]}}},
        "tools": {
            "free": "public",
            "read_*": "allow",
            "write_*": {"scopes": {"all_of": ["write"], "any_of": ["eu", "us"]}},
            "root": {"claims": {"all_of": [{"claim": "role", "values": ["root"]}]}},
            "never": "deny",
        },
        "resources": {"file:///a/*": "allow"},
    });
    let oauth = json!({"oauth": {"identity_providers": ["corp"], "audiences": ["x"], "scopes": {"all_of": ["base"]}}});
    let agent = |path: &str, mcp: Value, enforcement: &str| {
        json!({"route": path, "upstream": upstream.url(), "auth": oauth, "protocol": "mcp", "mcp": mcp,
            "public_url": "https://agents.test", "enforcement": enforcement})
    };
    let ruled =
        |trusts: bool| json!({"rules": rules, "max_message": "1KiB", "trust_mirrored_headers": trusts});
    let agents = json!({
        "a": agent("/a", ruled(false), "enforce"),
        "shadow": agent("/shadow", ruled(false), "shadow"),
        "trusted": agent("/trusted", ruled(true), "enforce"),
        "bare": agent("/bare", json!({}), "enforce"),
    });
    let body = format!("identity_providers: {}\nagents: {agents}\n", json!({"corp": {"issuer": issuer.url}}));
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    Stage { gateway, upstream, issuer, key }
}

impl Stage {
    fn token(&self, scope: &str) -> String {
        let mut claims = self.issuer.claims("x");
        claims["scope"] = scope.into();
        self.key.token(&self.key.header("ES256"), &claims)
    }

    /// What the gateway says to the message.
    async fn sent(&self, agent: &str, bearer: Option<&str>, head: &[(&str, &str)], message: &str) -> Got {
        let mut request = client().post(self.gateway.url(&format!("/{agent}/mcp"))).body(message.to_owned());
        if !head.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in head {
            request = request.header(*name, *value);
        }
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let answer = request.send().await.expect("an answer");
        let text = |name: &str| answer.headers().get(name).map(|v| v.to_str().expect("ASCII").to_owned());
        let (status, challenge) = (answer.status().as_u16(), text("www-authenticate"));
        let line = self.gateway.logged(&text("x-request-id").unwrap_or_default()).await;
        let reason = line["auth"]["reason"].as_str().unwrap_or_default().to_owned();
        let body = answer.text().await.expect("a body");
        let body = (status != 200).then(|| Got::without_id(&body));
        Got { reason, status: status.into(), challenge, body }
    }

    async fn explain(&self, agent: &str, args: &[&str], stdin: &str) -> Ran {
        let config = self.gateway.config().display().to_string();
        let args = [&["explain", "-c", &config, "--agent", agent], args].concat();
        portcullis_with(Path::new("/"), &args, stdin, &[]).await
    }

    /// The report on a message.
    async fn report(&self, agent: &str, bearer: Option<&str>, args: &[&str], stdin: &str) -> Value {
        let credential = bearer.map(|bearer| format!("Authorization: Bearer {bearer}"));
        let credential: Vec<&str> = credential.iter().flat_map(|line| ["-H", line]).collect();
        let ran = self.explain(agent, &[&credential, args, &["--json"]].concat(), stdin).await;
        let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        assert_eq!(ran.code, Some(i32::from(report["decision"] != "allow")), "{ran:?}");
        report
    }

    /// What `explain` says that the caller gets.
    async fn explained(
        &self,
        agent: &str,
        bearer: Option<&str>,
        head: &[(&str, &str)],
        message: &str,
    ) -> Got {
        let lines: Vec<String> = head.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let head: Vec<&str> = lines.iter().flat_map(|line| ["-H", line]).collect();
        let args = [&head[..], &["--message", "-"]].concat();
        let report = self.report(agent, bearer, &args, message).await;
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        Got {
            reason: text(&report["reason"]).unwrap_or_default(),
            status: report["status"].as_u64().unwrap_or_default(),
            challenge: text(&report["response"]["www_authenticate"]),
            body: text(&report["response"]["body"]).map(|body| Got::without_id(&body)),
        }
    }
}

fn call(name: &str) -> String {
    json!({"jsonrpc": "2.0", "id": "i-7", "method": "tools/call", "params": {"name": name}}).to_string()
}

fn plain(method: &str) -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": method}).to_string()
}

const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const CALL: (&str, &str) = ("mcp-method", "tools/call");

#[tokio::test]
async fn a_message_is_explained_as_the_gateway_decides_about_it() {
    let stage = stage().await;
    let long = call(&"x".repeat(1024));
    let twice = call("read_x").replace("\"name\"", "\"name\":\"free\",\"name\"");
    let up = "file:///a/../b";
    let read =
        json!({"jsonrpc": "2.0", "id": 7, "method": "resources/read", "params": {"uri": up}}).to_string();
    for (agent, scope, head, message, reason, status) in [
        ("a", Some("base call"), &[] as &[_], call("read_x"), "ok", 200),
        ("a", Some("base"), &[], call("read_x"), "operation_denied", 403),
        ("a", Some("base call"), &[], call("write_x"), "operation_denied", 403),
        ("a", Some("base call write us"), &[], call("write_x"), "ok", 200),
        ("a", Some("base call"), &[], call("root"), "operation_denied", 403),
        ("a", Some("base call"), &[], call("never"), "operation_denied", 403),
        ("a", Some("base call"), &[], call("other"), "operation_denied", 403),
        ("a", Some("call"), &[], call("write_x"), "scope_missing", 403),
        ("a", Some("base"), &[], plain("ping"), "ok", 200),
        ("a", Some("base"), &[], plain("strange"), "operation_denied", 403),
        ("a", None, &[], plain("initialize"), "ok", 200),
        ("a", None, &[], call("read_x"), "token_missing", 401),
        ("a", Some("base call"), &[], format!("[{}]", call("read_x")), "mcp_batch", 400),
        ("a", Some("base call"), &[], twice, "mcp_body", 400),
        ("a", Some("base call"), &[], read, "mcp_body", 400),
        ("a", Some("base call"), &[], long, "mcp_body", 413),
        ("a", Some("base call"), &[("content-type", "text/plain")], call("read_x"), "mcp_body", 415),
        (
            "a",
            Some("base call"),
            &[VERSION, CALL, ("mcp-name", "free")],
            call("read_x"),
            "mcp_header_mismatch",
            400,
        ),
        ("a", Some("base call"), &[VERSION, CALL, ("mcp-name", "read_x")], call("read_x"), "ok", 200),
        (
            "a",
            Some("base call"),
            &[("mcp-protocol-version", "x")],
            call("read_x"),
            "mcp_header_mismatch",
            400,
        ),
        ("shadow", Some("base"), &[], call("never"), "operation_denied", 200),
        ("shadow", Some("base"), &[], "{".to_owned(), "mcp_body", 200),
        (
            "trusted",
            Some("base call"),
            &[VERSION, CALL, ("mcp-name", "never")],
            call("read_x"),
            "operation_denied",
            403,
        ),
        ("trusted", Some("base call"), &[], call("read_x"), "mcp_header_mismatch", 400),
        ("bare", Some("base"), &[], "[]".to_owned(), "ok", 200),
        ("bare", Some("call"), &[], call("read_x"), "scope_missing", 403),
    ] {
        let token = scope.map(|scope| stage.token(scope));
        let sent = stage.sent(agent, token.as_deref(), head, &message).await;
        assert_eq!((sent.reason.as_str(), sent.status), (reason, status), "{agent} {scope:?} {message}");
        let arrived = stage.upstream.count();
        let explained = stage.explained(agent, token.as_deref(), head, &message).await;
        assert_eq!(explained, sent, "{agent} {scope:?} {head:?} {message}");
        assert_eq!(stage.upstream.count(), arrived, "nothing is forwarded");
    }
}

#[tokio::test]
async fn a_method_and_a_name_are_the_message_that_a_client_sends() {
    let stage = stage().await;
    let token = stage.token("base call");
    for (agent, args, reason, names, rules) in [
        (
            "a",
            &["--mcp-method", "tools/call", "--mcp-name", "write_x"] as &[_],
            "operation_denied",
            json!(["write_x"]),
            json!([
                ["mcp.rules.methods.\"tools/call\"", "all of: call", "permitted"],
                ["mcp.rules.tools.\"write_*\"", "all of: write; one of: eu us", "step_up"],
            ]),
        ),
        (
            "trusted",
            &["--mcp-method", "tools/call", "--mcp-name", "root"],
            "operation_denied",
            json!(["root"]),
            json!([
                ["mcp.rules.methods.\"tools/call\"", "all of: call", "permitted"],
                ["mcp.rules.tools.\"root\"", "role: one of \"root\"", "denied"],
            ]),
        ),
        ("a", &["--mcp-method", "tools/list"], "ok", json!([]), json!([])),
        (
            "a",
            &["--mcp-method", "strange"],
            "operation_denied",
            json!([]),
            json!([["mcp.rules.unlisted", "deny", "denied"]]),
        ),
        (
            "a",
            &["--mcp-method", "resources/read", "--mcp-name", "file:///a/ö"],
            "ok",
            json!(["file:///a/ö"]),
            json!([["mcp.rules.resources.\"file:///a/*\"", "allow", "permitted"]]),
        ),
    ] {
        let report = stage.report(agent, Some(&token), args, "").await;
        assert_eq!((&report["reason"], &report["operation"]["names"]), (&json!(reason), &names), "{report}");
        let shown = report["operation"]["rules"].as_array().expect("rules").iter();
        let shown: Vec<Value> =
            shown.map(|rule| json!([rule["setting"], rule["says"], rule["outcome"]])).collect();
        assert_eq!(json!(shown), rules, "{report}");
    }
    let args = ["--mcp-method", "tools/call", "--mcp-name", "free", "-H", "Mcp-Name: other"];
    let report = stage.report("a", Some(&token), &args, "").await;
    assert_eq!(report["reason"], "mcp_header_mismatch", "{report}");
}

#[tokio::test]
async fn the_text_says_which_rule_decided_and_what_the_caller_gets() {
    let stage = stage().await;
    let header = format!("Authorization: Bearer {}", stage.token("base call"));
    let args = ["-H", &header, "--mcp-method", "tools/call", "--mcp-name", "write_x"];
    let ran = stage.explain("a", &args, "").await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    for line in [
        "FAIL operation\n       seen    tools/call write_x\n",
        "in all the scopes base call write eu us\n",
        "operation tools/call write_x\n",
        "       mcp.rules.tools.\"write_*\" (all of: write; one of: eu us): step_up\n",
        "deny: operation_denied (status 403, agent a, provider corp)\n",
        "HTTP 403\nWWW-Authenticate: Bearer realm=\"a\", error=\"insufficient_scope\", scope=\"base call write eu us\", \
         resource_metadata=\"https://agents.test/.well-known/oauth-protected-resource/a/mcp\"\n\
         Content-Type: application/json\n\n{\"jsonrpc\":\"2.0\",\"id\":1,",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    for (agent, args, note) in [
        ("bare", &["--mcp-method", "tools/list"] as &[_], "no rule applies"),
        ("a", &[], "--mcp-method"),
        ("bare", &[], ""),
    ] {
        let ran = stage.explain(agent, args, "").await;
        assert_eq!((ran.code, ran.err.is_empty()), (Some(1), note.is_empty()), "{ran:?}");
        assert!(ran.err.contains(note), "{ran:?}");
    }
}

#[tokio::test]
async fn what_does_not_go_together_is_a_usage_error() {
    let stage = stage().await;
    for (args, stdin) in [
        (&["--mcp-name", "x"] as &[_], ""),
        (&["--mcp-method", "tools/call"], ""),
        (&["--mcp-method", "tools/list", "--mcp-name", "x"], ""),
        (&["--mcp-method", "completion/complete", "--mcp-name", "x"], ""),
        (&["--mcp-method", "tools/list", "--message", "-"], "{}"),
        (&["--message", "-", "--token-file", "-"], "{}"),
        (&["--message", "/nowhere/at/all"], ""),
        (&["--message", "-", "GET", "/a/mcp"], "{}"),
        (&["--a2a-operation", "SendMessage"], ""),
    ] {
        let ran = stage.explain("a", args, stdin).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}

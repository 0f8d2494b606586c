//! Rules by operation that ask for a login: what a refusal says, byte for byte, and what lists show.

use serde_json::{Value, json};
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, now};

struct Stage {
    gateway: Gateway,
    issuer: Issuer,
    key: Key,
    _upstream: Upstream,
}

async fn stage() -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let rules = json!({
        "unlisted": "deny",
        "methods": {"initialize": "public"},
        "tools": {
            "read": "allow",
            "pay": {"scopes": {"all_of": ["pay"]}, "require": {"acr_values": ["bronze", "gold"], "max_auth_age": "60s"}},
            "sign": {"require": {"acr_values": ["gold"], "amr_any": ["hwk"]}},
            "ours": {"require": {"clients": {"allow": ["client-1"]}}},
            "theirs": {"require": {"clients": {"deny": ["client-1"]}}},
        },
    });
    let oauth = json!({
        "identity_providers": ["corp"], "audiences": ["x"], "scopes": {"all_of": ["base"]},
        "require": {"acr_values": ["silver", "gold"], "max_auth_age": "1h"},
    });
    let agents = json!({"a": {
        "route": "/a", "upstream": upstream.url(), "auth": {"oauth": oauth}, "protocol": "mcp",
        "mcp": {"rules": rules}, "public_url": "https://agents.test",
    }});
    let provider = json!({"corp": {"issuer": issuer.url, "leeway": "0s"}});
    let body = format!("identity_providers: {provider}\nagents: {agents}\n");
    let gateway = Start { body: &body, server: "  state_dir: state\n", ..Start::default() }.ready().await;
    Stage { gateway, issuer, key, _upstream: upstream }
}

impl Stage {
    /// Status, reason and challenge, of the last two as far as they are there.
    async fn call(&self, tool: &str, claims: &Value) -> (u16, String, String) {
        let mut all = self.issuer.claims("x");
        all.as_object_mut().expect("an object").extend(claims.as_object().expect("an object").clone());
        let message = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool}});
        let request = client().post(self.gateway.url("/a/mcp")).body(message.to_string());
        let request = request.bearer_auth(self.key.token(&self.key.header("ES256"), &all));
        let answer = request.header("content-type", "application/json").send().await.expect("an answer");
        let text = |name: &str| {
            answer.headers().get(name).map(|v| v.to_str().expect("ASCII").to_owned()).unwrap_or_default()
        };
        let (status, challenge, id) =
            (answer.status().as_u16(), text("www-authenticate"), text("x-request-id"));
        let reason = self.gateway.logged(&id).await["auth"]["reason"].as_str().unwrap_or_default().to_owned();
        if status >= 400 {
            let text = answer.text().await.expect("a body");
            let body: Value = serde_json::from_str(&text).expect("an error of JSON-RPC");
            let class = match status {
                401 => "authentication",
                _ if challenge.is_empty() => "policy",
                _ => "scope",
            };
            assert_eq!(body["error"]["data"]["reason_class"], class, "{body}");
            assert_eq!(body["id"].is_null(), status == 401, "{body}");
        }
        (status, reason, challenge)
    }
}

#[tokio::test]
async fn a_tool_may_ask_for_a_login_and_the_challenge_names_all_that_the_call_needs() {
    let stage = stage().await;
    let metadata = "resource_metadata=\"https://agents.test/.well-known/oauth-protected-resource/a/mcp\"";
    let level = "error_description=\"A different authentication level is required\"";
    let recent = "error_description=\"More recent authentication is required\"";
    let challenge = |description: &str, needs: &str| {
        format!(
            "Bearer realm=\"a\", error=\"insufficient_user_authentication\", {description}, {needs}, {metadata}"
        )
    };
    let (pay, read) = (
        "acr_values=\"gold\", max_age=\"60\", scope=\"base pay\"",
        "acr_values=\"silver gold\", max_age=\"3600\", scope=\"base\"",
    );
    let sign = "acr_values=\"gold\", max_age=\"3600\", scope=\"base\"";
    let claims =
        |acr: &str, ago: u64, scope: &str| json!({"acr": acr, "auth_time": now() - ago, "scope": scope});
    let mut keyed = claims("gold", 5, "base");
    keyed["amr"] = json!(["hwk"]);
    for (tool, claims, status, reason, wanted) in [
        ("read", claims("silver", 1800, "base"), 200, "ok", String::new()),
        ("pay", claims("gold", 5, "base pay"), 200, "ok", String::new()),
        ("pay", claims("gold", 1800, "base pay"), 401, "auth_too_old", challenge(recent, pay)),
        ("pay", claims("silver", 5, "base pay"), 401, "acr_insufficient", challenge(level, pay)),
        // One trip does for the login and for the scope.
        ("pay", claims("gold", 1800, "base"), 401, "auth_too_old", challenge(recent, pay)),
        ("sign", claims("gold", 5, "base"), 401, "acr_insufficient", challenge(level, sign)),
        ("sign", keyed, 200, "ok", String::new()),
        ("ours", claims("gold", 5, "base"), 200, "ok", String::new()),
        ("theirs", claims("gold", 5, "base"), 403, "operation_denied", String::new()),
        // The agent itself asks for more: still for the whole call.
        ("read", claims("bronze", 5, "base"), 401, "acr_insufficient", challenge(level, read)),
        ("read", claims("gold", 7200, "base"), 401, "auth_too_old", challenge(recent, read)),
        ("pay", claims("bronze", 5, "base"), 401, "acr_insufficient", challenge(level, pay)),
    ] {
        let got = stage.call(tool, &claims).await;
        assert_eq!(got, (status, reason.to_owned(), wanted), "{tool} {claims}");
    }
    let (status, reason, challenge) = stage.call("pay", &claims("gold", 5, "base")).await;
    assert_eq!((status, &*reason), (403, "operation_denied"));
    assert!(challenge.contains("error=\"insufficient_scope\", scope=\"base pay\""), "{challenge}");
}

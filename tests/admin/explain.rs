//! `/api/v1/explain`: each check of a decision, without forwarding.

use serde_json::{Value, json};
use testkit::Key;
use testkit::api::If;

use super::world::{HEADER, World, provider, token_of};

const ISSUER: &str = "https://corp.example";

#[tokio::test]
async fn a_stranger_gets_401() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    world.refuses_strangers(&[("POST", "/explain")]).await;
}

#[tokio::test]
async fn the_same_verdict_as_the_gate_is_given_with_its_reason_and_nothing_is_forwarded() {
    let world = World::empty().await;
    let (key, forger) = (Key::new("ES256", "k1"), Key::new("ES256", "k1"));
    world.create("/identity-providers/corp", &provider(ISSUER, &[&key])).await;
    world.create("/agents/g", &world.guarded("/g", "corp")).await;
    world.create("/agents/open", &world.open("/open")).await;
    let (id, api_key) = world.with_key("k").await;
    let good = token_of(ISSUER, &key);
    let (forged, stranger) = (token_of(ISSUER, &forger), token_of("https://other.example", &key));
    let cases = [
        ("g", Some(good.clone()), "allow", "ok", 200),
        ("g", None, "deny", "token_missing", 401),
        ("g", Some(forged), "deny", "signature_invalid", 401),
        ("g", Some(stranger), "deny", "issuer_unknown", 401),
        ("g", Some("not-a-token".to_owned()), "deny", "token_malformed", 401),
        ("k", Some(api_key.clone()), "allow", "ok", 200),
        ("k", Some(format!("{api_key}x")), "deny", "api_key_invalid", 401),
        ("k", None, "deny", "api_key_missing", 401),
        ("open", None, "allow", "ok", 200),
    ];
    let arrived = world.upstream.seen().len();
    for (agent, credential, decision, reason, status) in cases {
        let asked = json!({"agent": agent, "credential": credential});
        let said = world.api.post("/explain", If::Unsaid, &asked).await.is(200).json();
        assert_eq!((&said["decision"], &said["reason"]), (&json!(decision), &json!(reason)), "{said}");
        assert_eq!((&said["status"], &said["agent"]), (&json!(status), &json!(agent)), "{said}");
        let checks = said["checks"].as_array().expect("checks");
        assert_eq!(checks.iter().all(|check| check["ok"] == true), decision == "allow", "{said}");
        for check in checks.iter().filter(|check| check["ok"] == false) {
            assert!(check["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{check}");
        }
        if let Some(credential) = &credential {
            let signature = credential.rsplit(['.', '_']).next().expect("a last part");
            assert!(signature.len() < 20 || !said.to_string().contains(signature), "{said}");
        }
    }
    assert_eq!(world.upstream.seen().len(), arrived, "nothing is forwarded");
    assert_eq!(world.api.get(&format!("/api-keys/{id}")).await.json()["last_used_at"], Value::Null);
    // The same by headers, as a caller would send them.
    let headers = json!([["Authorization", format!("Bearer {good}")]]);
    let said = world.api.post("/explain", If::Unsaid, &json!({"agent": "g", "headers": headers})).await;
    assert_eq!(said.is(200).json()["decision"], "allow");
    let twice = json!([[HEADER, api_key], [HEADER, api_key]]);
    let said = world.api.post("/explain", If::Unsaid, &json!({"agent": "k", "headers": twice})).await.is(200);
    assert_eq!((said.json()["decision"].clone(), said.json()["status"].clone()), (json!("deny"), json!(400)));
    let log = world.gateway.stdout().join("\n") + &world.gateway.stderr().join("\n");
    assert!(!log.contains(&api_key) && !log.contains(good.rsplit('.').next().expect("a signature")), "{log}");
}

#[tokio::test]
async fn a_message_is_judged_by_the_rules_of_the_agent_and_is_not_forwarded() {
    let world = World::empty().await;
    let rules = json!({"unlisted": "deny", "methods": {"initialize": "allow"}, "tools": {"read_*": "allow"}});
    let agent = json!({"route": "/m", "upstream": world.upstream.url(), "auth": "public", "protocol": "mcp",
        "public_url": "https://agents.test", "mcp": {"rules": rules}});
    world.create("/agents/m", &agent).await;
    let call =
        |name: &str| json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": name}});
    let head = json!([["MCP-Protocol-Version", "2026-07-28"], ["Mcp-Method", "tools/list"]]);
    let arrived = world.upstream.seen().len();
    for (asked, reason, status, setting) in [
        (json!({"message": call("read_x").to_string()}), "ok", 200, "mcp.rules.tools.\"read_*\""),
        (json!({"message": call("write").to_string()}), "operation_denied", 403, "mcp.rules.unlisted"),
        (
            json!({"operation": {"method": "tools/call", "name": "read_x"}}),
            "ok",
            200,
            "mcp.rules.tools.\"read_*\"",
        ),
        (json!({"operation": {"method": "initialize"}}), "ok", 200, "mcp.rules.methods.\"initialize\""),
        (json!({"operation": {"method": "initialize"}, "headers": head}), "mcp_header_mismatch", 400, ""),
        (json!({"message": "[]"}), "mcp_batch", 400, ""),
        (json!({"message": "{\"method\":1}"}), "mcp_body", 400, ""),
    ] {
        let mut asked = asked;
        asked["agent"] = json!("m");
        let said = world.api.post("/explain", If::Unsaid, &asked).await.is(200).json();
        assert_eq!((&said["reason"], &said["status"]), (&json!(reason), &json!(status)), "{asked}: {said}");
        let rule = said["operation"]["rules"][0]["setting"].as_str().unwrap_or_default();
        assert_eq!(rule, setting, "{asked}: {said}");
        assert_eq!(said["response"]["content_type"].is_null(), status == 200, "{asked}: {said}");
        let body: Value =
            serde_json::from_str(said["response"]["body"].as_str().unwrap_or("{}")).expect("JSON");
        assert_eq!(body["error"]["code"].is_null(), status == 200, "{asked}: {said}");
    }
    assert_eq!(world.upstream.seen().len(), arrived, "nothing is forwarded");
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_refused() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    let nobody = world.api.post("/explain", If::Unsaid, &json!({"agent": "nobody"})).await;
    assert!([404, 422].contains(&nobody.status), "{} {}", nobody.status, nobody.text);
    for (body, place) in [
        (json!({}), ""),
        (json!({"agent": "a", "credential": 7}), "/credential"),
        (json!({"agent": "a", "token": "x"}), "/token"),
        (json!({"agent": "a", "headers": {"a": "b"}}), "/headers"),
    ] {
        let refused = world.api.post("/explain", If::Unsaid, &body).await;
        assert!(refused.pointers()[0].starts_with(place), "{body}: {}", refused.text);
    }
    for headers in [json!([["a b", "x"]]), json!([["a", "x\r\ny: z"]]), json!([["", "x"]])] {
        let reply = world.api.post("/explain", If::Unsaid, &json!({"agent": "a", "headers": headers})).await;
        reply.problem(422, "invalid");
    }
}

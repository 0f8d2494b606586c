//! Shadow: decided, counted and logged as ever, and let through as a public agent would.

use serde_json::{Value, json};
use testkit::{Issuer, Key, Start, Upstream, client};

use super::row::{added, decisions};

#[tokio::test]
async fn a_refusal_in_shadow_is_counted_and_passes_without_an_identity() {
    let key = Key::new("ES256", "k");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = format!(
        "identity_providers: {}\nagents: {}\n",
        json!({
            "corp": {"issuer": issuer.url},
            "dead": {"issuer": "https://dead.test", "jwks_uri": "http://127.0.0.1:9/jwks"},
        }),
        json!({"a": {"route": "/a", "upstream": upstream.url(), "enforcement": "shadow", "auth": {"oauth": {
            "identity_providers": ["corp", "dead"], "audiences": ["api://a"],
            "scopes": {"all_of": ["refunds:write"]}, "claims": {"all_of": [{"claim": "tenant", "values": ["acme"]}]},
            "claim_headers": {"sub": "X-Caller-Sub"},
        }}}}),
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let token = |patch: Value| {
        let mut claims = issuer.claims("api://a");
        for (name, value) in patch.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        Some(key.token(&key.header("ES256"), &claims))
    };
    for (reason, provider, credential) in [
        ("ok", Some("corp"), token(json!({}))),
        ("token_missing", None, None),
        ("token_malformed", None, Some("x".to_owned())),
        ("multiple_tokens", None, Some("x,y".to_owned())),
        ("issuer_unknown", None, token(json!({"iss": "https://strange.test"}))),
        ("token_expired", Some("corp"), token(json!({"exp": 1}))),
        ("audience_mismatch", Some("corp"), token(json!({"aud": "x"}))),
        ("scope_missing", Some("corp"), token(json!({"scope": ""}))),
        ("claim_mismatch", Some("corp"), token(json!({"tenant": "x"}))),
        ("keys_unavailable", Some("dead"), token(json!({"iss": "https://dead.test"}))),
    ] {
        let decision = if reason == "ok" { "allow" } else { "shadow_deny" };
        let (before, arrived) = (decisions(&gateway).await, upstream.seen().len());
        let mut request =
            client().get(gateway.url("/a")).header("X-Caller-Sub", "root").header("X_Caller.Sub", "root");
        if let Some(credential) = credential {
            request = request.bearer_auth(credential);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{reason}");
        for name in ["www-authenticate", "retry-after"] {
            assert!(!answer.headers().contains_key(name), "{reason}: {name}");
        }
        assert_eq!(upstream.seen().len(), arrived + 1, "{reason}");
        let seen = upstream.last();
        let callers: Vec<&(String, String)> =
            seen.headers.iter().filter(|(name, _)| name.to_ascii_lowercase().contains("caller")).collect();
        let identity: &[&str] = if reason == "ok" { &["alice"] } else { &[] };
        assert_eq!(callers.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>(), identity, "{reason}");
        assert!(seen.all("authorization").is_empty(), "{reason}: the credential stays behind");
        let counted = format!(
            "agent=a decision={decision} method=oauth operation=none provider={} reason={reason}",
            provider.unwrap_or("_")
        );
        assert_eq!(added(&before, &decisions(&gateway).await), [counted], "{reason}");
        let id = answer.headers()["x-request-id"].to_str().expect("text");
        let auth = &gateway.logged(id).await["auth"];
        assert_eq!((&auth["decision"], &auth["reason"]), (&decision.into(), &reason.into()));
        assert_eq!(auth["provider"], Value::from(provider), "{reason}");
    }
}

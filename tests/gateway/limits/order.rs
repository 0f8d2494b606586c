//! The order: limits by address and of failed credentials, then credential and rules, then all others; and all or nothing.

use serde_json::json;
use testkit::client;

use super::stage::{With, limit, stage};

const ONE: &str = "198.51.100.1";
const OTHER: &str = "198.51.100.2";

#[tokio::test]
async fn failed_credentials_lock_their_address_out_and_nothing_else_counts_for_that() {
    let failed = limit("guess", "address", &json!({"rate": "3/1h", "count": "failed"}));
    let cors = json!({"cors": {"allowed_origins": ["https://app.example.com"]}});
    let stage = stage(&[("o", json!([failed]), cors)], With::default()).await;
    let good = format!("Bearer {}", stage.token("alice", &json!({})));
    let ask = async |from: &str, token: &str| stage.get("/o", from, &[("Authorization", token)]).await;
    // Requests that are let in, 400 and preflights.
    for _ in 0..5 {
        let got = ask(ONE, &good).await;
        assert_eq!((got.status, got.left("guess")), (200, None), "it was not counted");
    }
    let two = stage.get("/o", ONE, &[("Authorization", "Bearer a"), ("Authorization", "Bearer b")]).await;
    assert_eq!((two.status, two.left("guess")), (400, None));
    let preflight = client().request(reqwest::Method::OPTIONS, stage.gateway.url("/o"));
    let preflight = preflight.header("Origin", "https://app.example.com").header("X-Forwarded-For", ONE);
    let preflight = preflight.header("Access-Control-Request-Method", "GET").send().await.expect("an answer");
    assert_eq!(preflight.status().as_u16(), 204);
    for left in [2, 1, 0] {
        let got = ask(ONE, "Bearer nonsense").await;
        assert_eq!((got.status, got.left("guess").map(|(left, _)| left)), (401, Some(left)), "{got:?}");
    }
    for token in ["Bearer nonsense", &good] {
        let got = ask(ONE, token).await;
        assert_eq!((got.status, got.header("www-authenticate")), (429, None), "{got:?}");
        assert_eq!(got.retry_after(), got.left("guess").map(|(_, seconds)| seconds));
    }
    assert_eq!((ask(OTHER, &good).await.status, ask(OTHER, "Bearer x").await.status), (200, 401));
    let id = ask(ONE, &good).await.header("x-request-id").expect("an id").to_owned();
    let line = stage.gateway.logged(&id).await;
    let auth = &line["auth"];
    assert_eq!(
        (&auth["decision"], &auth["reason"], &auth["method"], &auth["sub"], &line["limit"]),
        (&json!("deny"), &json!("rate_limited"), &json!("oauth"), &json!(null), &json!("guess")),
        "it was refused before the token was looked at"
    );
}

#[tokio::test]
async fn a_stream_that_an_mcp_agent_does_not_offer_is_no_failed_credential() {
    let failed = limit("guess", "address", &json!({"rate": "1/1h", "count": "failed"}));
    let mcp = json!({"protocol": "mcp", "public_url": "https://agents.test",
        "mcp": {"rules": {"unlisted": "deny", "methods": {"initialize": "public"}}}});
    let stage = stage(&[("o", json!([failed]), mcp)], With::default()).await;
    for _ in 0..4 {
        let got = stage.get("/o/mcp", ONE, &[("Accept", "text/event-stream")]).await;
        assert_eq!(
            (got.status, got.header("allow"), got.left("guess")),
            (405, Some("POST"), None),
            "{got:?}"
        );
    }
}

#[tokio::test]
async fn a_provider_that_is_away_locks_nobody_out() {
    let failed = limit("guess", "address", &json!({"rate": "1/1h", "count": "failed"}));
    let stage = stage(&[("o", json!([failed]), json!({}))], With::default()).await;
    stage.issuer.fail_with(Some(500));
    let stranger = testkit::Key::new("ES256", "k9");
    let token = stranger.token(&stranger.header("ES256"), &stage.issuer.claims("x"));
    let got = stage.with_token("/o", &token).await;
    assert_eq!((got.status, got.left("guess")), (503, None), "{got:?}");
    assert_eq!(stage.with_token("/o", &token).await.status, 503);
}

#[tokio::test]
async fn an_address_limit_is_looked_at_before_the_credential_and_spent_by_what_passes_the_rules() {
    let limits = json!([limit("net", "address", &json!({"rate": "2/1h"}))]);
    let stage = stage(&[("o", limits, json!({}))], With::default()).await;
    let good = format!("Bearer {}", stage.token("alice", &json!({})));
    let ask = async |token: &str| stage.get("/o", ONE, &[("Authorization", token)]).await;
    for _ in 0..4 {
        let got = ask("Bearer nonsense").await;
        assert_eq!((got.status, got.left("net")), (401, None), "only what passes the rules spends");
    }
    assert_eq!((ask(&good).await.status, ask(&good).await.status), (200, 200));
    assert_eq!(ask("Bearer nonsense").await.status, 429, "before the credential");
    let counted = async |reason: &str| {
        let labels = ["agent=\"o\"", &format!("reason=\"{reason}\"")];
        stage.gateway.metric("portcullis_auth_decisions_total", &labels).await
    };
    let counts = (counted("ok").await, counted("token_malformed").await, counted("rate_limited").await);
    assert!((counts.0, counts.1, counts.2) == (2.0, 4.0, 1.0), "one decision each: {counts:?}");
}

#[tokio::test]
async fn a_request_that_the_rules_refuse_spends_nothing() {
    let rules = json!({"auth": {"oauth": {"identity_providers": ["corp"], "audiences": ["x"],
        "scopes": {"all_of": ["admin"]}}}});
    let limits = json!([limit("each", "principal", &json!({"rate": "1/1h"}))]);
    let stage = stage(&[("o", limits, rules)], With::default()).await;
    let (poor, rich) = (stage.token("alice", &json!({})), stage.token("alice", &json!({"scope": "admin"})));
    for _ in 0..3 {
        let got = stage.with_token("/o", &poor).await;
        assert_eq!((got.status, got.left("each")), (403, None));
    }
    let got = stage.with_token("/o", &rich).await;
    assert_eq!((got.status, got.left("each").map(|(left, _)| left)), (200, Some(0)));
    let refused = stage.with_token("/o", &rich).await;
    let id = refused.header("x-request-id").expect("an id").to_owned();
    let line = stage.gateway.logged(&id).await;
    assert_eq!(
        (refused.status, &line["auth"]["provider"], &line["auth"]["sub"]),
        (429, &json!("corp"), &json!("alice")),
        "the provider is known by then"
    );
}

#[tokio::test]
async fn a_request_is_spent_at_all_limits_or_at_none() {
    let limits = json!([
        limit("wide", "agent", &json!({"rate": "10/1h"})),
        limit("narrow", "address", &json!({"rate": "2/1h"})),
        limit("places", "agent", &json!({"concurrent": 5})),
    ]);
    let stage = stage(&[("p", limits, json!({}))], With::default()).await;
    assert_eq!(stage.statuses("/p", ONE, 5).await, [200, 200, 429, 429, 429]);
    let got = stage.get("/p", OTHER, &[]).await;
    let left = |name: &str| got.left(name).map(|(left, _)| left);
    assert_eq!((left("wide"), left("narrow"), left("places")), (Some(7), Some(1), Some(4)), "{got:?}");
    assert_eq!(got.items("ratelimit-policy").len(), 3);
}

#[tokio::test]
async fn what_the_gateway_itself_cannot_serve_is_given_back() {
    let limits = json!([limit("few", "address", &json!({"rate": "2/1h"}))]);
    let stage = stage(&[("p", limits, json!({"max_in_flight": 1}))], With::default()).await;
    let url = stage.gateway.url("/p/sse?n=1000&ms=50");
    let stream = client().get(url).header("X-Forwarded-For", ONE).send().await.expect("a stream");
    assert_eq!(stage.statuses("/p", OTHER, 3).await, [503, 503, 503]);
    drop(stream);
    testkit::eventually("the slot is free", std::time::Duration::from_secs(10), async || {
        let got = stage.get("/p", OTHER, &[]).await;
        (got.status == 200).then(|| assert_eq!(got.left("few").map(|(left, _)| left), Some(1)))
    })
    .await;
}

//! A provider that tells of other claims is asked again about the tokens of that user, and of nobody else.

use serde_json::json;
use testkit::{client, now};

use super::{BASIC, Stage, active, is};

#[tokio::test]
async fn claims_that_changed_are_asked_for_again_at_once() {
    let stage = Stage::start(BASIC, "    events: { push: { audience: receiver } }\n").await;
    for (token, sub) in [("t1", "alice"), ("t2", "bob")] {
        let mut answer = active();
        answer["sub"] = json!(sub);
        stage.endpoint.says(token, answer.clone());
        for _ in 0..5 {
            assert_eq!(stage.said(token).await, is(200, "ok"), "{token}");
        }
        answer["scope"] = json!("none");
        stage.endpoint.says(token, answer);
    }
    let told = json!({
        "iss": stage.issuer.url, "aud": "receiver", "iat": now(), "jti": "1",
        "sub_id": {"format": "iss_sub", "iss": stage.issuer.url, "sub": "alice"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/token-claims-change": {"claims": {"scope": "none"}}},
    });
    let header = json!({"alg": "ES256", "typ": "secevent+jwt", "kid": "k1"});
    let request = client().post(stage.gateway.url("/.portcullis/events/corp"));
    let request = request.header("content-type", "application/secevent+jwt");
    let answer = request.body(stage.key.token(&header, &told)).send().await.expect("an answer");
    assert_eq!(answer.status(), 202);
    assert_eq!(stage.said("t1").await, is(403, "scope_missing"));
    assert_eq!(stage.said("t2").await, is(200, "ok"), "what is known of others counts on");
    assert_eq!((stage.endpoint.count("t1"), stage.endpoint.count("t2")), (2, 1));
}

//! Security events: what a provider tells one member of is in force at all of them.

use serde_json::json;
use testkit::fleet::SOON;
use testkit::{Fleet, Key, client, eventually, now};

#[tokio::test]
async fn an_event_that_one_member_takes_denies_at_all_of_them() {
    let (fleet, key) = (Fleet::of(2).await, Key::new("ES256", "k1"));
    let issuer = "https://idp.test";
    let provider = json!({
        "issuer": issuer, "jwks": {"keys": [key.jwk()]}, "events": {"push": {"audience": "receiver"}},
    });
    let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
    let agent = json!({"route": "/a", "upstream": fleet.upstream.url(), "auth": {"oauth": oauth}});
    let (one, other) = (&fleet.members[0], &fleet.members[1]);
    one.create("/identity-providers/corp", &provider).await;
    let revision = one.create("/agents/a", &agent).await;
    fleet.all_run(revision).await;
    let caller = |sub: &str| {
        let claims = json!({"iss": issuer, "aud": "x", "sub": sub, "iat": now() - 30, "exp": now() + 300});
        key.token(&key.header("ES256"), &claims)
    };
    let (mallory, alice) = (caller("mallory"), caller("alice"));
    let status = async |token: &str| {
        let answer = client().get(other.gateway.url("/a")).bearer_auth(token).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    };
    assert_eq!((status(&mallory).await, status(&alice).await), (200, 200));
    let told = json!({
        "iss": issuer, "aud": "receiver", "iat": now(), "jti": "1",
        "sub_id": {"format": "iss_sub", "iss": issuer, "sub": "mallory"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}},
    });
    let header = json!({"alg": "ES256", "typ": "secevent+jwt", "kid": "k1"});
    let sent = client()
        .post(one.gateway.url("/.portcullis/events/corp"))
        .header("content-type", "application/secevent+jwt")
        .body(key.token(&header, &told))
        .send()
        .await
        .expect("an answer");
    assert_eq!(sent.status(), 202);
    eventually("the other member refuses", SOON, async || (status(&mallory).await == 401).then_some(()))
        .await;
    assert_eq!(status(&alice).await, 200);
}

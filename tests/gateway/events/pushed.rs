//! Events that a provider pushes: what they deny and lift, and what is rejected, with which word.

use serde_json::{Value, json};
use testkit::token::with;
use testkit::{Key, eventually, now};

use super::{AGREED, Answered, SET, SOON, Stage, is};

#[tokio::test]
async fn events_that_are_pushed_deny_and_lift_and_each_is_acted_on_once() {
    let stage = Stage::start("{ push: { audience: receiver, authorization_file: push.auth } }").await;
    let caller = |user: &str, iat: u64| stage.token(json!({"sub": user, "iat": iat}));
    let (old, new) = (now() - 30, now() + 1);
    let push = async |body: String| stage.send(SET, Some(AGREED), body).await;
    let accepted = |answer: &Answered| (answer.status, answer.body.clone()) == (202, Value::Null);
    // Tokens up to the event, at any client.
    for (jti, event, user) in [
        ("1", "caep/event-type/session-revoked", "a"),
        ("2", "caep/event-type/credential-change", "b"),
        ("3", "risc/event-type/sessions-revoked", "c"),
    ] {
        assert_eq!(stage.status(&caller(user, old)).await, 200);
        assert!(accepted(&push(stage.event(jti, event, user)).await), "{event}");
        assert_eq!(stage.status(&caller(user, old)).await, 401, "{event}");
        assert_eq!(stage.status(&caller(user, new)).await, 200, "{event}");
    }
    // An account, until it is enabled again.
    let disabled = stage.event("4", "risc/event-type/account-disabled", "d");
    assert!(accepted(&push(disabled.clone()).await));
    assert_eq!(stage.status(&caller("d", new)).await, 401);
    assert!(accepted(&push(stage.event("5", "risc/event-type/account-enabled", "d")).await));
    assert_eq!(stage.status(&caller("d", new)).await, 200);
    assert!(accepted(&push(disabled).await), "it is acknowledged");
    assert_eq!(stage.status(&caller("d", new)).await, 200, "and acted on once");
    // What changes nothing is acknowledged and counted.
    let email = json!({"format": "email", "email": "a@example.com"});
    let revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    let state = "https://schemas.openid.net/secevent/ssf/event-type/verification";
    let user = json!({"format": "iss_sub", "iss": stage.issuer.url, "sub": "e"});
    for (claims, kind, result) in [
        (json!({"sub_id": email, "events": {revoked: {}}}), "session-revoked", "unmapped"),
        (json!({"sub_id": user, "events": {"urn:new": {}}}), "unknown", "ignored"),
        (
            json!({"sub_id": user, "events": {revoked: {}}, "iat": now() - 8 * 86_400}),
            "session-revoked",
            "late",
        ),
        (json!({"events": {state: {"state": "VGhpcyBpcyB"}}}), "verification", "noted"),
    ] {
        let set = stage.told("secevent+jwt", with(json!({"jti": format!("n-{result}")}), claims));
        assert!(accepted(&push(set).await), "{result}");
        assert!(is(stage.count(kind, result).await, 1), "{kind} {result}");
    }
    assert_eq!(stage.status(&caller("e", old)).await, 200);
    let shown = stage.provider().await;
    assert_eq!(shown["last_verification"]["state"], "VGhpcyBpcyB", "{shown}");
    assert_eq!((&shown["push"], &shown["last_event"]["type"]), (&json!(true), &json!("verification")));
    let repeated = json!({"type": "account-disabled", "result": "repeated", "count": 1});
    assert!(shown["counts"].as_array().is_some_and(|counts| counts.contains(&repeated)), "{shown}");
    eventually("it is written down", SOON, async || {
        let audit = stage.audit();
        (audit.contains("lifted sub d") && audit.contains("no denial can name (email)")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_push_that_is_not_right_is_rejected_in_the_words_of_rfc_8935() {
    let stage = Stage::start("{ push: { audience: [receiver], authorization_file: push.auth } }").await;
    let event = |user: &str| stage.event("1", "caep/event-type/session-revoked", user);
    let other = Key::new("ES256", "k1");
    let claims = json!({"iss": stage.issuer.url, "aud": "receiver", "iat": now(), "jti": "1", "events": {"urn:a": {}}});
    let header = json!({"alg": "ES256", "typ": "secevent+jwt", "kid": "k1"});
    for (media_type, authorization, body, err) in [
        (SET, None, event("alice"), "authentication_failed"),
        (SET, Some("Bearer agreed-o"), event("alice"), "authentication_failed"),
        (SET, Some("bearer agreed-on"), event("alice"), "authentication_failed"),
        ("application/jwt", Some(AGREED), event("alice"), "invalid_request"),
        ("application/json", Some(AGREED), event("alice"), "invalid_request"),
        (SET, Some(AGREED), String::new(), "invalid_request"),
        (SET, Some(AGREED), "{}".to_owned(), "invalid_request"),
        (SET, Some(AGREED), stage.told("secevent+jwt", json!({"aud": "x"})), "invalid_audience"),
        (
            SET,
            Some(AGREED),
            stage.told("secevent+jwt", json!({"iss": "https://evil.test"})),
            "invalid_issuer",
        ),
        (SET, Some(AGREED), stage.token(json!({})), "invalid_request"),
        (SET, Some(AGREED), other.token(&header, &claims), "invalid_key"),
    ] {
        let answer = stage.send(media_type, authorization, body).await;
        assert_eq!((answer.status, &answer.body["err"]), (400, &json!(err)), "{answer:?}");
        assert!(answer.body["description"].is_string(), "{answer:?}");
        assert_eq!((&*answer.cache_control, answer.language.as_deref()), ("no-store", Some("en")));
    }
    let large = stage.send(SET, Some(AGREED), "a".repeat(64 * 1024 + 1)).await;
    assert_eq!(large.status, 413);
    assert_eq!(stage.status(&stage.token(json!({}))).await, 200, "nobody was denied");
    assert!(is(stage.count("none", "unauthorized").await, 3));
}

#[tokio::test]
async fn tokens_with_any_key_id_cost_the_provider_one_fetch_and_a_rotated_key_is_found() {
    let stage = Stage::start("{ push: { audience: receiver } }").await;
    assert_eq!(stage.status(&stage.token(json!({}))).await, 200);
    let next = Key::new("ES256", "k2");
    stage.issuer.publish(&[&stage.key, &next]);
    let before = stage.issuer.fetches();
    let claims = json!({
        "iss": stage.issuer.url, "aud": "receiver", "iat": now(), "jti": "r",
        "sub_id": {"format": "opaque", "id": "alice"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}},
    });
    let of = |kid: &str| next.token(&json!({"alg": "ES256", "typ": "secevent+jwt", "kid": kid}), &claims);
    assert_eq!(stage.send(SET, None, of("k2")).await.status, 202);
    for nth in 0..20 {
        let answer = stage.send(SET, None, of(&format!("random-{nth}"))).await;
        assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("5")), "it may be a new key");
    }
    assert_eq!(stage.issuer.fetches() - before, 1);
    assert!(is(stage.count("none", "failed").await, 20));
    assert_eq!(stage.status(&stage.token(json!({}))).await, 401);
}

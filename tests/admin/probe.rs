//! `/api/v1/identity-providers:probe`: what an issuer publishes, before anything is saved.

use serde_json::json;
use testkit::api::If;
use testkit::{Issuer, Key};

use super::world::World;

const PROBE: &str = "/identity-providers:probe";

#[tokio::test]
async fn a_stranger_gets_401_and_nothing_is_fetched() {
    let world = World::empty().await;
    let issuer = Issuer::start(&[]).await;
    world.refuses_strangers(&[("POST", PROBE)]).await;
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test]
async fn an_issuer_is_shown_with_its_keys_and_nothing_is_saved() {
    let world = World::empty().await;
    let (one, two) = (Key::new("ES256", "k1"), Key::new("RS256", "k2"));
    let issuer = Issuer::start(&[&one, &two]).await;
    for body in [
        json!({"issuer": issuer.url}),
        json!({"issuer": issuer.url, "jwks_uri": format!("{}/jwks", issuer.url)}),
    ] {
        let said = world.api.post(PROBE, If::Unsaid, &body).await.is(200).json();
        assert_eq!((&said["ok"], &said["issuer"]), (&json!(true), &json!(issuer.url)), "{said}");
        assert_eq!(said["jwks_uri"], format!("{}/jwks", issuer.url), "{said}");
        assert_eq!(said["problems"], json!([]), "{said}");
        let kids: Vec<_> =
            said["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect();
        assert!(kids.contains(&json!("k1")) && kids.contains(&json!("k2")) && kids.len() == 2, "{said}");
        let algorithms = said["algorithms"].to_string();
        assert!(algorithms.contains("ES256") && algorithms.contains("RS256"), "{said}");
    }
    assert_eq!(world.api.get("/identity-providers").await.json()["total"], 0);
    assert_eq!(world.api.get("/revisions").await.json()["head"], 0);
}

#[tokio::test]
async fn what_is_wrong_is_in_the_answer_and_not_a_status() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    let mut weak = key.jwk();
    weak["kid"] = "weak".into();
    weak["use"] = "enc".into();
    issuer.publish_raw(vec![key.jwk(), weak, json!({"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"})]);
    let said = world.api.post(PROBE, If::Unsaid, &json!({"issuer": issuer.url})).await.is(200).json();
    assert_eq!((&said["ok"], said["keys"].as_array().map(Vec::len)), (&json!(true), Some(1)), "{said}");
    assert_eq!(said["skipped"].as_array().map(Vec::len), Some(2), "{said}");
    assert!(!said.to_string().contains("c2VjcmV0"), "no secret comes back: {said}");
    let slash = format!("{}/", issuer.url);
    issuer.publish_raw(vec![]);
    let cases = [
        ("no usable key", json!({"issuer": issuer.url})),
        ("another issuer than it says", json!({"issuer": slash})),
        ("nobody there", json!({"issuer": "http://127.0.0.1:1"})),
        ("not a name", json!({"issuer": "https://nobody.invalid"})),
        ("plain http", json!({"issuer": "http://idp.example"})),
        (
            "the metadata address of a cloud",
            json!({"issuer": "http://169.254.169.254", "insecure_http": true}),
        ),
        ("keys elsewhere", json!({"issuer": issuer.url, "jwks_uri": format!("{}/nothing", issuer.url)})),
        (
            "keys at a metadata address",
            json!({"issuer": issuer.url, "jwks_uri": "http://169.254.169.254/jwks"}),
        ),
    ];
    for (what, body) in cases {
        let said = world.api.post(PROBE, If::Unsaid, &body).await.is(200).json();
        assert_eq!(said["ok"], false, "{what}: {said}");
        let problem = &said["problems"][0]["message"];
        assert!(problem.as_str().is_some_and(|message| message.len() > 10), "{what}: {said}");
    }
    issuer.fail_with(Some(500));
    let said = world.api.post(PROBE, If::Unsaid, &json!({"issuer": issuer.url})).await.is(200).json();
    assert!(said["ok"] == false && said["problems"].to_string().contains("500"), "{said}");
}

#[tokio::test]
async fn an_issuer_that_never_answers_does_not_hold_the_page_for_ever() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    issuer.delay(Some(std::time::Duration::from_secs(60)));
    let asked = std::time::Instant::now();
    let said = world.api.post(PROBE, If::Unsaid, &json!({"issuer": issuer.url})).await.is(200).json();
    assert_eq!(said["ok"], false, "{said}");
    assert!(asked.elapsed() < std::time::Duration::from_secs(15), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_question_of_the_wrong_shape_is_refused() {
    let world = World::empty().await;
    for (body, place) in [
        (json!({}), ""),
        (json!({"issuer": 7}), "/issuer"),
        (json!({"issuer": "https://a.example", "ca": "x"}), "/ca"),
        (json!({"issuer": "https://a.example", "insecure_http": "yes"}), "/insecure_http"),
    ] {
        let refused = world.api.post(PROBE, If::Unsaid, &body).await;
        assert_eq!(refused.pointers(), [place], "{body}: {}", refused.text);
    }
}

//! `/api/v1/identity-providers/NAME/token`: a token by client credentials, for trying an agent out.

use serde_json::{Value, json};
use testkit::api::If;
use testkit::{Issuer, Key, eventually};

use super::world::{World, provider};

const PATH: &str = "/identity-providers/corp/token";
const SECRET: &str = "c4n4ry-client:secret/+ \u{e4}";

#[tokio::test]
async fn a_stranger_gets_401_and_nobody_is_asked() {
    let (world, issuer) = discovered().await;
    world.refuses_strangers(&[("POST", PATH)]).await;
    assert!(issuer.asked().is_empty());
}

/// A world with a provider that is found by discovery and is ready.
async fn discovered() -> (World, Issuer) {
    let world = World::empty().await;
    let issuer = Issuer::start(&[&Key::new("ES256", "k1")]).await;
    world.create("/identity-providers/corp", &json!({"issuer": issuer.url})).await;
    eventually("it is known", std::time::Duration::from_secs(5), async || {
        (world.api.get("/identity-providers/corp").await.json()["health"] == "ok").then_some(())
    })
    .await;
    (world, issuer)
}

#[tokio::test]
async fn the_provider_is_asked_as_it_was_said_and_its_token_comes_back() {
    let (world, issuer) = discovered().await;
    issuer.grant(
        200,
        json!({"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 60, "scope": "a b"}),
    );
    let asked = json!({
        "client_id": "me", "client_secret": SECRET, "scope": "a b", "audience": "api://x", "resource": "urn:y",
    });
    let wanted = json!({"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 60, "scope": "a b"});
    for way in [None, Some("basic"), Some("post")] {
        let mut body = asked.clone();
        if let Some(way) = way {
            body["authentication"] = way.into();
        }
        let reply = world.api.post(PATH, If::Unsaid, &body).await.is(200);
        assert_eq!(reply.json(), wanted, "{way:?}");
        let (credential, form) = issuer.asked().pop().expect("it was asked");
        for part in
            ["grant_type=client_credentials", "scope=a+b", "audience=api%3A%2F%2Fx", "resource=urn%3Ay"]
        {
            assert!(form.replace("%20", "+").contains(part), "{way:?}: {part} in {form}");
        }
        if way == Some("post") {
            assert!(
                credential.is_none()
                    && form.contains("client_id=me")
                    && form.contains("client_secret=c4n4ry")
            );
        } else {
            assert!(
                credential.is_some_and(|c| c.starts_with("Basic ")) && !form.contains("client_secret"),
                "{form}"
            );
        }
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_told_without_the_secret() {
    let (world, issuer) = discovered().await;
    let body = json!({"client_id": "me", "client_secret": SECRET});
    let long = "y".repeat(100_000);
    let cases: [(u16, Value, &str); 5] = [
        (401, json!({"error": "invalid_client", "error_description": "unknown client"}), "invalid_client"),
        (400, json!({"error": "invalid_scope"}), "invalid_scope"),
        (500, json!("down"), "500"),
        (200, json!({"no": "token"}), ""),
        (400, json!({"error": "invalid_request", "error_description": long}), "invalid_request"),
    ];
    for (status, answer, word) in cases {
        issuer.grant(status, answer);
        let refused = world.api.post(PATH, If::Unsaid, &body).await;
        let said = refused.problem(422, "not_accepted");
        assert!(said.to_string().contains(word), "{status}: {said}");
        assert!(refused.text.len() < 20_000 && !refused.text.contains("c4n4ry"), "{status}: {said}");
    }
    world
        .create("/identity-providers/fixed", &provider("https://f.example", &[&Key::new("ES256", "k")]))
        .await;
    let refused = world.api.post("/identity-providers/fixed/token", If::Unsaid, &body).await;
    assert!(
        (400..500).contains(&refused.status),
        "no token endpoint is known: {} {}",
        refused.status,
        refused.text
    );
    world.api.post("/identity-providers/none/token", If::Unsaid, &body).await.problem(404, "not_found");
    for (body, place) in [
        (json!({"client_id": "me"}), ""),
        (json!({"client_id": 7, "client_secret": "x"}), "/client_id"),
        (json!({"client_id": "me", "client_secret": "x", "authentication": "none"}), "/authentication"),
        (json!({"client_id": "me", "client_secret": "x", "password": "y"}), "/password"),
    ] {
        assert_eq!(world.api.post(PATH, If::Unsaid, &body).await.pointers(), [place], "{body}");
    }
}

#[tokio::test]
async fn a_secret_goes_to_no_place_where_keys_are_not_fetched_from_either() {
    let world = World::empty().await;
    let plain = "http://idp.example/token".to_owned();
    let hidden = "http://169.254.169.254/token".to_owned();
    let own = format!("http://127.0.0.1:{}/api/v1/session", world.gateway.admin);
    for (i, endpoint) in
        [plain, hidden, "file:///etc/passwd".into(), "not a URL".into(), own].into_iter().enumerate()
    {
        let issuer = Issuer::start(&[&Key::new("ES256", "k1")]).await;
        issuer.token_endpoint(&endpoint);
        let name = format!("p{i}");
        world.create(&format!("/identity-providers/{name}"), &json!({"issuer": issuer.url})).await;
        eventually("it is known", std::time::Duration::from_secs(5), async || {
            let read = world.api.get(&format!("/identity-providers/{name}")).await.json();
            (read["health"] == "ok").then_some(())
        })
        .await;
        let body = json!({"client_id": "me", "client_secret": SECRET});
        let path = format!("/identity-providers/{name}/token");
        let refused = world.api.post(&path, If::Unsaid, &body).await;
        assert_eq!(refused.status, 422, "{endpoint}: {}", refused.text);
        assert!(!refused.text.contains("c4n4ry"), "{endpoint}: {}", refused.text);
    }
}

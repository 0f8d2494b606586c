//! `/api/v1/agents/{name}/limits` and `/refused-callers`: how full limits are, and who is refused most often.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Key, eventually};

use super::world::{World, provider, token_of};

const SOON: Duration = Duration::from_secs(10);
const ISSUER: &str = "https://corp.example";

#[tokio::test]
async fn a_stranger_gets_401() {
    let world = World::empty().await;
    world.refuses_strangers(&[("GET", "/agents/a/limits"), ("GET", "/agents/a/refused-callers")]).await;
}

/// An agent with a limit for each caller.
async fn limited(world: &World) {
    let mut spec = world.keyed("/k");
    spec["limits"] = json!([
        {"name": "per-caller", "per": "principal", "scope": "agent", "rate": "4/1h"},
        {"name": "watched", "per": "agent", "scope": "agent", "rate": "100/1h", "enforcement": "shadow"},
    ]);
    world.create("/agents/k", &spec).await;
}

async fn refused_callers(world: &World, agent: &str, count: usize) -> Vec<Value> {
    eventually("so many callers are listed", SOON, async || {
        let seen = world.api.get(&format!("/agents/{agent}/refused-callers")).await.is(200).json();
        let items = seen["items"].as_array().expect("a list").clone();
        (items.len() == count).then_some(items)
    })
    .await
}

#[tokio::test]
async fn limits_tell_how_full_they_are_and_who_was_refused_but_no_credential() {
    let world = World::empty().await;
    limited(&world).await;
    let (id, key) = world.new_key(&json!({"agent": "k", "name": "ci"})).await;
    let (_, other_key) = world.new_key(&json!({"agent": "k"})).await;
    for (key, statuses) in [(&key, &[200, 200, 200, 200, 429, 429][..]), (&other_key, &[200; 3])] {
        for status in statuses {
            assert_eq!(world.with("/k", key).await, *status);
        }
    }
    assert_eq!(world.with("/k", "pck_nonsense").await, 401);

    let seen = world.api.get("/agents/k/limits").await.is(200);
    let items = seen.json()["items"].clone();
    let (limit, watched) = (&items[0], &items[1]);
    for (member, wanted) in [
        ("name", json!("per-caller")),
        ("place", json!("agent")),
        ("buckets", json!("agent")),
        ("rate", json!({"count": 4, "window_seconds": 3600, "burst": 4})),
        ("most", json!(4)),
        ("in_use", json!(2)),
        ("exhausted", json!(1)),
        ("fullest", json!([4, 3])),
        ("allowed", json!(7)),
        ("limited", json!(2)),
        ("shadow_limited", json!(0)),
    ] {
        assert_eq!(limit[member], wanted, "{member} of {limit}");
    }
    assert_eq!((&watched["enforcement"], &watched["fullest"]), (&json!("shadow"), &json!([7])), "{watched}");

    let callers = refused_callers(&world, "k", 2).await;
    let first = &callers[0];
    for (member, wanted) in [
        ("key_id", json!(id)),
        ("key_name", json!("ci")),
        ("sub", json!(null)),
        ("address", json!(null)),
        ("at_least", json!(2)),
        ("at_most", json!(2)),
        ("last_reason", json!("rate_limited")),
    ] {
        assert_eq!(first[member], wanted, "{member} of {first}");
    }
    assert_eq!((&callers[1]["key_id"], &callers[1]["address"]), (&json!(null), &json!("127.0.0.1")));
    let last = first["last_request_id"].as_str().expect("an id");
    assert_eq!(world.api.get(&format!("/decisions/{last}")).await.is(200).json()["key_id"], json!(id));
    let text = format!("{items}{callers:?}");
    for secret in [&key, &other_key] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn a_claim_that_nobody_verified_names_no_caller() {
    let world = World::empty().await;
    let (key, forged) = (Key::new("ES256", "k1"), Key::new("ES256", "k1"));
    world.create("/identity-providers/corp", &provider(ISSUER, &[&key])).await;
    let mut spec = world.guarded("/o", "corp");
    spec["limits"] = json!([{"name": "per-caller", "per": "principal", "scope": "agent", "rate": "1/1h"}]);
    world.create("/agents/o", &spec).await;
    let call = async |key: &Key| {
        let token = format!("Bearer {}", token_of(ISSUER, key));
        world.call("/o", &[("Authorization", &token)]).await.status
    };
    let mut got = Vec::new();
    for key in [&key, &key, &key, &forged] {
        got.push(call(key).await);
    }
    assert_eq!(got, [200, 429, 429, 401]);
    let callers = refused_callers(&world, "o", 2).await;
    let who = |nth: usize| ["provider", "sub", "address"].map(|member| callers[nth][member].clone());
    assert_eq!(who(0), [json!("corp"), json!("alice"), json!(null)]);
    assert_eq!(who(1), [json!(null), json!(null), json!("127.0.0.1")], "its token says alice as well");
}

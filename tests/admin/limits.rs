//! `/api/v1/limits`, and `/api/v1/agents/{name}/limits` and `/refused-callers`: limits of all agents, how full limits are, and who
//! is refused most often.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::If;
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

/// A limit of all callers of each agent together.
fn together(rate: &str) -> Value {
    json!({"per": "agent", "scope": "agent", "rate": rate})
}

#[tokio::test]
async fn a_limit_of_all_agents_holds_at_once_and_a_change_keeps_what_was_spent() {
    let world = World::empty().await;
    world.refuses_strangers(&[("GET", "/limits"), ("PUT", "/limits/all"), ("DELETE", "/limits/all")]).await;
    for name in ["a", "b"] {
        world.create(&format!("/agents/{name}"), &world.open(&format!("/{name}"))).await;
    }
    let path = "/limits/all";
    let rehearsed = world.api.put(&format!("{path}?dry_run=true"), If::Absent, &together("3/1h")).await;
    assert!(rehearsed.json()["diff"].as_str().is_some_and(|diff| diff.contains("+rate: 3/1h")));
    assert_eq!(world.api.get(path).await.status, 404, "after a dry run");
    world.create(path, &together("3/1h")).await;
    let statuses = async |path: &str, times: usize| {
        let mut statuses = Vec::new();
        for _ in 0..times {
            statuses.push(world.status(path).await);
        }
        statuses
    };
    assert_eq!(statuses("/a", 4).await, [200, 200, 200, 429]);
    assert_eq!(statuses("/b", 2).await, [200, 200], "another agent has a bucket of its own");
    // Three of five are spent at the one, and two at the other.
    world.api.put(path, If::Any, &together("5/1h")).await.is(200);
    assert_eq!(
        (statuses("/a", 3).await, statuses("/b", 4).await),
        (vec![200, 200, 429], vec![200, 200, 200, 429])
    );
    let undone = world.api.post("/revisions/3/rollback", If::Any, &json!({"resource": "limits/all"})).await;
    assert_eq!(undone.is(200).json()["resource"], "limits/all");
    assert_eq!(world.api.get(path).await.json()["spec"], together("3/1h"));
    assert_eq!(world.status("/a").await, 429, "more is spent than it permits now");
    let history = world.api.get("/revisions?resource=limits/all").await.json();
    let actions: Vec<&Value> =
        history["items"].as_array().expect("a list").iter().map(|one| &one["changes"][0]["action"]).collect();
    assert_eq!(actions, ["updated", "updated", "created"], "{history}");
    world.api.delete(path, If::Any).await.is(200);
    assert_eq!(statuses("/a", 2).await, [200, 200]);
}

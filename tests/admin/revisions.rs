//! `/api/v1/revisions`: the history, and the way back.

use serde_json::{Value, json};
use testkit::Key;
use testkit::api::If;

use super::world::{World, provider};

#[tokio::test]
async fn a_stranger_gets_401_and_changes_nothing() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    world
        .refuses_strangers(&[
            ("GET", "/revisions"),
            ("GET", "/revisions/1"),
            ("POST", "/revisions/1/rollback"),
        ])
        .await;
    assert_eq!(world.api.get("/revisions").await.json()["head"], 1);
}

#[tokio::test]
async fn a_stale_if_match_is_refused_and_changes_nothing() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let stale = world.api.get("/revisions").await.is(200).tag();
    assert_eq!(stale, "\"r1\"");
    world.api.put("/agents/a", If::Any, &world.open("/b")).await.is(200);
    let back = async |when| world.api.post("/revisions/1/rollback", when, &json!({})).await;
    back(If::Tag(&stale)).await.problem(412, "precondition_failed");
    back(If::Tag("\"r99\"")).await.problem(412, "precondition_failed");
    back(If::Unsaid).await.problem(428, "precondition_required");
    assert_eq!((world.status("/a").await, world.status("/b").await), (404, 200));
    back(If::Tag("\"r2\"")).await.is(200);
    assert_eq!((world.status("/a").await, world.status("/b").await), (200, 404));
}

#[tokio::test]
async fn each_change_is_a_revision_with_who_what_and_the_difference() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    world.api.put("/agents/a", If::Any, &world.keyed("/a")).await.is(200);
    let (id, _) = world.new_key(&json!({"agent": "a"})).await;
    world.api.delete("/agents/a", If::Any).await.is(200);
    let list = world.api.get("/revisions").await.is(200);
    assert_eq!(list.tag(), "\"r4\"");
    let list = list.json();
    assert_eq!((&list["head"], &list["next"]), (&json!(4), &Value::Null), "{list}");
    let changes = |i: usize| {
        let changes = list["items"][i]["changes"].as_array().expect("changes");
        let mut said: Vec<String> =
            changes.iter().map(|c| format!("{} {}", c["action"], c["resource"]).replace('"', "")).collect();
        said.sort();
        said
    };
    assert_eq!(changes(0), ["deleted agents/a".to_owned(), format!("deleted api_keys/{id}")]);
    assert_eq!(changes(1), [format!("created api_keys/{id}")]);
    assert_eq!(
        (changes(2), changes(3)),
        (vec!["updated agents/a".to_owned()], vec!["created agents/a".to_owned()])
    );
    for (i, item) in list["items"].as_array().expect("items").iter().enumerate() {
        assert_eq!(item["number"], 4 - i, "newest first: {item}");
        assert!(item["at"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()), "{item}");
        for member in ["who", "what"] {
            assert!(item[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {item}");
        }
    }
    let one = world.api.get("/revisions/2").await.is(200).json();
    let change = &one["changes"][0];
    for (member, wanted) in [("from", "public"), ("to", "api_key"), ("diff", "api_key")] {
        assert!(change[member].as_str().is_some_and(|text| text.contains(wanted)), "{member} of {change}");
    }
    let diff = change["diff"].as_str().expect("a diff");
    assert!(diff.lines().any(|l| l.starts_with('+')) && diff.lines().any(|l| l.starts_with('-')), "{diff}");
    let key = world.api.get("/revisions/3").await.is(200).json();
    assert_eq!((&key["changes"][0]["from"], &key["changes"][0]["to"]), (&Value::Null, &Value::Null), "{key}");
    let stored = world.api.get("/revisions/4").await.is(200).text + &key.to_string();
    let hashes = stored.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
    assert_eq!(hashes.count(), 0, "the hash of a key is nobody's business: {stored}");
}

#[tokio::test]
async fn the_history_comes_in_pages_and_by_resource() {
    let world = World::empty().await;
    for agent in ["a", "b"] {
        world.create(&format!("/agents/{agent}"), &world.open(&format!("/{agent}"))).await;
    }
    for i in 0..9 {
        let agent = ["a", "b"][i % 2];
        let spec = world.open(&format!("/{agent}{i}"));
        world.api.put(&format!("/agents/{agent}"), If::Any, &spec).await.is(200);
    }
    for (query, wanted) in [
        ("", (1..=11).rev().collect::<Vec<u64>>()),
        ("resource=agents/a&", vec![11, 9, 7, 5, 3, 1]),
        ("resource=agents/nobody&", vec![]),
    ] {
        let (mut seen, mut before) = (Vec::new(), String::new());
        loop {
            let page = world.api.get(&format!("/revisions?{query}limit=2{before}")).await.is(200).json();
            let items = page["items"].as_array().expect("items");
            seen.extend(items.iter().map(|item| item["number"].as_u64().expect("a number")));
            let Some(next) = page["next"].as_u64() else { break };
            before = format!("&before={next}");
        }
        assert_eq!(seen, wanted, "{query}");
    }
}

#[tokio::test]
async fn a_roll_back_brings_agents_and_providers_back_and_never_a_key() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    world.create("/agents/g", &world.guarded("/g", "corp")).await;
    let (revoked, old) = world.with_key("k").await;
    let then = world.api.get("/revisions").await.json()["head"].as_u64().expect("a number");

    world.api.post(&format!("/api-keys/{revoked}/revoke"), If::Any, &json!({})).await.is(200);
    let (_, newer) = world.new_key(&json!({"agent": "k"})).await;
    world.api.delete("/agents/g", If::Any).await.is(200);
    world.api.delete("/identity-providers/corp", If::Any).await.is(200);
    world.create("/agents/later", &world.open("/later")).await;
    world.api.put("/agents/k", If::Any, &world.keyed("/moved")).await.is(200);

    let plan = format!("/revisions/{then}/rollback");
    let head = world.api.get("/revisions").await.tag();
    let dry =
        world.api.post(&format!("{plan}?dry_run=true"), If::Tag(&head), &json!({})).await.is(200).json();
    assert_eq!((&dry["dry_run"], world.status("/g").await), (&json!(true), 404), "{dry}");
    let done = world.api.post(&plan, If::Tag(&head), &json!({})).await.is(200).json();
    assert_eq!(done["revision"], world.api.get("/revisions").await.json()["head"], "{done}");
    for (path, status) in [("/g", 401), ("/k", 401), ("/later", 404), ("/moved", 404)] {
        assert_eq!(world.status(path).await, status, "{path}");
    }
    world.api.get("/identity-providers/corp").await.is(200);
    assert_eq!(
        (world.with("/k", &old).await, world.with("/k", &newer).await),
        (401, 200),
        "keys stay as they are"
    );
    assert_eq!(world.reason("/k", &old).await, "api_key_revoked");
    // The way back is a revision like any other, and can be gone back on.
    let head = world.api.get("/revisions").await.json()["head"].as_u64().expect("a number");
    world.api.post(&format!("/revisions/{}/rollback", head - 1), If::Any, &json!({})).await.is(200);
    for (path, status) in [("/g", 404), ("/later", 200), ("/moved", 401)] {
        assert_eq!(world.status(path).await, status, "{path}");
    }
}

#[tokio::test]
async fn a_deleted_agent_comes_back_without_its_keys() {
    let world = World::empty().await;
    let (_, key) = world.with_key("a").await;
    let then = world.api.get("/revisions").await.json()["head"].as_u64().expect("a number");
    world.api.delete("/agents/a", If::Any).await.is(200);
    world.api.post(&format!("/revisions/{then}/rollback"), If::Any, &json!({})).await.is(200);
    assert_eq!(world.with("/a", &key).await, 401);
    assert_eq!(world.api.get("/api-keys").await.json()["total"], 0);
}

#[tokio::test]
async fn one_resource_alone_can_be_rolled_back() {
    let world = World::empty().await;
    for agent in ["a", "b"] {
        world.create(&format!("/agents/{agent}"), &world.open(&format!("/{agent}1"))).await;
    }
    for agent in ["a", "b"] {
        world.api.put(&format!("/agents/{agent}"), If::Any, &world.open(&format!("/{agent}2"))).await.is(200);
    }
    let only = json!({"resource": "agents/a"});
    world.api.post("/revisions/2/rollback", If::Any, &only).await.is(200);
    for (path, status) in [("/a1", 200), ("/a2", 404), ("/b1", 404), ("/b2", 200)] {
        assert_eq!(world.status(path).await, status, "{path}");
    }
    for resource in ["agents/..", "agents", "api_keys/x", "nothing/a", ""] {
        let reply = world.api.post("/revisions/2/rollback", If::Any, &json!({"resource": resource})).await;
        assert!([404, 422].contains(&reply.status), "{resource}: {} {}", reply.status, reply.text);
    }
}

#[tokio::test]
async fn a_roll_back_that_would_break_something_is_refused_whole() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/agents/a", &world.open("/a")).await;
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    world.api.put("/agents/a", If::Any, &world.guarded("/a", "corp")).await.is(200);
    // Right after revision 1 there was no provider; the agent alone would stay without it.
    let only = json!({"resource": "identity_providers/corp"});
    let refused = world.api.post("/revisions/1/rollback", If::Any, &only).await;
    assert!([409, 422].contains(&refused.status), "{} {}", refused.status, refused.text);
    assert_eq!(world.status("/a").await, 401);
    world.api.get("/identity-providers/corp").await.is(200);
    world.api.post("/revisions/99/rollback", If::Any, &json!({})).await.problem(404, "not_found");
}

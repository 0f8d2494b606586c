//! `/api/v1/identity-providers`: who signs tokens.

use serde_json::{Value, json};
use testkit::api::{If, names};
use testkit::{Issuer, Key};

use super::world::{World, provider, token_of};

const ISSUER: &str = "https://corp.example";

#[tokio::test]
async fn a_stranger_gets_401_and_changes_nothing() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider(ISSUER, &[&key])).await;
    let before = world.api.tag("/identity-providers/corp").await;
    world
        .refuses_strangers(&[
            ("GET", "/identity-providers"),
            ("GET", "/identity-providers/corp"),
            ("PUT", "/identity-providers/corp"),
            ("DELETE", "/identity-providers/corp"),
            ("POST", "/identity-providers/corp/token"),
            ("POST", "/identity-providers:probe"),
        ])
        .await;
    assert_eq!(world.api.tag("/identity-providers/corp").await, before);
}

#[tokio::test]
async fn a_stale_if_match_is_refused_and_changes_nothing() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    let path = "/identity-providers/corp";
    world.create(path, &provider(ISSUER, &[&key])).await;
    let stale = world.api.tag(path).await;
    world.api.put(path, If::Tag(&stale), &provider("https://next.example", &[&key])).await.is(200);
    let next = provider("https://third.example", &[&key]);
    world.api.put(path, If::Tag(&stale), &next).await.problem(412, "precondition_failed");
    world.api.delete(path, If::Tag(&stale)).await.problem(412, "precondition_failed");
    assert_eq!(world.api.get(path).await.json()["issuer"], "https://next.example");
    world.api.put(path, If::Unsaid, &next).await.problem(428, "precondition_required");
    world.api.delete(path, If::Unsaid).await.problem(428, "precondition_required");
    world.api.put(path, If::Absent, &next).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn a_provider_is_added_used_and_removed() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    let made =
        world.api.put("/identity-providers/corp", If::Absent, &provider(ISSUER, &[&key])).await.is(201);
    assert_eq!(made.json()["resource"], "identity_providers/corp");
    let read = world.api.get("/identity-providers/corp").await.is(200);
    assert_eq!(read.tag(), made.tag());
    let read = read.json();
    for (member, wanted) in [
        ("name", json!("corp")),
        ("issuer", json!(ISSUER)),
        ("managed_by", json!("store")),
        ("used_by", json!([])),
        ("used_by_total", json!(0)),
        ("health", json!("ok")),
        ("keys", json!(1)),
        ("spec", provider(ISSUER, &[&key])),
    ] {
        assert_eq!(read[member], wanted, "{member} of {read}");
    }
    let listed = &read["status"]["keys"][0];
    assert_eq!((&listed["kid"], &listed["last_used"]), (&json!("k1"), &Value::Null), "{read}");
    assert!(listed["algorithms"].to_string().contains("ES256"), "{read}");

    world.create("/agents/a", &world.guarded("/a", "corp")).await;
    let bearer = format!("Bearer {}", token_of(ISSUER, &key));
    assert_eq!(world.call("/a", &[("authorization", &bearer)]).await.status, 200);
    let used = world.api.get("/identity-providers/corp").await.json();
    assert_eq!((&used["used_by"], &used["used_by_total"]), (&json!(["a"]), &json!(1)), "{used}");
    assert!(used["status"]["keys"][0]["last_used"].is_u64(), "the key was used: {used}");

    world.api.delete("/agents/a", If::Any).await.is(200);
    world.api.delete("/identity-providers/corp", If::Tag(&made.tag())).await.is(200);
    world.api.get("/identity-providers/corp").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_provider_in_use_stays_and_the_agents_that_use_it_are_named() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider(ISSUER, &[&key])).await;
    for agent in ["b", "a", "c"] {
        world.create(&format!("/agents/{agent}"), &world.guarded(&format!("/{agent}"), "corp")).await;
    }
    for query in ["", "?dry_run=true"] {
        let refused = world.api.delete(&format!("/identity-providers/corp{query}"), If::Any).await;
        assert_eq!(refused.problem(409, "in_use")["agents"], json!(["a", "b", "c"]), "{query}");
    }
    let bearer = format!("Bearer {}", token_of(ISSUER, &key));
    assert_eq!(world.call("/b", &[("authorization", &bearer)]).await.status, 200);
    for agent in ["a", "b", "c"] {
        world.api.put(&format!("/agents/{agent}"), If::Any, &world.open(&format!("/{agent}"))).await.is(200);
    }
    world.api.delete("/identity-providers/corp", If::Any).await.is(200);
}

#[tokio::test]
async fn an_issuer_of_discovery_is_live_with_its_keys_when_the_write_answers_or_soon_after() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    world.create("/identity-providers/real", &json!({"issuer": issuer.url})).await;
    world.create("/agents/a", &world.guarded("/a", "real")).await;
    let bearer = format!("Bearer {}", key.token(&key.header("ES256"), &issuer.claims("x")));
    testkit::eventually("its keys are there", std::time::Duration::from_secs(5), async || {
        (world.call("/a", &[("authorization", &bearer)]).await.status == 200).then_some(())
    })
    .await;
    let status = world.api.get("/identity-providers/real").await.is(200).json();
    assert_eq!((&status["health"], &status["keys"]), (&json!("ok"), &json!(1)), "{status}");
    assert!(status["status"]["keys"][0]["first_seen"].is_u64(), "{status}");
    assert!(status["status"]["last_success"].is_u64() && status["status"]["next_due"].is_u64(), "{status}");
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_says_so() {
    let world = World::empty().await;
    world.create("/identity-providers/away", &json!({"issuer": "http://127.0.0.1:1"})).await;
    let failing =
        testkit::eventually("its failure is told", std::time::Duration::from_secs(10), async || {
            let read = world.api.get("/identity-providers/away").await.is(200).json();
            read["status"]["last_error"].is_string().then_some(read)
        })
        .await;
    assert!(["failing", "waiting"].contains(&failing["health"].as_str().unwrap_or_default()), "{failing}");
    assert_eq!((&failing["keys"], &failing["status"]["usable"]), (&json!(0), &json!(false)), "{failing}");
}

#[tokio::test]
async fn what_is_wrong_with_a_provider_is_said_with_its_place() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    let cases: Vec<(&str, Value, Vec<&str>)> = vec![
        ("no issuer", json!({}), vec![""]),
        ("plain http", json!({"issuer": "http://idp.example"}), vec!["/issuer"]),
        (
            "two sources",
            {
                let mut both = provider(ISSUER, &[&key]);
                both["jwks_uri"] = "https://corp.example/jwks".into();
                both
            },
            vec![""],
        ),
        (
            "an algorithm that cannot be",
            json!({"issuer": ISSUER, "algorithms": ["RS256", "none", "HS256"]}),
            vec!["/algorithms/1", "/algorithms/2"],
        ),
        (
            "durations",
            json!({"issuer": ISSUER, "leeway": "1h", "refresh": "soon"}),
            vec!["/leeway", "/refresh"],
        ),
        ("a number", json!(7), vec![""]),
        ("an unknown member", json!({"issuer": ISSUER, "isuer": "x"}), vec!["/isuer"]),
    ];
    for (what, body, wanted) in cases {
        let refused = world.api.put("/identity-providers/corp", If::Absent, &body).await;
        let found = refused.pointers();
        assert_eq!(found.len(), wanted.len(), "{what}: {}", refused.text);
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!(found.starts_with(wanted), "{what}: {found} for {wanted}: {}", refused.text);
        }
    }
    assert_eq!(world.api.get("/identity-providers").await.json()["total"], 0);
}

#[tokio::test]
async fn many_providers_are_read_page_by_page() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    for i in 0..12 {
        let spec = provider(&format!("https://p{i}.example"), &[&key]);
        world.create(&format!("/identity-providers/p{i:02}"), &spec).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.api.get(&format!("/identity-providers?limit=5{after}")).await.is(200).json();
        assert_eq!(page["total"], 12);
        seen.extend(names(&page, "name"));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, (0..12).map(|i| format!("p{i:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_removed_provider_stops_verifying_at_once() {
    let world = World::empty().await;
    let (old, new) = (Key::new("ES256", "k1"), Key::new("ES256", "k1"));
    world.create("/identity-providers/corp", &provider(ISSUER, &[&old])).await;
    world.create("/agents/a", &world.guarded("/a", "corp")).await;
    let bearer = |key| format!("Bearer {}", token_of(ISSUER, key));
    let (with_old, with_new) = (bearer(&old), bearer(&new));
    let call = async |bearer: &str| world.call("/a", &[("authorization", bearer)]).await.status;
    assert_eq!((call(&with_old).await, call(&with_new).await), (200, 401));
    world.api.put("/identity-providers/corp", If::Any, &provider(ISSUER, &[&new])).await.is(200);
    assert_eq!((call(&with_old).await, call(&with_new).await), (401, 200), "cached verdicts included");
}

//! `/api/v1/api-keys`: the life of a key.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{If, names};
use testkit::eventually;

use super::world::World;

#[tokio::test]
async fn a_stranger_gets_401_and_changes_nothing() {
    let world = World::empty().await;
    let (id, key) = world.with_key("a").await;
    let of = |rest: &str| format!("/api-keys/{id}{rest}");
    world
        .refuses_strangers(&[
            ("GET", "/api-keys"),
            ("GET", &of("")),
            ("POST", "/api-keys"),
            ("POST", &of("/revoke")),
            ("POST", &of("/rotate")),
            ("DELETE", &of("")),
        ])
        .await;
    assert_eq!(world.with("/a", &key).await, 200);
    assert_eq!(world.api.get("/api-keys").await.json()["total"], 1);
}

#[tokio::test]
async fn a_stale_if_match_is_refused_and_changes_nothing() {
    let world = World::empty().await;
    let (id, key) = world.with_key("a").await;
    let of = |rest: &str| format!("/api-keys/{id}{rest}");
    for tag in [If::Tag("\"never\""), If::Unsaid] {
        let refused = [
            world.api.post(&of("/revoke"), tag, &json!({})).await,
            world.api.post(&of("/rotate"), tag, &json!({"overlap": "1h"})).await,
            world.api.delete(&of(""), tag).await,
        ];
        for reply in refused {
            match tag {
                If::Unsaid => reply.problem(428, "precondition_required"),
                _ => reply.problem(412, "precondition_failed"),
            };
        }
    }
    assert_eq!(world.with("/a", &key).await, 200);
    let (one, two) = (world.api.tag(&of("")).await, world.api.tag(&of("")).await);
    world.api.post(&of("/revoke"), If::Tag(&one), &json!({})).await.is(200);
    world.api.delete(&of(""), If::Tag(&two)).await.problem(412, "precondition_failed");
    assert_eq!(world.api.get(&of("")).await.json()["state"], "revoked");
}

/// Every file under a folder with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            all.extend(files(&entry));
        } else {
            let bytes = std::fs::read(&entry).expect("a file");
            all.push((entry.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    all
}

#[tokio::test]
async fn a_key_is_shown_once_and_never_again_anywhere() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    let made = world.api.post("/api-keys", If::Unsaid, &json!({"agent": "a", "name": "first"})).await.is(201);
    let made = made.json();
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("the key"));
    assert!(key.starts_with(&format!("pck_{id}_")), "{made}");
    assert_eq!(made["masked"], format!("pck_{id}_\u{2026}"), "{made}");
    assert_eq!(world.with("/a", key).await, 200);
    let (_, second) = world.new_key(&json!({"agent": "a"})).await;
    let renewed = world.api.post(&format!("/api-keys/{id}/rotate"), If::Any, &json!({"overlap": "1h"})).await;
    let third = renewed.is(201).json()["key"].as_str().expect("a key").to_owned();
    assert_eq!((world.with("/a", &second).await, world.with("/a", &third).await), (200, 200));

    let mut places = files(world.gateway.folder.path());
    for path in [
        "/api-keys",
        &*format!("/api-keys/{id}"),
        "/agents/a",
        "/agents",
        "/revisions?limit=500",
        "/revisions/1",
        "/revisions/2",
        "/revisions/3",
        "/revisions/4",
        "/status",
        "/decisions",
        "/traffic",
    ] {
        let reply = world.api.get(path).await.is(200);
        places.push((path.to_owned(), format!("{:?} {}", reply.headers, reply.text)));
    }
    places.push(("stderr".to_owned(), world.gateway.stderr().join("\n")));
    places.push(("stdout".to_owned(), world.gateway.stdout().join("\n")));
    assert!(places.iter().any(|(place, _)| place.ends_with(&format!("api_keys/{id}.yaml"))), "{places:?}");
    for key in [key, &second, &third] {
        let secret = &key[13..43];
        for (place, text) in &places {
            assert!(!text.contains(secret), "the secret part of a key is in {place}");
        }
    }
}

#[tokio::test]
async fn a_new_key_says_what_it_is() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    let at = jiff::Timestamp::from_second(testkit::now().cast_signed() + 86_400).expect("a time");
    for (wanted, name, expires) in [
        (json!({"agent": "a"}), Value::Null, None),
        (json!({"agent": "a", "name": "Bob's \"key\" \u{e4}"}), json!("Bob's \"key\" \u{e4}"), None),
        (json!({"agent": "a", "expires_in": "1d"}), Value::Null, Some(at)),
        (json!({"agent": "a", "expires_at": at.to_string()}), Value::Null, Some(at)),
    ] {
        let made = world.api.post("/api-keys", If::Unsaid, &wanted).await.is(201).json();
        let read = world.api.get(&format!("/api-keys/{}", made["id"].as_str().expect("an id"))).await.is(200);
        let tag = read.tag();
        let read = read.json();
        assert_eq!(read["etag"], Value::from(tag.trim_matches('"')), "{read}");
        assert_eq!(read.get("key"), None, "{read}");
        for (member, wanted) in [
            ("agent", json!("a")),
            ("name", name),
            ("state", json!("active")),
            ("revoked_at", Value::Null),
            ("last_used_at", Value::Null),
            ("managed_by", json!("store")),
            ("masked", made["masked"].clone()),
        ] {
            assert_eq!(read[member], wanted, "{member} of {read}");
        }
        let until =
            read["expires_at"].as_str().map(|text| text.parse::<jiff::Timestamp>().expect("RFC 3339"));
        let near = |at: jiff::Timestamp| until.is_some_and(|u| (u.as_second() - at.as_second()).abs() < 10);
        assert!(expires.map_or(until.is_none(), near), "{read}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_is_refused_with_its_place() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    for (body, place) in [
        (json!({}), ""),
        (json!({"agent": "nobody"}), "/agent"),
        (json!({"agent": 7}), "/agent"),
        (json!({"agent": "a", "colour": 1}), "/colour"),
        (json!({"agent": "a", "expires_in": "soon"}), "/expires_in"),
        (json!({"agent": "a", "expires_at": "tomorrow"}), "/expires_at"),
        (json!({"agent": "a", "name": ["x"]}), "/name"),
    ] {
        let refused = world.api.post("/api-keys", If::Unsaid, &body).await;
        assert_eq!(refused.pointers(), [place], "{body}: {}", refused.text);
    }
    let both = json!({"agent": "a", "expires_in": "1d", "expires_at": "2099-01-01T00:00:00Z"});
    world.api.post("/api-keys", If::Unsaid, &both).await.problem(422, "invalid");
    assert_eq!(world.api.get("/api-keys").await.json()["total"], 0);
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_the_very_next_request() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    for round in 0..10 {
        let (id, key) = world.new_key(&json!({"agent": "a"})).await;
        assert_eq!(world.with("/a", &key).await, 200, "a new key is live: round {round}");
        let path = format!("/api-keys/{id}");
        let tag = world.api.tag(&path).await;
        world.api.post(&format!("{path}/revoke"), If::Tag(&tag), &json!({})).await.is(200);
        assert_eq!(world.with("/a", &key).await, 401, "round {round}");
        assert_eq!(world.reason("/a", &key).await, "api_key_revoked", "round {round}");
        let read = world.api.get(&path).await.is(200).json();
        assert_eq!(read["state"], "revoked");
        assert!(
            read["revoked_at"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()),
            "{read}"
        );
    }
}

#[tokio::test]
async fn a_rotated_key_lives_through_the_overlap_and_not_longer() {
    let world = World::empty().await;
    let (id, old) = world.with_key("a").await;
    let path = format!("/api-keys/{id}");
    let tag = world.api.tag(&path).await;
    let renewed = world.api.post(&format!("{path}/rotate"), If::Tag(&tag), &json!({"overlap": "1s"})).await;
    // Both at once, before anything else is looked at: the overlap is short.
    let renewed = renewed.is(201).json();
    let new = renewed["key"].as_str().expect("a key");
    assert_eq!((world.with("/a", &old).await, world.with("/a", new).await), (200, 200), "both are live");
    assert_eq!((&renewed["replaces"], &renewed["agent"]), (&json!(id), &json!("a")), "{renewed}");
    assert_ne!(renewed["id"], json!(id));
    let until = renewed["old_expires_at"].as_str().expect("a time").parse::<jiff::Timestamp>();
    assert!(until.is_ok(), "{renewed}");
    eventually("the old one expires", Duration::from_secs(5), async || {
        (world.reason("/a", &old).await == "api_key_expired").then_some(())
    })
    .await;
    assert_eq!((world.with("/a", &old).await, world.with("/a", new).await), (401, 200));
    assert_eq!(world.api.get(&path).await.json()["state"], "expired");
    for (what, body) in [("none", json!({})), ("nonsense", json!({"overlap": "long"}))] {
        let id = renewed["id"].as_str().expect("an id");
        let reply = world.api.post(&format!("/api-keys/{id}/rotate"), If::Any, &body).await;
        assert!([201, 422].contains(&reply.status), "{what}: {} {}", reply.status, reply.text);
    }
}

#[tokio::test]
async fn a_rotation_never_lengthens_the_life_of_the_old_key() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    let (id, _) = world.new_key(&json!({"agent": "a", "expires_in": "1h"})).await;
    let before = world.api.get(&format!("/api-keys/{id}")).await.json()["expires_at"].clone();
    world.api.post(&format!("/api-keys/{id}/rotate"), If::Any, &json!({"overlap": "30d"})).await.is(201);
    assert_eq!(world.api.get(&format!("/api-keys/{id}")).await.json()["expires_at"], before);
}

#[tokio::test]
async fn a_caller_without_a_key_is_told_which_header_it_belongs_into() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    let answer = testkit::client().get(world.gateway.url("/a")).send().await.expect("it answers");
    assert_eq!(answer.status().as_u16(), 401);
    let body = answer.text().await.expect("a body");
    assert!(body.contains("in the header x-api-key"), "{body}");
}

#[tokio::test]
async fn a_key_expires_by_itself() {
    let world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    let (id, key) = world.new_key(&json!({"agent": "a", "expires_in": "1s"})).await;
    eventually("it expires", Duration::from_secs(5), async || {
        (world.reason("/a", &key).await == "api_key_expired").then_some(())
    })
    .await;
    assert_eq!(world.api.get(&format!("/api-keys/{id}")).await.json()["state"], "expired");
    assert_eq!(world.api.get("/api-keys").await.json()["items"][0]["state"], "expired");
}

#[tokio::test]
async fn its_last_use_is_told_and_a_refused_call_is_no_use() {
    let world = World::empty().await;
    let (used, key) = world.with_key("a").await;
    let (idle, _) = world.with_key("b").await;
    let last =
        async |id: &str| world.api.get(&format!("/api-keys/{id}")).await.json()["last_used_at"].clone();
    assert_eq!(world.with("/a", &key).await, 200);
    let at = eventually("its use is told", Duration::from_secs(5), async || {
        last(&used).await.as_str().map(|at| at.parse::<jiff::Timestamp>().expect("RFC 3339"))
    })
    .await;
    assert!((at.as_second() - testkit::now().cast_signed()).abs() < 10, "{at}");
    assert_eq!(last(&idle).await, Value::Null);
    // At another agent it is no key at all.
    assert_eq!(world.with("/b", &key).await, 401);
    assert_eq!(last(&idle).await, Value::Null);
}

#[tokio::test]
async fn a_deleted_key_is_unknown_from_the_very_next_request() {
    let world = World::empty().await;
    let (id, key) = world.with_key("a").await;
    let tag = world.api.tag(&format!("/api-keys/{id}")).await;
    world.api.delete(&format!("/api-keys/{id}"), If::Tag(&tag)).await.is(200);
    assert_eq!((world.with("/a", &key).await, &*world.reason("/a", &key).await), (401, "api_key_invalid"));
    world.api.get(&format!("/api-keys/{id}")).await.problem(404, "not_found");
    assert_eq!(world.stored(&format!("api_keys/{id}.yaml")), "");
}

#[tokio::test]
async fn a_list_is_of_one_agent_or_of_all_and_comes_in_pages() {
    let world = World::empty().await;
    for agent in ["a", "b"] {
        world.create(&format!("/agents/{agent}"), &world.keyed(&format!("/{agent}"))).await;
    }
    for i in 0..7 {
        world.new_key(&json!({"agent": if i % 2 == 0 { "a" } else { "b" }})).await;
    }
    for (query, total) in [("", 7), ("agent=a&", 4), ("agent=b&", 3), ("agent=nobody&", 0)] {
        let (mut seen, mut after) = (std::collections::BTreeSet::new(), String::new());
        loop {
            let page = world.api.get(&format!("/api-keys?{query}limit=2{after}")).await.is(200).json();
            assert_eq!(page["total"], total, "{query}");
            for id in names(&page, "id") {
                assert!(seen.insert(id), "{query}: twice");
            }
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen.len(), total, "{query}");
    }
    assert_eq!(world.api.get("/agents/a").await.json()["api_keys"], 4);
}

#[tokio::test]
async fn a_dry_run_makes_no_key_and_ends_none() {
    let world = World::empty().await;
    let (id, key) = world.with_key("a").await;
    let made = world.api.post("/api-keys?dry_run=true", If::Unsaid, &json!({"agent": "a"})).await;
    assert!([200, 201].contains(&made.status), "{} {}", made.status, made.text);
    world.api.post(&format!("/api-keys/{id}/revoke?dry_run=true"), If::Any, &json!({})).await.is(200);
    world.api.delete(&format!("/api-keys/{id}?dry_run=true"), If::Any).await.is(200);
    let wanted = json!({"overlap": "1s"});
    let renewed = world.api.post(&format!("/api-keys/{id}/rotate?dry_run=true"), If::Any, &wanted).await;
    assert!([200, 201].contains(&renewed.status), "{} {}", renewed.status, renewed.text);
    assert_eq!(world.api.get("/api-keys").await.json()["total"], 1);
    assert_eq!(world.with("/a", &key).await, 200);
    assert_eq!(world.api.get(&format!("/api-keys/{id}")).await.json()["expires_at"], Value::Null);
}

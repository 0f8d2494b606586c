//! Documents that are broken on disk: reported, and blocking no other change.

use std::fs;

use serde_json::json;

use crate::config::Code;
use crate::control::ChangeCode;
use crate::store::Query;

use super::super::edit::{EditError, Expect, RollBack, To};
use super::super::fixtures::{
    BROKEN, DOCUMENT, World, agent, broken, by_hand, key, resource, text_of, with_a_broken_agent,
};

#[tokio::test]
async fn an_edit_by_hand_goes_live_and_a_broken_one_is_reported() {
    let world = World::start(DOCUMENT).await;
    world.put("agents/a", agent(json!("public"))).await;
    fs::write(
        world.file("agents/a"),
        "# by hand\nroute: /hand\nupstream: http://127.0.0.1:9000\nauth: public\n",
    )
    .unwrap();
    let reloaded = world.control.reload().await.unwrap();
    assert_ne!(reloaded.outcome, crate::control::Outcome::Refused);
    let written = world.control.written(&resource("agents/a")).unwrap();
    assert_eq!(written.spec["route"], "/hand");

    // An equal value over the API keeps the comment.
    world.edit("agents/a", Expect::Tags(vec![written.tag]), To::Json(written.spec)).await.unwrap();
    assert!(fs::read_to_string(world.file("agents/a")).unwrap().starts_with("# by hand"));

    fs::write(world.file("agents/a"), "route: /broken\n").unwrap();
    let error = world.control.reload().await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    assert!(findings.iter().all(|f| f.resource.as_ref() == Some(&resource("agents/a"))), "{findings:?}");
    let refused = world.control.status().refused.clone().unwrap();
    assert_eq!(refused.findings, findings);
    assert_eq!(world.control.written(&resource("agents/a")).unwrap().spec["route"], "/hand");
}

#[tokio::test]
async fn a_broken_document_blocks_no_change_of_another() {
    let world = World::start(DOCUMENT).await;
    world.put("agents/a", agent(json!({"api_key": {}}))).await;
    world.put("api_keys/Yq3Zk81b", key("a")).await;
    let good = with_a_broken_agent(&world).await;
    let mut revoked = key("a");
    revoked["revoked_at"] = json!("2026-12-01T00:00:00Z");
    let mut third = agent(json!("public"));
    third["route"] = json!("/c");
    for (id, expect, to) in [
        ("api_keys/Yq3Zk81b", Expect::Present, To::Json(revoked)),
        ("agents/c", Expect::Absent, To::Json(third)),
        ("agents/c", Expect::Present, To::Nothing),
        ("agents/a", Expect::Present, To::Json(agent(json!("public")))),
        ("agents/a", Expect::Present, To::Nothing),
    ] {
        let edited = world.edit(id, expect, to).await.unwrap_or_else(|e| panic!("{id}: {e:?}"));
        assert!(edited.number.is_some(), "{id}");
        let told = edited.warnings.iter().find(|w| w.code == ChangeCode::BrokenDocument.into()).unwrap();
        assert_eq!(told.resource, Some(resource("agents/b")), "{id}");
        assert_eq!(broken(&world), ["agents/b"], "{id}");
        assert_eq!(fs::read_to_string(world.file("agents/b")).unwrap(), BROKEN, "its file is left as it is");
        assert_eq!(text_of(&world, "agents/b").as_ref(), Some(&good), "its last good text runs");
    }
    assert!(!world.has("api_keys/Yq3Zk81b") && !world.has("agents/a"));
    let back =
        RollBack { number: 1, only: None, expect_head: None, who: "t".into(), dry_run: false, force: false };
    let back = world.control.roll_back(back).await.unwrap();
    assert!(back.diff.contains("agents/a.yaml"), "{}", back.diff);
    let seen = world.control.status().broken.first().cloned();
    assert_eq!(seen, None, "rolled back past the broken one, which is gone with it");
    assert!(world.has("agents/a") && !world.has("agents/b"));
}

#[tokio::test]
async fn an_invalid_key_file_blocks_only_changes_of_its_provider() {
    let world = World::start(DOCUMENT).await;
    let file = world.folder.path().join("keys.json");
    let good = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    fs::write(&file, good).unwrap();
    let corp = json!({"issuer": "https://idp.example.com", "jwks_file": file.to_str().unwrap()});
    world.put("identity_providers/corp", corp.clone()).await;
    fs::write(&file, "{").unwrap();
    assert!(world.control.reload().await.is_err());
    world.put("agents/a", agent(json!("public"))).await;
    let mut changed = corp.clone();
    changed["leeway"] = json!("5s");
    let error = world.edit("identity_providers/corp", Expect::Present, To::Json(changed)).await.unwrap_err();
    assert!(matches!(error, EditError::Invalid(_)), "{error:?}");
    let seen = world.control.status().broken.clone();
    assert_eq!((broken(&world), seen[0].restorable), (vec!["identity_providers/corp".to_owned()], false));
    fs::write(&file, good).unwrap();
    world.control.reload().await.unwrap();
    assert_eq!(broken(&world).len(), 0);
}

#[tokio::test]
async fn documents_saved_together_go_live_together_and_later_ones_by_themselves() {
    let world = World::start(DOCUMENT).await;
    let good = with_a_broken_agent(&world).await;
    by_hand(&world, "agents/b", &good);
    world.control.reload().await.unwrap();
    let text = |route: &str| format!("route: {route}\nupstream: http://127.0.0.1:9000\nauth: public\n");
    // Saved together: the valid document waits for the broken one.
    by_hand(&world, "agents/b", BROKEN);
    by_hand(&world, "agents/x", &text("/x"));
    assert!(world.control.reload().await.is_err());
    assert_eq!(
        (broken(&world), text_of(&world, "agents/x")),
        (vec!["agents/b".into(), "agents/x".into()], None)
    );
    // A later one is a change of its own.
    by_hand(&world, "agents/y", &text("/y"));
    assert!(world.control.reload().await.is_err(), "something is still broken");
    assert_eq!(text_of(&world, "agents/y"), Some(text("/y")));
    assert_eq!(text_of(&world, "agents/x"), None);
    let last = world.control.history(Query { limit: 1, ..Query::default() }).await.unwrap();
    assert_eq!((last[0].commit.who.as_str(), last[0].commit.changes.len()), ("files", 1));
    by_hand(&world, "agents/b", &good);
    world.control.reload().await.unwrap();
    assert_eq!(text_of(&world, "agents/x"), Some(text("/x")));
    assert_eq!(broken(&world).len(), 0);
}

#[tokio::test]
async fn a_change_that_conflicts_with_the_live_text_of_a_broken_document_is_rejected() {
    let world = World::start(DOCUMENT).await;
    with_a_broken_agent(&world).await;
    let mut same_route = agent(json!("public"));
    same_route["route"] = json!("/b");
    let error = world.edit("agents/c", Expect::Absent, To::Json(same_route)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    assert!(findings.iter().any(|f| f.code == Code::DuplicateRoute.into()), "{findings:?}");
}

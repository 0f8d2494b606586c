//! Rolling back and restoring.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::store::Query;

use super::super::edit::{EditError, Expect, Restore, RollBack, To};
use super::super::fixtures::{
    BROKEN, DOCUMENT, World, agent, broken, key, resource, text_of, with_a_broken_agent,
};

#[tokio::test]
async fn rolling_back_restores_agents_and_no_keys() {
    let world = World::start(DOCUMENT).await;
    world.put("agents/a", agent(json!({"api_key": {}}))).await;
    world.put("api_keys/Yq3Zk81b", key("a")).await;
    let mut other = agent(json!("public"));
    other["route"] = json!("/b");
    world.put("agents/b", other).await;
    world.put("agents/a", agent(json!("public"))).await;
    world.edit("api_keys/Yq3Zk81b", Expect::Present, To::Nothing).await.unwrap();
    let back = |number, only: Option<&str>, expect_head| RollBack {
        number,
        only: only.map(resource),
        expect_head,
        who: "tester".to_owned(),
        dry_run: false,
        force: false,
    };
    let stale = world.control.roll_back(back(1, None, Some(4))).await;
    assert!(matches!(stale, Err(EditError::Precondition { .. })), "{stale:?}");
    let beyond = world.control.roll_back(back(9, None, None)).await;
    assert!(matches!(beyond, Err(EditError::NoRevision(9))), "{beyond:?}");

    let one = world.control.roll_back(back(3, Some("agents/a"), Some(5))).await.unwrap();
    assert_eq!(one.number, Some(6));
    let auth = |id: &str| world.control.written(&resource(id)).map(|w| w.spec["auth"].clone());
    assert_eq!(auth("agents/a"), Some(json!({"api_key": {}})));
    assert!(!world.has("api_keys/Yq3Zk81b"), "a key that was taken away stays away");
    assert!(world.has("agents/b"));

    world.control.roll_back(back(0, None, None)).await.unwrap();
    assert!(!world.has("agents/a") && !world.has("agents/b"));
    let history = world.control.history(Query { limit: 2, ..Query::default() }).await.unwrap();
    assert_eq!(history[0].commit.what, "roll back to revision 0");
    let none = world.control.roll_back(back(7, None, None)).await.unwrap();
    assert_eq!(none.number, None, "there is nothing to roll back");
}

#[tokio::test]
async fn a_change_that_names_a_broken_document_replaces_it() {
    for how in ["restore", "put", "put the same", "delete", "roll back"] {
        let world = World::start(DOCUMENT).await;
        let good = with_a_broken_agent(&world).await;
        let tag = world.control.written(&resource("agents/b")).unwrap().tag;
        let mut other = agent(json!("public"));
        other["route"] = json!("/other");
        let mut same = agent(json!("public"));
        same["route"] = json!("/b");
        let put =
            async |value| world.edit("agents/b", Expect::Tags(vec![tag.clone()]), To::Json(value)).await;
        let only = Some(resource("agents/b"));
        let who = "t".to_owned();
        let edited = match how {
            "restore" => {
                let restore = Restore { id: resource("agents/b"), who, dry_run: false };
                world.control.restore(restore).await
            }
            "put" => put(other).await,
            "put the same" => put(same).await,
            "delete" => world.edit("agents/b", Expect::Tags(vec![tag.clone()]), To::Nothing).await,
            _ => {
                let back =
                    RollBack { number: 1, only, expect_head: Some(1), who, dry_run: false, force: false };
                world.control.roll_back(back).await
            }
        };
        let edited = edited.unwrap_or_else(|e| panic!("{how}: {e:?}"));
        assert_eq!(edited.number, Some(2), "{how}");
        assert!(edited.diff.contains("-auth: { oauth: { scope: x } }"), "{how}: {}", edited.diff);
        assert_eq!((broken(&world).len(), &world.control.status().refused), (0, &None), "{how}");
        let now = fs::read_to_string(world.file("agents/b")).ok();
        assert_eq!(text_of(&world, "agents/b"), now, "{how}: what runs is what is kept");
        assert_eq!(now.as_ref() == Some(&good), !["put", "delete"].contains(&how), "{how}");
        let history = world.control.record(2).await.unwrap().unwrap();
        assert_eq!(history.commit.changes[0].from.as_deref(), Some(BROKEN), "{how}: nothing is lost");
    }
}

#[tokio::test]
async fn every_kind_of_broken_document_blocks_nothing_and_can_be_restored() {
    let gone: fn(PathBuf) = |path| fs::remove_file(path).unwrap();
    let no_text: fn(PathBuf) = |path| fs::write(path, b"route: /b\xff").unwrap();
    let link: fn(PathBuf) = |path| {
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", path).unwrap();
    };
    let yaml: fn(PathBuf) = |path| fs::write(path, "{").unwrap();
    for (how, id, spoil) in [
        ("no text", "agents/a", no_text),
        ("a link to nowhere", "agents/a", link),
        ("no YAML", "agents/a", yaml),
        ("a provider that is gone while agents accept it", "identity_providers/corp", gone),
        ("no text of a key", "api_keys/Yq3Zk81b", no_text),
    ] {
        let world = World::start(DOCUMENT).await;
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        world
            .put("identity_providers/corp", json!({"issuer": "https://idp.example.com", "public_key": pem}))
            .await;
        world.put("agents/a", agent(json!({"oauth": {"identity_providers": ["corp"]}}))).await;
        let mut keyed = agent(json!({"api_key": {}}));
        keyed["route"] = json!("/k");
        world.put("agents/k", keyed.clone()).await;
        world.put("api_keys/Yq3Zk81b", key("k")).await;
        spoil(world.file(id));
        assert!(world.control.reload().await.is_err(), "{how}");
        assert!(broken(&world).contains(&id.to_owned()), "{how}: {:?}", broken(&world));
        keyed["display_name"] = json!("changed meanwhile");
        world
            .edit("agents/k", Expect::Present, To::Json(keyed))
            .await
            .unwrap_or_else(|e| panic!("{how}: {e:?}"));
        let restore = Restore { id: resource(id), who: "t".to_owned(), dry_run: false };
        world.control.restore(restore).await.unwrap_or_else(|e| panic!("{how}: {e:?}"));
        assert_eq!((broken(&world).len(), &world.control.status().refused), (0, &None), "{how}");
        assert!(world.has(id), "{how}");
    }
}

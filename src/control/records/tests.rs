//! Edits by hand in the history.

use std::fs;

use serde_json::json;

use super::super::edit::RollBack;
use super::super::fixtures::{DOCUMENT, World, agent, by_hand, resource, text_of};

#[tokio::test]
async fn an_edit_by_hand_is_a_revision_and_a_roll_back_restores_what_a_revision_shows() {
    let world = World::start(DOCUMENT).await;
    let spec = |name: &str| {
        let mut spec = agent(json!("public"));
        spec["display_name"] = json!(name);
        spec
    };
    world.put("agents/a", spec("one")).await;
    let one = text_of(&world, "agents/a").unwrap();
    let hand = one.replace("one", "hand");
    by_hand(&world, "agents/a", &hand);
    world.control.reload().await.unwrap();
    let head = world.control.status().head.clone();
    assert_eq!((head.number, head.by.as_deref(), head.text_is_live), (2, Some("files"), true));
    by_hand(&world, "agents/a", "display_name: [\n");
    assert!(world.control.reload().await.is_err());
    assert_eq!(world.control.status().head.number, 2, "what is not valid is no revision");
    world.put("agents/a", spec("three")).await;
    assert_eq!(world.control.status().head.number, 3);
    for (number, wanted) in [(2, hand.clone()), (1, one.clone()), (3, one.replace("one", "three"))] {
        let only = Some(resource("agents/a"));
        let back =
            RollBack { number, only, expect_head: None, who: "t".into(), dry_run: false, force: false };
        let edited = world.control.roll_back(back).await.unwrap();
        assert_ne!(edited.diff, "", "{number}");
        assert_eq!(text_of(&world, "agents/a"), Some(wanted), "{number}");
    }
}

#[tokio::test]
async fn edits_made_while_no_gateway_ran_are_a_revision_at_the_next_start() {
    let world = World::start(DOCUMENT).await;
    world.put("agents/a", agent(json!("public"))).await;
    // The folder as it was left, in another place.
    let folder = tempfile::tempdir().unwrap();
    for file in ["portcullis.yaml", "store/agents/a.yaml", "store/revisions/00000001.json"] {
        fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
        fs::copy(world.folder.path().join(file), folder.path().join(file)).unwrap();
    }
    let file = folder.path().join("store/agents/a.yaml");
    let text = fs::read_to_string(&file).unwrap().replace("/a", "/hand");
    fs::write(&file, &text).unwrap();
    let world = World::over(folder).await;
    let record = loop {
        if let Some(record) = world.control.record(2).await.unwrap() {
            break record;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((record.commit.who.as_str(), record.commit.changes[0].to.as_ref()), ("files", Some(&text)));
    assert!(world.control.status().head.text_is_live);
}

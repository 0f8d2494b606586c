//! The second day: a file of the store is broken, and something has to be done all the same.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::If;
use testkit::{eventually, portcullis};

use super::world::World;

fn file(world: &World, id: &str) -> PathBuf {
    world.gateway.folder.path().join("store").join(format!("{id}.yaml"))
}

fn read(world: &World, id: &str) -> String {
    std::fs::read_to_string(file(world, id)).expect("its file")
}

fn write(world: &World, id: &str, text: &str) {
    std::fs::write(file(world, id), text).expect("it is written");
}

/// Breaks a file by hand, and waits until that is told.
async fn break_by_hand(world: &World, id: &str) -> Value {
    let text = read(world, id).replace("auth:", "auht:");
    write(world, id, &text);
    eventually("it is told", Duration::from_secs(3), async || {
        let status = world.api.get("/status").await.is(200).json();
        (status["broken_documents"][0]["resource"] == *id).then_some(status)
    })
    .await
}

#[tokio::test]
async fn a_stranger_restores_nothing() {
    World::empty().await.refuses_strangers(&[("POST", "/documents/restore")]).await;
}

#[tokio::test]
async fn a_leaked_key_is_revoked_while_a_file_of_another_agent_is_broken() {
    let world = World::empty().await;
    let (id, key) = world.with_key("a").await;
    world.create("/agents/b", &world.open("/b")).await;
    assert_eq!(world.with("/a", &key).await, 200);
    let told = break_by_hand(&world, "agents/b").await;
    let broken = &told["broken_documents"][0];
    assert_eq!(broken["diagnostics"][1]["path"], "/auht", "{broken}");
    assert_eq!(broken["last_good_revision"], 3, "{broken}");
    let text = read(&world, "agents/b");

    let done = world.api.post(&format!("/api-keys/{id}/revoke"), If::Any, &json!({})).await.is(200).json();
    assert_eq!(world.with("/a", &key).await, 401, "from the next call on");
    assert!(done["warnings"].to_string().contains("agents/b is broken on disk"), "{done}");
    world.create("/agents/c", &world.open("/c")).await;
    world.api.delete("/agents/a", If::Any).await.is(200);
    assert_eq!((world.status("/c").await, world.status("/a").await), (200, 404));
    assert_eq!(
        (read(&world, "agents/b"), world.status("/b").await),
        (text, 200),
        "the broken one is set aside"
    );
    let (_, metrics) = world.gateway.ops_get("/metrics").await;
    for line in ["portcullis_config_broken_documents 1\n", "portcullis_config_last_reload_success 0\n"] {
        assert!(metrics.contains(line), "{line}");
    }

    let back = json!({"resource": "agents/b"});
    let back = world.api.post("/documents/restore", If::Unsaid, &back).await.is(200).json();
    assert!(back["revision"].is_u64() && back["diff"].to_string().contains("-auht: public"), "{back}");
    let status = world.api.get("/status").await.is(200).json();
    assert_eq!((&status["broken_documents"], &status["refused"]), (&json!([]), &Value::Null), "{status}");
    assert!(!read(&world, "agents/b").contains("auht"));
    let (_, metrics) = world.gateway.ops_get("/metrics").await;
    assert!(metrics.contains("portcullis_config_broken_documents 0\n"));
}

#[tokio::test]
async fn a_roll_back_after_an_edit_by_hand_restores_what_the_revision_shows() {
    let world = World::empty().await;
    let spec = |name: &str| {
        let mut spec = world.open("/a");
        spec["display_name"] = json!(name);
        spec
    };
    world.create("/agents/a", &spec("ONE")).await;
    let hand = read(&world, "agents/a").replace("ONE", "HAND");
    write(&world, "agents/a", &hand);
    let shown = async || world.api.get("/agents/a").await.is(200).json()["display_name"].clone();
    eventually("it is live", Duration::from_secs(3), async || (shown().await == "HAND").then_some(())).await;
    let list = world.api.get("/revisions?resource=agents/a").await.is(200).json();
    let lines: Vec<_> = ["number", "who"].map(|member| list["items"][0][member].clone()).into();
    assert_eq!(lines, [json!(2), json!("files")], "{list}");
    let live = |at: usize| list["items"][at]["changes"][0]["live"].clone();
    assert_eq!(
        (live(0), live(1)),
        (json!(true), json!(false)),
        "live is said of the live text alone: {list}"
    );
    let status = world.api.get("/status").await.is(200).json();
    assert_eq!(status["head"], json!({"number": 2, "by": "files", "text_is_live": true}));

    world.api.put("/agents/a", If::Any, &spec("THREE")).await.is(200);
    break_by_hand(&world, "agents/a").await;
    let only = json!({"resource": "agents/a"});
    for (number, wanted) in [(1, "ONE"), (2, "HAND"), (3, "THREE")] {
        let plan = format!("/revisions/{number}/rollback");
        let done = world.api.post(&plan, If::Any, &only).await.is(200).json();
        assert_ne!(done["diff"], "", "{number}");
        let kept = world.api.get(&format!("/revisions/{number}")).await.is(200).json();
        assert_eq!(kept["changes"][0]["to"], read(&world, "agents/a"), "{number}: {kept}");
        assert_eq!(shown().await, wanted, "{number}");
    }
}

#[tokio::test]
async fn a_restart_with_a_broken_file_fails_and_says_where_the_last_good_text_is() {
    let mut world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    break_by_hand(&world, "agents/a").await;
    world.gateway.kill().await;
    for command in ["run", "check"] {
        let ran = portcullis(world.gateway.folder.path(), &[command, "-c", "portcullis.yaml"]).await;
        assert_eq!(ran.code, Some(1), "{command}: {ran:?}");
        assert!(ran.err.contains("store/agents/a.yaml:"), "{command}: {}", ran.err);
        assert!(ran.err.contains("the text before this edit is in revision 1 of the store"), "{}", ran.err);
    }
    let text = read(&world, "agents/a").replace("auht:", "auth:").replace("/a", "/mended");
    write(&world, "agents/a", &text);
    world.gateway.start_again().await;
    assert_eq!(world.status("/mended").await, 200);
    // What was changed while nothing ran has a number as well.
    let list = eventually("it is in the history", Duration::from_secs(3), async || {
        let list = world.api.get("/revisions").await.is(200).json();
        (list["head"] == 2).then_some(list)
    })
    .await;
    assert_eq!(list["items"][0]["who"], "files", "{list}");
}

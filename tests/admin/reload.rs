//! `POST /api/v1/reload`: read everything again, now.

use serde_json::json;
use testkit::api::If;

use super::world::World;

#[tokio::test]
async fn a_stranger_gets_401() {
    World::empty().await.refuses_strangers(&[("POST", "/reload")]).await;
}

#[tokio::test]
async fn what_has_not_changed_is_unchanged_and_what_has_is_in_force_when_it_answers() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let said = world.api.post("/reload", If::Unsaid, &json!({})).await.is(200).json();
    assert_eq!(said["result"], "unchanged", "{said}");
    assert!(said["warnings"].is_array(), "{said}");
    let file = world.gateway.folder.path().join("store/agents/a.yaml");
    for round in 0..10 {
        let text = std::fs::read_to_string(&file).expect("its file");
        let (from, to) = if round % 2 == 0 { ("/a", "/b") } else { ("/b", "/a") };
        std::fs::write(&file, text.replace(from, to)).expect("it is written");
        let said = world.api.post("/reload", If::Unsaid, &json!({})).await.is(200).json();
        // The watch may have been faster; in force it is in any case.
        assert!(["applied", "unchanged"].contains(&said["result"].as_str().unwrap_or_default()), "{said}");
        assert_eq!((world.status(to).await, world.status(from).await), (200, 404), "round {round}");
        assert_eq!(said["revision"], world.api.get("/status").await.json()["live"]["revision"], "{said}");
    }
}

#[tokio::test]
async fn a_broken_file_is_told_with_its_line_and_changes_nothing() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let file = world.gateway.folder.path().join("store/agents/a.yaml");
    let good = std::fs::read_to_string(&file).expect("its file");
    for (what, text, word) in [
        ("not YAML", "route: [".to_owned(), ""),
        ("no auth", "route: /a\nupstream: \"http://127.0.0.1:9\"\n".to_owned(), "auth"),
        ("a member too many", format!("{good}\ncolour: red\n"), "colour"),
        ("empty", String::new(), ""),
        ("not UTF-8", "\u{1}".to_owned(), ""),
    ] {
        std::fs::write(&file, text).expect("it is written");
        let refused = world.api.post("/reload", If::Unsaid, &json!({})).await;
        let said = refused.problem(422, "invalid");
        let finding = &said["diagnostics"][0];
        assert!(
            finding["file"].as_str().is_some_and(|file| file.ends_with("agents/a.yaml")),
            "{what}: {said}"
        );
        assert!(finding["line"].is_u64() && said.to_string().contains(word), "{what}: {said}");
        assert_eq!(world.status("/a").await, 200, "{what}");
    }
    std::fs::write(&file, good).expect("it is written");
    world.api.post("/reload", If::Unsaid, &json!({})).await.is(200);
}

//! `docs/api-story.sh`: the same story as the console's, by curl, against a running gateway.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use testkit::api::names;
use testkit::{Issuer, Key};
use tokio::process::Command;

use super::world::World;

#[tokio::test]
async fn the_story_of_the_documentation_can_be_followed_and_leaves_nothing_behind() {
    let world = World::empty().await;
    let issuer = Issuer::start(&[&Key::new("ES256", "k1")]).await;
    world.create("/agents/other", &world.open("/other")).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api-story.sh");
    // Twice: it can be followed again.
    for round in 0..2 {
        let story = Command::new("bash")
            .arg(&script)
            .env("ADMIN", &world.api.origin)
            .env("TOKEN_FILE", world.gateway.folder.path().join("admin.token"))
            .env("UPSTREAM", world.upstream.url())
            .env("ISSUER", &issuer.url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let ran =
            tokio::time::timeout(Duration::from_secs(60), story).await.expect("it ends").expect("bash runs");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "round {round}: {said}");
        assert!(said.contains("ok: true, keys: 1"), "the probe found the issuer: {said}");
        assert!(!said.contains(&world.api.token), "the token is not shown");
        let targets: Vec<String> = world.upstream.seen().iter().map(|seen| seen.target.clone()).collect();
        assert_eq!(targets.len(), (round + 1) * 3, "three calls got through: {targets:?}");
    }
    assert_eq!(names(&world.api.get("/agents").await.json(), "name"), ["other"]);
    for list in ["/identity-providers", "/api-keys"] {
        assert_eq!(world.api.get(list).await.json()["total"], 0, "{list}");
    }
}

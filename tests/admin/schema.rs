//! schemathesis against the running gateway: whatever the description allows or forbids, no fault of ours and no
//! answer that is not described.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use testkit::Key;
use tokio::process::Command;

use super::world::{World, provider};

/// What it holds each answer to. Not `ignored_auth`: wrong tokens are slowed down on purpose, and each file's first test
/// is the stranger's.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,\
                      missing_required_header,allow_header_conformance,use_after_free,ensure_resource_availability";

/// Left out: the stream of decisions has no end, so that each call would wait until its time is over (`decisions` reads
/// it); and the session, where it would wait for the wrong tokens that it makes up (`session` sends some).
const LEFT_OUT: &str = "/(decisions/stream|session)$";

fn tool() -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/venv-schemathesis/bin/schemathesis");
    assert!(tool.is_file(), "schemathesis is not installed: run `make setup` (it needs Python)");
    tool
}

#[tokio::test]
async fn no_request_that_the_description_gives_rise_to_finds_a_fault() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    world.create("/agents/guarded", &world.guarded("/guarded", "corp")).await;
    world.with_key("keyed").await;
    world.create("/agents/open", &world.open("/open")).await;
    for i in 0..5 {
        world.new_key(&json!({"agent": "keyed", "name": format!("key {i}")})).await;
    }

    let run = Command::new(tool())
        .arg("run")
        .arg(format!("{}/openapi.json", world.api.origin))
        .args(["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "20", "--seed", "1"])
        .args(["--mode", "all", "--checks", CHECKS, "--continue-on-failure", "--no-color"])
        .args(["--exclude-path-regex", LEFT_OUT, "--generation-with-security-parameters", "false"])
        .args(["--generation-database", "none", "--request-timeout", "15", "--warnings", "off"])
        .arg("-H")
        .arg(format!("Authorization: Bearer {}", world.api.token))
        .current_dir(world.gateway.folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran =
        tokio::time::timeout(Duration::from_secs(170), run).await.expect("it ends in time").expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    let said = said.replace(&world.api.token, "[the token]");
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("passed"), "something was tried: {said}");
    assert!(
        !world.gateway.stderr().iter().any(|line| line.contains("panicked")),
        "{:?}",
        world.gateway.stderr()
    );
    world.api.get("/status").await.is(200);
}

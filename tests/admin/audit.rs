//! The audit log: who changed what, from what, to what.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use testkit::Key;
use testkit::api::{If, Reply, WithJson as _};

use super::world::{World, provider};

/// Every line of the log.
fn lines(world: &World) -> Vec<Value> {
    let text = world.stored("audit.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[tokio::test]
async fn each_change_is_one_line_and_what_changes_nothing_is_none() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    world.create("/agents/a", &world.open("/a")).await;
    world.api.put("/agents/a", If::Any, &world.keyed("/a")).await.is(200);
    let (id, secret) = world.new_key(&json!({"agent": "a"})).await;
    world.api.post(&format!("/api-keys/{id}/revoke"), If::Any, &json!({})).await.is(200);
    world.api.put("/agents/a?dry_run=true", If::Any, &world.open("/b")).await.is(200);
    world.api.put("/agents/a", If::Tag("\"never\""), &world.open("/b")).await.is(412);
    world.api.put("/agents/a", If::Any, &json!({})).await.is(422);
    world.api.get("/agents/a").await.is(200);
    world.api.delete("/agents/a", If::Any).await.is(200);
    world.api.post("/revisions/2/rollback", If::Any, &json!({})).await.is(200);

    let lines = lines(&world);
    let touched = [
        vec!["identity_providers/corp".to_owned()],
        vec!["agents/a".to_owned()],
        vec!["agents/a".to_owned()],
        vec![format!("api_keys/{id}")],
        vec![format!("api_keys/{id}")],
        vec!["agents/a".to_owned(), format!("api_keys/{id}")],
        vec!["agents/a".to_owned()],
    ];
    assert_eq!(lines.len(), touched.len(), "{lines:#?}");
    for (line, touched) in lines.iter().zip(&touched) {
        assert!(line["ts"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()), "{line}");
        assert!(line["who"].as_str().is_some_and(|who| !who.is_empty()), "{line}");
        assert!(line["what"].as_str().is_some_and(|what| !what.is_empty()), "{line}");
        let text = line.to_string();
        for resource in touched {
            assert!(text.contains(resource.as_str()), "{resource} in {line}");
        }
        assert!(text.contains("\"from\"") && text.contains("\"to\""), "{line}");
        assert!(!text.contains(&secret[13..43]) && !text.contains(&world.api.token), "{line}");
    }
    let changed = lines[2].to_string();
    assert!(changed.contains("public") && changed.contains("api_key"), "from and to: {changed}");
    let file = world.gateway.folder.path().join("store/audit.jsonl");
    let mode = std::fs::metadata(file).expect("the log").permissions().mode() & 0o777;
    assert_eq!(format!("{mode:o}"), "600");
}

#[tokio::test]
async fn a_session_and_a_script_can_be_told_apart_and_a_name_cannot_forge_a_line() {
    let world = World::empty().await;
    let login = world.api.stranger("POST", "/session").json(&json!({"token": world.api.token}));
    let reply = Reply::to(login).await.is(204);
    let pair = reply.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let mut spec = world.open("/a");
    spec["display_name"] = "x\n{\"at\":\"2020-01-01T00:00:00Z\",\"who\":\"nobody\"}".into();
    let write = If::Absent.on(world.api.stranger("PUT", "/agents/a")).header("cookie", &pair);
    let by_session = Reply::to(write.header("origin", &world.api.origin).json(&spec)).await;
    assert!([201, 422].contains(&by_session.status), "{}", by_session.text);
    if by_session.status == 422 {
        let write = If::Absent.on(world.api.stranger("PUT", "/agents/a")).header("cookie", &pair);
        Reply::to(write.header("origin", &world.api.origin).json(&world.open("/a"))).await.is(201);
    }
    world.api.put("/agents/a", If::Any, &world.open("/b")).await.is(200);
    let lines = lines(&world);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert_ne!(lines[0]["who"], lines[1]["who"], "{lines:#?}");
}

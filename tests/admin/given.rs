//! Headers that agents are given: their values go in over the API, or with files, and come out of nothing.

use serde_json::{Value, json};
use testkit::api::If;

use super::world::World;

const SECRET: &str = "c4n4ry-hunter2";
const MASK: &str = "••••••";

fn spec(world: &World, headers: &Value, websocket: bool) -> Value {
    let upstream = json!({"url": world.upstream.url(), "set_headers": headers});
    json!({"route": "/a", "upstream": upstream, "auth": "public", "websocket": websocket})
}

#[tokio::test]
async fn values_are_masked_everywhere_and_survive_being_read_and_written() {
    let world = World::empty().await;
    let secret = json!({"X-Key": SECRET, "X-Other": format!("{SECRET}-2")});
    world.create("/agents/a", &spec(&world, &secret, true)).await;
    let read = world.api.get("/agents/a").await.is(200).json()["spec"].clone();
    assert_eq!(read["upstream"]["set_headers"], json!({"X-Key": MASK, "X-Other": MASK}));
    // What was read is written back, with a change of something else.
    let changed = spec(&world, &read["upstream"]["set_headers"], false);
    let said = world.api.put("/agents/a", If::Any, &changed).await.is(200).json();
    assert!(said["diff"].as_str().expect("a diff").contains("+websocket: false"), "{said}");
    world.call("/a", &[("x-key", "evil")]).await;
    assert_eq!(world.upstream.last().all("x-key"), [SECRET]);
    assert_eq!(world.upstream.last().all("x-other"), [format!("{SECRET}-2")]);
    // A new value beside one that stays.
    let new = json!({"X-Key": format!("{SECRET}-3"), "X-Other": MASK});
    let said = world.api.put("/agents/a", If::Any, &spec(&world, &new, false)).await.is(200).json();
    assert!(said["diff"].as_str().expect("a diff").contains("(changed)"), "{said}");
    world.call("/a", &[]).await;
    assert_eq!(world.upstream.last().all("x-key"), [format!("{SECRET}-3")]);
    assert_eq!(world.upstream.last().all("x-other"), [format!("{SECRET}-2")]);
    // A mask with nothing behind it.
    let unknown = json!({"X-Key": MASK, "X-New": MASK});
    let said = world.api.put("/agents/a", If::Any, &spec(&world, &unknown, false)).await.is(422).json();
    assert_eq!(said["diagnostics"][0]["path"], "/upstream/set_headers/X-New", "{said}");
    world.api.put("/agents/b", If::Absent, &spec(&world, &json!({"X-Key": MASK}), true)).await.is(422);
    // Rejected values do not come back in the answer.
    let bad = json!({"X-Key": format!(" {SECRET}"), "X Name": SECRET, "X-List": [SECRET]});
    let rejected = world.api.put("/agents/a", If::Any, &spec(&world, &bad, false)).await.is(422);
    let back =
        world.api.post("/revisions/1/rollback", If::Any, &json!({"resource": "agents/a"})).await.is(200);
    world.call("/a", &[]).await;
    assert_eq!(world.upstream.last().all("x-key"), [SECRET], "a roll-back brings the value back");
    let mut seen = vec![rejected.text, back.text];
    for path in [
        "/agents",
        "/agents/a",
        "/revisions",
        "/revisions/1",
        "/revisions/2",
        "/revisions/3",
        "/revisions/4",
        "/status",
        "/decisions",
    ] {
        seen.push(world.api.get(path).await.is(200).text);
    }
    seen.extend([world.gateway.stdout(), world.gateway.stderr()].concat());
    seen.push(
        std::fs::read_to_string(world.gateway.folder.path().join("store/audit.jsonl"))
            .expect("the audit log"),
    );
    for text in seen {
        assert!(!text.contains(SECRET), "{text}");
    }
}

//! Messages that say one thing to the gateway and another to the agent.

use reqwest::Method;
use serde_json::json;

use super::client::{Answer, Era, call};
use super::world::{URL, World};

#[tokio::test]
async fn batch_and_json_smuggling_closed() {
    let world = World::with_rules().await;
    let token = world.token(URL, "files");
    let (good, evil) = (call("read_file").to_string(), call("admin").to_string());
    let twice = |first: &str, second: &str| {
        good.replace("\"name\":\"read_file\"", &format!("\"{first}\":\"read_file\",\"{second}\":\"admin\""))
    };
    for (what, body, status) in [
        ("the tool itself", evil.clone(), 403),
        ("a batch", format!("[{good},{evil}]"), 400),
        ("a batch of one", format!("[{evil}]"), 400),
        ("a name twice", twice("name", "name"), 400),
        ("a name in two cases", twice("name", "Name"), 400),
        ("a name, and one with an escape", twice("name", "n\\u0061me"), 400),
        ("two messages", format!("{good}\n{evil}"), 400),
        ("a byte order mark", format!("\u{feff}{evil}"), 400),
    ] {
        let calls = world.server.count();
        let send = |body: String| {
            let request = world.request(Method::POST, URL, Some(&token)).body(body);
            Answer::to(request.header("content-type", "application/json"))
        };
        let refused = send(body).await;
        assert_eq!((refused.status, world.server.count()), (status, calls), "{what}: {refused:?}");
        let (code, _, reason) = refused.error();
        let wanted = if status == 400 { (-32600, "message") } else { (-32012, "policy") };
        assert_eq!((code, &*reason), wanted, "{what}");
        assert_eq!(send(good.clone()).await.status, 200, "{what}: the honest message");
        assert_eq!(world.server.last().body, good, "{what}: byte for byte");
    }
    let lying = world.message(URL, Some(&token), Era::Handshake, &call("admin"));
    let lying = lying.header("mcp-protocol-version", "2026-07-28");
    let lying = lying.header("mcp-method", "tools/call").header("mcp-name", "read_file");
    let (calls, refused) = (world.server.count(), Answer::to(lying).await);
    assert_eq!((refused.status, refused.error().0, world.server.count()), (400, -32020, calls));
    assert_eq!(refused.error().1, json!(7));
}

//! Clients of both eras at one agent: with a handshake and a session, and with all of it in each request.

use reqwest::Method;
use serde_json::json;

use super::client::{Answer, Era, ask, call};
use super::world::{URL, World};

#[tokio::test]
async fn both_protocol_eras_at_once_with_a_clear_fallback() {
    for world in [World::new(&json!({})).await, World::with_rules().await] {
        let token = world.token(URL, "files");
        let token = Some(&*token);
        // The old one: handshake, session, stream, end.
        let began = world.send(URL, token, Era::Handshake, &ask("initialize")).await;
        let session = began.field("mcp-session-id").expect("a session").to_owned();
        let with_session = |method: Method| {
            let request = world.request(method, URL, token).header("mcp-session-id", &session);
            request.header("mcp-protocol-version", "2025-11-25")
        };
        let message = with_session(Method::POST).header("content-type", "application/json");
        let message = message.header("mcp-name", "a claim").body(call("read_file").to_string());
        assert_eq!(Answer::to(message).await.status, 200);
        let stream = Answer::to(with_session(Method::GET).header("accept", "text/event-stream")).await;
        assert_eq!((stream.status, stream.field("content-type")), (200, Some("text/event-stream")));
        assert!(stream.body.contains("notifications/message"), "{stream:?}");
        assert_eq!(Answer::to(with_session(Method::DELETE)).await.status, 200);
        // The new one asks first what the server speaks, and needs no session.
        let found = world.send(URL, token, Era::Mirrored, &ask("server/discover")).await;
        assert_eq!(found.json()["result"]["supportedVersions"][0], "2026-07-28");
        let request = world.message(URL, token, Era::Mirrored, &call("read_file"));
        assert_eq!(Answer::to(request.header("mcp-param-region", "eu")).await.status, 200);
        let last = world.server.last();
        assert_eq!((last.field("mcp-name"), last.field("mcp-param-region")), (Some("read_file"), Some("eu")));
        // What sends a client back to the handshake comes from the agent alone, as it is; a refusal of the gateway is an error
        // with the id of the request, and never 5xx.
        let unknown = world.send(URL, token, Era::Mirrored, &ask("ping")).await;
        assert_eq!((unknown.status, unknown.error().0, unknown.error().1), (400, -32601, json!(7)));
        let refused = world.send(URL, None, Era::Mirrored, &ask("server/discover")).await;
        assert_eq!((refused.status, refused.error().0), (401, -32010));
    }
}

#[tokio::test]
async fn a_refusal_for_its_head_is_no_sign_of_an_old_server() {
    let world = World::with_rules().await;
    let token = world.token(URL, "files");
    let calls = world.server.count();
    let request = world.message(URL, Some(&token), Era::Mirrored, &call("read_file"));
    let request = request.header("mcp-name", "write_file");
    let refused = Answer::to(request).await;
    assert_eq!((refused.status, refused.error().0), (400, -32020), "{refused:?}");
    let old = world.message(URL, Some(&token), Era::Handshake, &call("read_file"));
    assert_eq!(Answer::to(old.header("mcp-name", "write_file")).await.status, 200, "an older revision");
    assert_eq!(world.server.last().field("mcp-name"), None, "a claim that nobody has compared");
    assert_eq!(world.server.count() - calls, 1);
}

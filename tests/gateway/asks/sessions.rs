//! Sessions: an id opens the session of its owner, at the agent that made it, and of nobody else.

use reqwest::Method;
use serde_json::json;

use super::client::{Answer, Era, ask, call};
use super::world::{OTHER_URL, URL, World};

#[tokio::test]
async fn sessions_bound_to_their_owner_and_route() {
    // The id of a message is known where it was read.
    for (world, id) in [(World::new(&json!({})).await, json!(null)), (World::with_rules().await, json!(7))] {
        let (alice, bob) = (world.token_of("alice", URL, "files"), world.token_of("bob", URL, "files"));
        let began = world.send(URL, Some(&alice), Era::Handshake, &ask("initialize")).await;
        let session = began.field("mcp-session-id").expect("a session").to_owned();
        assert_ne!(session, "session-1", "not the agent's own");
        let tried = async |url: &str, token: &str, session: &str| {
            let message = world.message(url, Some(token), Era::Handshake, &call("read_file"));
            Answer::to(message.header("mcp-session-id", session)).await
        };
        assert_eq!(tried(URL, &alice, &session).await.status, 200);
        assert_eq!(world.server.last().field("mcp-session-id"), Some("session-1"));
        let calls = world.server.count();
        let (mut altered, last) = (session.clone(), session.chars().last());
        altered.pop();
        altered.push(if last == Some('A') { 'B' } else { 'A' });
        let elsewhere = world.token_of("alice", OTHER_URL, "files");
        for (what, url, token, session) in [
            ("somebody else", URL, &bob, &*session),
            ("another agent", OTHER_URL, &elsewhere, &*session),
            ("an altered id", URL, &alice, &*altered),
            ("the agent's own id", URL, &alice, "session-1"),
        ] {
            let refused = tried(url, token, session).await;
            assert_eq!((refused.status, refused.challenge()), (404, None), "{what}: {refused:?}");
            let id = if url == URL { id.clone() } else { json!(null) };
            assert_eq!(refused.error(), (-32001, id, "session".to_owned()), "{what}");
            assert_eq!(world.server.count(), calls, "{what}: nothing reached the agent");
        }
        for method in [Method::GET, Method::DELETE] {
            let foreign = world.request(method.clone(), URL, Some(&bob)).header("mcp-session-id", &session);
            assert_eq!(Answer::to(foreign).await.status, 404, "{method}");
        }
        assert_eq!(world.server.count(), calls);
        // The owner goes on, with a new token as well, and ends it.
        assert_eq!(tried(URL, &world.token_of("alice", URL, "files more"), &session).await.status, 200);
        let end = world.request(Method::DELETE, URL, Some(&alice)).header("mcp-session-id", &session);
        assert_eq!(Answer::to(end).await.status, 200);
        assert_eq!(tried(URL, &alice, &session).await.status, 404, "the agent knows it no more");
    }
}

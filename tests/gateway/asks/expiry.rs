//! The end of a token and of a session: the client learns which of them it was, and goes on by itself.

use super::client::{Answer, Era, ask, call};
use super::world::{URL, World};

#[tokio::test]
async fn session_or_token_expiry_recovers_by_itself() {
    let world = World::with_rules().await;
    let mut token = world.token(URL, "files");
    let began = world.send(URL, Some(&token), Era::Handshake, &ask("initialize")).await;
    let mut session = began.field("mcp-session-id").expect("a session").to_owned();
    let tried = async |token: &str, session: &str| {
        let message = world.message(URL, Some(token), Era::Handshake, &call("read_file"));
        Answer::to(message.header("mcp-session-id", session)).await
    };
    assert_eq!(tried(&token, &session).await.status, 200);
    // The token: 401 that says so, with all that is needed for another; the session goes on.
    let calls = world.server.count();
    let refused = tried(&world.expired(URL, "files"), &session).await;
    assert_eq!((refused.status, refused.parameter("error")), (401, Some("invalid_token")));
    let scope = refused.parameter("scope").expect("scopes").to_owned();
    assert!(refused.parameter("resource_metadata").is_some());
    assert_eq!(world.server.count(), calls);
    token = world.token(URL, &scope);
    assert_eq!(tried(&token, &session).await.status, 200, "with a new token in the same session");
    // The session: 404 and no challenge, so the client shakes hands again with the token that it has.
    world.server.forget_sessions();
    let lost = tried(&token, &session).await;
    assert_eq!((lost.status, lost.challenge()), (404, None));
    let again = world.send(URL, Some(&token), Era::Handshake, &ask("initialize")).await;
    let next = again.field("mcp-session-id").expect("a session").to_owned();
    assert_ne!(next, session);
    session = next;
    assert_eq!(tried(&token, &session).await.status, 200);
}

//! Discovery: from the URL that somebody was given to the first call that is answered, on the way of each client.

use reqwest::Method;
use serde_json::json;

use super::client::{Answer, Era, ask, call};
use super::world::{ORIGIN, URL, World};

/// Where clients look for the metadata of a URL after a 401.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Where the challenge says.
    Challenge,
    /// The same with the query of the URL behind it.
    ChallengeAndQuery,
    /// The well-known place before the path.
    Inserted,
    /// The root, because the agent is the one that answers there.
    Root,
    /// Below the route, as old clients do.
    Below,
}

async fn looked_up(world: &World, url: &str, refused: &Answer, way: Way) -> Answer {
    let path = url.strip_prefix(ORIGIN).expect("a URL of the gateway");
    let place = match way {
        Way::Challenge => refused.parameter("resource_metadata").expect("a place").to_owned(),
        Way::ChallengeAndQuery => {
            format!("{}?a=b", refused.parameter("resource_metadata").expect("a place"))
        }
        Way::Inserted => format!("{ORIGIN}/.well-known/oauth-protected-resource{path}"),
        Way::Root => format!("{ORIGIN}/.well-known/oauth-protected-resource"),
        Way::Below => format!("{ORIGIN}/files/.well-known/oauth-protected-resource"),
    };
    let request = world.request(Method::GET, &place, None).header("mcp-protocol-version", "2025-11-25");
    Answer::to(request).await
}

#[tokio::test]
async fn discovery_that_works_for_every_client() {
    let world = World::new(&json!({"root_metadata": true})).await;
    for (url, way, resource) in [
        (URL, Way::Challenge, URL),
        (URL, Way::ChallengeAndQuery, URL),
        (URL, Way::Inserted, URL),
        (URL, Way::Root, URL),
        (URL, Way::Below, "https://mcp.example/files"),
        ("https://mcp.example/files/mcp/", Way::Challenge, "https://mcp.example/files/mcp/"),
        ("https://mcp.example/files/mcp/", Way::Inserted, "https://mcp.example/files/mcp/"),
        ("https://mcp.example/files", Way::Challenge, "https://mcp.example/files"),
        ("https://mcp.example/files/", Way::Inserted, "https://mcp.example/files/"),
    ] {
        let what = format!("{url} {way:?}");
        let refused = world.send(url, None, Era::Handshake, &ask("initialize")).await;
        assert_eq!((refused.status, refused.parameter("error")), (401, None), "{what}");
        let metadata = looked_up(&world, url, &refused, way).await;
        assert_eq!(metadata.status, 200, "{what}");
        let found = world.believe(&metadata.json()).await;
        assert_eq!(found.resource, resource, "{what}: letter by letter");
        assert_eq!((refused.parameter("scope"), &*found.scopes), (Some("files"), "files"), "{what}");
        let calls = world.server.count();
        let token = world.token(&found.resource, &found.scopes);
        let answer = world.send(url, Some(&token), Era::Handshake, &call("read_file")).await;
        assert_eq!((answer.status, world.server.count() - calls), (200, 1), "{what}: {answer:?}");
        assert_eq!(world.server.last().field("authorization"), None, "{what}: the token goes no further");
    }
}

#[tokio::test]
async fn every_401_has_the_challenge_and_nothing_of_the_agent_is_found() {
    let world = World::new(&json!({})).await;
    let (good, other) = (world.token(URL, "files"), world.token("https://other.example/mcp", "files"));
    let metadata = format!("{ORIGIN}/.well-known/oauth-protected-resource/files/mcp");
    for (token, error) in
        [(None, None), (Some(&*other), Some("invalid_token")), (Some("opaque"), Some("invalid_token"))]
    {
        for method in [Method::POST, Method::GET, Method::DELETE] {
            let answer = Answer::to(world.request(method.clone(), URL, token)).await;
            assert_eq!(answer.status, 401, "{method} {token:?}");
            assert_eq!(answer.parameter("resource_metadata"), Some(&*metadata), "{method} {token:?}");
            assert_eq!(answer.parameter("error"), error, "{method} {token:?}");
        }
    }
    assert_eq!(world.server.count(), 0);
    for path in ["oauth-authorization-server", "oauth-authorization-server/files/mcp", "openid-configuration"]
    {
        let answer =
            Answer::to(world.request(Method::GET, &format!("{ORIGIN}/.well-known/{path}"), None)).await;
        assert_eq!((answer.status, answer.challenge()), (404, None), "{path}");
    }
    assert_eq!(world.send(URL, Some(&good), Era::Handshake, &call("read_file")).await.status, 200);
    assert_eq!(world.server.count(), 1);
}

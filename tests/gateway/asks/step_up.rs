//! Authorization by tool, and the way of a client from a refused tool to one that is answered.

use std::collections::BTreeSet;

use serde_json::json;

use super::client::{Era, call};
use super::world::{URL, World};

/// The union of scopes that a client holds and those that it was told: it forms the union, not the server (SEP-2350).
fn union(held: &str, told: &str) -> String {
    held.split(' ').chain(told.split(' ')).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn per_tool_authorization_with_a_step_up_that_clients_understand() {
    let world = World::with_rules().await;
    for era in [Era::Handshake, Era::Mirrored] {
        let held = "files";
        let token = world.token(URL, held);
        let open = world.send(URL, Some(&token), era, &call("read_file")).await;
        assert_eq!(open.json()["result"]["content"][0]["text"], "read_file", "{era:?}");
        let calls = world.server.count();
        let refused = world.send(URL, Some(&token), era, &call("write_file")).await;
        assert_eq!(
            (refused.status, refused.parameter("error")),
            (403, Some("insufficient_scope")),
            "{era:?}"
        );
        assert_eq!(refused.error(), (-32011, json!(7), "scope".to_owned()), "{era:?}");
        let told = refused.parameter("scope").expect("scopes").to_owned();
        assert_eq!(told, "files files:write audit", "all of the operation at once");
        assert_eq!(refused.json()["error"]["data"]["scope"], told, "{era:?}");
        assert!(refused.parameter("resource_metadata").is_some_and(|place| place.ends_with("/files/mcp")));
        // A client that tries again before it asks for more sees the same bytes, and gives up.
        let again = world.send(URL, Some(&token), era, &call("write_file")).await;
        assert_eq!((again.status, again.challenge()), (403, refused.challenge()), "{era:?}");
        assert_eq!(world.server.count(), calls, "{era:?}: nothing reached the agent");
        let token = world.token(URL, &union(held, &told));
        let done = world.send(URL, Some(&token), era, &call("write_file")).await;
        assert_eq!(done.json()["result"]["content"][0]["text"], "write_file", "{era:?}");
        assert_eq!(world.server.count() - calls, 1, "{era:?}");
        // No scope opens this one: a challenge would send people to the provider for nothing.
        let never = world.send(URL, Some(&token), era, &call("admin")).await;
        assert_eq!((never.status, never.challenge()), (403, None), "{era:?}");
        assert_eq!(never.error(), (-32012, json!(7), "policy".to_owned()), "{era:?}");
        assert_eq!(world.server.count() - calls, 1, "{era:?}");
    }
    let open = world.send(URL, None, Era::Handshake, &call("search")).await;
    assert_eq!(open.status, 200, "a public tool asks for nothing");
    let asked = world.send(URL, None, Era::Handshake, &call("write_file")).await;
    assert_eq!((asked.status, asked.parameter("error")), (401, None));
}

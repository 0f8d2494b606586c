//! Lists: a caller sees the tools that it may use, or could with a token that it can get, and no cache shows them to another.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Era, ask, call};
use super::world::{URL, World};

/// The names in an answer to `tools/list`, which says that it is for this caller alone.
fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let cached = answer.field("cache-control").unwrap_or_default();
    assert!(cached.contains("private") && cached.contains("no-store"), "{answer:?}");
    let text = answer.body.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&answer.body);
    let result = &serde_json::from_str::<Value>(text).expect("JSON")["result"];
    assert_eq!((&result["cacheScope"], &result["ttlMs"]), (&json!("private"), &json!(0)), "{result}");
    let tools = result["tools"].as_array().expect("tools").iter();
    tools.map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn tools_list_shows_only_what_the_caller_may_use_safely_cached() {
    let (some, more) = ("files", "files files:write audit");
    let rules = json!({"unlisted": "deny", "methods": {"tools/list": "public"}, "tools": {"search": "public",
        "read_*": "allow", "write_*": {"scopes": {"all_of": ["files:write", "audit"]}}, "admin": "deny"}});
    for (listing, scope, wanted) in [
        ("permitted", None, &["search"] as &[_]),
        ("permitted", Some(some), &["search", "read_file"]),
        ("permitted", Some(more), &["search", "read_file", "write_file"]),
        ("obtainable", None, &["search", "read_file", "write_file"]),
        ("obtainable", Some(some), &["search", "read_file", "write_file"]),
        ("all", Some(some), &["search", "read_file", "write_file", "admin"]),
    ] {
        let world = World::new(&json!({"rules": rules, "listing": listing})).await;
        let token = scope.map(|scope| world.token(URL, scope));
        for accepted in ["application/json, text/event-stream", "text/event-stream"] {
            let what = format!("{listing} {scope:?} {accepted}");
            let asked = world.request(Method::POST, URL, token.as_deref()).header("accept", accepted);
            let asked = asked.header("content-type", "application/json").body(ask("tools/list").to_string());
            let listed = names(&Answer::to(asked).await);
            assert_eq!(listed, wanted, "{what}");
            // What is permitted can be called; what is obtainable, with the scopes that the refusal names.
            for tool in &listed {
                let answer = world.send(URL, token.as_deref(), Era::Handshake, &call(tool)).await;
                let opens = answer.status == 200 || answer.challenge().is_some();
                assert_eq!(opens, listing != "all" || tool != "admin", "{what} {tool}: {answer:?}");
                assert!(listing != "permitted" || answer.status == 200, "{what} {tool}: {answer:?}");
            }
        }
    }
}

//! Whose a session is.

use reqwest::Method;
use serde_json::json;
use testkit::{Gateway, Start};

use super::REASON;
use super::stage::{Call, Got, ID, World, tool};
use crate::section3::api_keys::key;

/// The agent answered, in its session.
fn is_owners(got: &Got) -> bool {
    got.status == 200 && got.calls == 1 && got.sessions.as_deref() == Some(&[ID.to_owned()])
}

/// The client was told to begin anew, and the agent heard nothing.
fn is_refused(got: &Got) -> bool {
    got.status == 404 && got.calls == 0 && got.sessions.is_none() && got.session().is_none()
}

async fn reason(gateway: &Gateway, got: &Got) -> String {
    let id = got.head["x-request-id"].to_str().expect("ASCII");
    gateway.logged(id).await["auth"]["reason"].as_str().expect("a reason").to_owned()
}

#[tokio::test]
async fn a_session_is_bound_to_its_owner_and_its_agent() {
    let world = World::new().await;
    let gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    let sub = |sub: &str| world.token(&json!({"sub": sub, "client_id": "c"}));
    let (alice, bob) = (sub("alice"), sub("bob"));
    let refreshed = world.token(&json!({"sub": "alice", "client_id": "d", "jti": "2"}));
    let elsewhere = world.token_of_other(&json!({"sub": "alice", "client_id": "c"}));
    let client = world.token(&json!({"sub": null, "client_id": "alice"}));
    let nameless = world.token(&json!({"sub": null, "client_id": null}));
    let (first, second) = (key("First001", 's'), key("Second01", 's'));
    let token = |token: &str| Some(("authorization", token.to_owned()));
    let api = |key: &str| Some(("x-api-key", key.to_owned()));
    let everybody = [
        ("/a/mcp", token(&alice), "alice"),
        ("/a/mcp", token(&bob), "bob"),
        ("/a/mcp", token(&elsewhere), "another alice"),
        ("/a/mcp", token(&client), "a client of that name"),
        ("/a/mcp", token(&nameless), "nobody in particular"),
        ("/b/mcp", token(&alice), "alice at another agent"),
        ("/ruled/mcp", token(&alice), "alice at an agent with rules"),
        ("/ruled/mcp", None, "without a token where that is public"),
        ("/key/mcp", api(&first), "a key"),
        ("/key/mcp", api(&second), "another key"),
        ("/public/mcp", None, "anybody"),
    ];
    let call = |at: usize| {
        let (path, credential, _) = &everybody[at];
        Call::new(path, credential.as_ref().map(|(name, value)| (*name, value.as_str())))
    };
    for owner in 0..everybody.len() {
        let session = world.begin(&gateway, call(owner)).await;
        for (who, (path, _, name)) in everybody.iter().enumerate() {
            let got = world.ask(&gateway, call(who), &[&session]).await;
            // Where a handshake is public, its session goes on with a token.
            let goes_on = who == owner || (*path, owner) == ("/ruled/mcp", 7);
            let what = format!("{name} in the session of {}: {}", everybody[owner].2, got.status);
            assert!(if goes_on { is_owners(&got) } else { is_refused(&got) }, "{what}");
            if !goes_on {
                assert_eq!(reason(&gateway, &got).await, REASON, "{what}");
            }
        }
    }
    let session = world.begin(&gateway, call(0)).await;
    let refreshed = Call::new("/a/mcp", Some(("authorization", &refreshed)));
    assert!(is_owners(&world.ask(&gateway, refreshed, &[&session]).await), "a refreshed token goes on");
    let deny = ["agent=\"b\"", "reason=\"session_foreign\"", "decision=\"deny\""];
    let counted = gateway.metric("portcullis_auth_decisions_total", &deny).await;
    assert_eq!(counted, 10.0, "one for each other owner");
}

#[tokio::test]
async fn ids_that_were_never_given_and_requests_of_every_method_are_judged() {
    let world = World::new().await;
    let gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    let (alice, bob) = (world.token(&json!({"sub": "alice"})), world.token(&json!({"sub": "bob"})));
    let (alice, bob) = (Some(("authorization", &*alice)), Some(("authorization", &*bob)));
    let call = Call::new("/a/mcp", alice);
    let session = world.begin(&gateway, call).await;
    let (id, code) = session.rsplit_once('.').expect("two parts");
    let other = if code.starts_with('A') { "B" } else { "A" };
    for altered in [
        ID.to_owned(),
        String::new(),
        format!("{id}x.{code}"),
        format!("{id}.{other}{}", &code[1..]),
        format!("{id}.{}", &code[..42]),
        format!("{session}="),
        format!("{session}, {session}"),
        session.to_ascii_uppercase(),
        "x".repeat(4000),
    ] {
        let got = world.ask(&gateway, call, &[&altered]).await;
        assert!(is_refused(&got), "{altered}: {}", got.status);
    }
    assert!(is_refused(&world.ask(&gateway, call, &[&session, &session]).await), "named twice");
    for method in [Method::POST, Method::GET, Method::DELETE, Method::PUT] {
        for (credential, passes) in [(alice, true), (bob, false)] {
            let call = Call { method: &method, credential, ..Call::new("/a/mcp", None) };
            let got = world.ask(&gateway, call, &[&session]).await;
            assert_eq!((got.status == 200, got.calls == 1), (passes, passes), "{method} {}", got.status);
            let kind = got.head["content-type"].to_str().expect("ASCII");
            match (passes, method == Method::POST) {
                (true, _) => {}
                (false, true) => assert_eq!(kind, "application/json"),
                (false, false) => assert_eq!(kind, "application/problem+json", "{method}"),
            }
        }
    }
    // At an agent with rules, the message was read, and the error has its id.
    let kept = tool("kept");
    for (path, body, id) in [("/a/mcp", "x\"}", json!(null)), ("/ruled/mcp", kept.as_str(), json!(7))] {
        let begun = world.begin(&gateway, Call::new(path, alice)).await;
        let got = world.ask(&gateway, Call { body, ..Call::new(path, bob) }, &[&begun]).await;
        let said = got.json();
        assert_eq!((got.status, &said["id"], &said["error"]["code"]), (404, &id, &json!(-32001)), "{said}");
        assert_eq!(said["error"]["data"]["reason_class"], "session", "{said}");
        assert!(!said.to_string().contains(ID) && !said.to_string().contains(&begun), "{said}");
    }
    let got = world.ask(&gateway, Call::new("/a/mcp", None), &[&session]).await;
    assert_eq!((got.status, got.calls), (401, 0), "a session is no credential");
}

#[tokio::test]
async fn a_public_handshake_goes_on_with_a_token() {
    let world = World::new().await;
    let gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    let alice = world.token(&json!({"sub": "alice"}));
    let alice = Some(("authorization", &*alice));
    let anonymous = Call::new("/ruled/mcp", None);
    let begun = world.begin(&gateway, anonymous).await;
    let (free, kept) = (tool("free"), tool("kept"));
    for (credential, body, status) in
        [(None, &free, 200), (None, &kept, 401), (alice, &kept, 200), (alice, &free, 200)]
    {
        let got = world.ask(&gateway, Call { credential, body, ..anonymous }, &[&begun]).await;
        assert_eq!(got.status, status, "{body}");
        assert_eq!(is_owners(&got), status == 200, "{body}");
    }
    // From then on the agent's id is hers where it names one.
    let more = [("x-do", "begin")];
    let with_token = Call { credential: alice, body: &kept, more: &more, ..anonymous };
    let hers = world.ask(&gateway, with_token, &[&begun]).await.session().expect("a session");
    assert_ne!(hers, begun);
    let call = Call { body: &free, ..anonymous };
    assert!(is_refused(&world.ask(&gateway, call, &[&hers]).await), "without a token");
    assert!(is_owners(&world.ask(&gateway, Call { credential: alice, ..call }, &[&hers]).await));
}

#[tokio::test]
async fn a_revision_without_sessions_has_none_and_no_other_spelling_names_one() {
    let world = World::new().await;
    let gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    let (alice, bob) = (world.token(&json!({"sub": "alice"})), world.token(&json!({"sub": "bob"})));
    let (alice, bob) = (Some(("authorization", &*alice)), Some(("authorization", &*bob)));
    let ping = ("mcp-method", "ping");
    for path in ["/a/mcp", "/ruled/mcp", "/public/mcp"] {
        let session = world.begin(&gateway, Call::new(path, alice)).await;
        for (revision, has_sessions) in [("2025-11-25", true), ("2026-07-28", false), ("2027-01-01", false)] {
            let more = [("mcp-protocol-version", revision), ping, ("x-do", "begin")];
            for (credential, id) in [(alice, session.as_str()), (alice, ID), (bob, session.as_str())] {
                let call = Call { more: &more, ..Call::new(path, credential) };
                let got = world.ask(&gateway, call, &[id]).await;
                let is_owners_id = id == session && (credential == alice || path == "/public/mcp");
                let what = format!("{path} {revision} {id}: {}", got.status);
                match (has_sessions, is_owners_id) {
                    (true, true) => assert!(is_owners(&got) && got.session().is_some(), "{what}"),
                    (true, false) => assert!(is_refused(&got), "{what}"),
                    (false, _) => {
                        assert_eq!((got.status, got.sessions.as_deref()), (200, Some(&[] as &[_])), "{what}");
                        assert_eq!(got.session(), None, "{what}");
                    }
                }
            }
        }
        for spelling in ["mcp_session_id", "mcp-session_id"] {
            let more = [(spelling, ID)];
            let call = Call { more: &more, ..Call::new(path, alice) };
            assert_eq!(world.ask(&gateway, call, &[]).await.sessions.as_deref(), Some(&[] as &[_]));
            assert!(is_owners(&world.ask(&gateway, call, &[&session]).await), "{path} {spelling}");
        }
    }
    // An agent that does not speak MCP has no sessions that the gateway knows of.
    let got = world.ask(&gateway, Call::new("/plain", None), &[ID]).await;
    assert!(is_owners(&got));
}

#[tokio::test]
async fn shadow_mode_counts_foreign_sessions_and_lets_them_pass() {
    let world = World::new().await;
    let gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    let (alice, bob) = (world.token(&json!({"sub": "alice"})), world.token(&json!({"sub": "bob"})));
    let bearer = |token| Call::new("/shadow/mcp", Some(("authorization", token)));
    let session = world.begin(&gateway, bearer(&alice)).await;
    let raw = "the-agents-own";
    for (call, id, received, expected) in [
        (bearer(&alice), session.as_str(), ID, "ok"),
        (bearer(&bob), &session, ID, "session_foreign"),
        (bearer("Bearer bad"), &session, ID, "token_malformed"),
        (Call::new("/shadow/mcp", None), &session, ID, "token_missing"),
        (bearer(&alice), raw, raw, "session_foreign"),
    ] {
        let got = world.ask(&gateway, call, &[id]).await;
        assert_eq!(
            (got.status, got.sessions.as_deref()),
            (200, Some(&[received.to_owned()] as &[_])),
            "{expected}"
        );
        assert_eq!(reason(&gateway, &got).await, expected);
    }
    // A page of another origin is refused before its caller is known: its session goes on as the others do.
    let more = [("origin", "https://page.test")];
    let got = world.ask(&gateway, Call { more: &more, ..bearer(&alice) }, &[&session]).await;
    assert_eq!((got.status, got.sessions.as_deref()), (200, Some(&[ID.to_owned()] as &[_])));
    assert_eq!(reason(&gateway, &got).await, "origin_denied");
    let labels = ["agent=\"shadow\"", "reason=\"session_foreign\"", "decision=\"shadow_deny\""];
    assert_eq!(gateway.metric("portcullis_auth_decisions_total", &labels).await, 2.0);
}

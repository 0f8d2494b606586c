//! Changes over the control API.

use std::fs;

use serde_json::{Value, json};

use crate::config::Code;
use crate::control::ChangeCode;
use crate::idp::ProviderStatus;
use crate::model::Instant;
use crate::store::Query;

use super::super::edit::{Edit, EditError, Expect, To};
use super::super::fixtures::{DOCUMENT, World, agent, edit, key, resource};

#[tokio::test]
async fn an_acknowledged_change_is_committed_and_live() {
    let world = World::start(DOCUMENT).await;
    let made = world.put("agents/a", agent(json!("public"))).await;
    assert_eq!((made.number, world.has("agents/a")), (Some(1), true));
    assert_eq!(made.revision, world.control.live().revision);
    let [(_, Some(tag))] = made.tags.as_slice() else { panic!("{:?}", made.tags) };
    assert_eq!(*tag, world.control.written(&resource("agents/a")).unwrap().tag);
    assert!(made.diff.contains("+auth: public"), "{}", made.diff);
    assert!(
        made.warnings
            .iter()
            .any(|w| w.code == Code::PublicAgent.into() && w.pointer.as_deref() == Some("/auth"))
    );

    let again = world.put("agents/a", agent(json!("public"))).await;
    assert_eq!((again.number, again.diff.as_str()), (None, ""), "the same is no change");

    let audit = fs::read_to_string(world.folder.path().join("store/audit.jsonl")).unwrap();
    let lines: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["who"], &lines[0]["revision"]), (&json!("tester"), &json!(1)));
    assert_eq!(lines[0]["changes"][0]["resource"], "agents/a");
    assert_eq!(lines[0]["changes"][0]["from"], Value::Null);
}

#[tokio::test]
async fn a_rejected_change_has_a_pointer_and_changes_nothing() {
    let world = World::start(DOCUMENT).await;
    world.put("agents/a", agent(json!("public"))).await;
    let before = world.control.live().revision.clone();
    let bad = json!({"route": "/a", "upstream": "http://127.0.0.1:9000", "max_bodi": 5,
        "auth": {"oauth": {"identity_providers": ["nobody"], "header": "a b"}}});
    let error = world.edit("agents/a", Expect::Anything, To::Json(bad)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    let parts: Vec<_> = findings.iter().filter_map(|f| Some((f.code, f.pointer.as_deref()?))).collect();
    assert!(parts.contains(&(Code::BadHeader.into(), "/auth/oauth/header")), "{parts:?}");
    assert!(parts.contains(&(Code::UnknownField.into(), "/max_bodi")), "{parts:?}");

    let unknown = agent(json!({"oauth": {"identity_providers": ["nobody"]}}));
    let error = world.edit("agents/a", Expect::Anything, To::Json(unknown)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    let parts: Vec<_> = findings.iter().map(|f| (f.code, f.pointer.as_deref())).collect();
    assert!(
        parts.contains(&(Code::UnknownProvider.into(), Some("/auth/oauth/identity_providers/0"))),
        "{parts:?}"
    );
    assert_eq!(world.control.live().revision, before);
    assert_eq!(world.control.history(Query { limit: 10, ..Query::default() }).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_needs_its_precondition() {
    let world = World::start(DOCUMENT).await;
    let made = world.edit("agents/a", Expect::Absent, To::Json(agent(json!("public")))).await.unwrap();
    let tag = made.tags[0].1.clone().unwrap();
    let other = || To::Json(agent(json!({"api_key": {}})));
    let stale = || Expect::Tags(vec!["0".repeat(16)]);
    for (id, expect, to, wanted) in [
        ("agents/a", Expect::Absent, other(), "precondition"),
        ("agents/a", stale(), other(), "precondition"),
        ("agents/a", stale(), To::Nothing, "precondition"),
        ("agents/b", Expect::Present, other(), "precondition"),
        ("agents/b", stale(), other(), "precondition"),
        ("agents/b", Expect::Present, To::Nothing, "not found"),
        ("agents/a", Expect::Tags(vec!["x".to_owned(), tag.clone()]), other(), "done"),
        ("agents/a", Expect::Tags(vec![tag.clone()]), To::Nothing, "precondition"),
        ("agents/a", Expect::Present, To::Nothing, "done"),
    ] {
        let what = format!("{id} {expect:?}");
        let got = match world.edit(id, expect, to).await {
            Ok(_) => "done",
            Err(EditError::Precondition { .. }) => "precondition",
            Err(EditError::NotFound(_)) => "not found",
            Err(other) => panic!("{what}: {other:?}"),
        };
        assert_eq!(got, wanted, "{what}");
    }
    assert!(!world.has("agents/a"));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let world = World::start(DOCUMENT).await;
    let before = world.control.live().revision.clone();
    let rehearsal =
        Edit { dry_run: true, ..edit("agents/a", Expect::Absent, To::Json(agent(json!("public")))) };
    let seen = world.control.edit(rehearsal).await.unwrap();
    assert_eq!(seen.number, None);
    assert!(seen.diff.contains("+route: /a"), "{}", seen.diff);
    assert!(!world.has("agents/a"));
    assert_eq!(world.control.live().revision, before);
}

#[tokio::test]
async fn a_provider_in_use_cannot_be_deleted_and_keys_are_deleted_with_their_agent() {
    let world = World::start(DOCUMENT).await;
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    world
        .put("identity_providers/corp", json!({"issuer": "https://idp.example.com", "public_key": pem}))
        .await;
    world.put("agents/a", agent(json!({"oauth": {"identity_providers": ["corp", "inline"]}}))).await;
    let error = world.edit("identity_providers/corp", Expect::Present, To::Nothing).await.unwrap_err();
    let EditError::InUse { agents, .. } = error else { panic!("{error:?}") };
    assert_eq!(agents, ["a"]);

    world.put("agents/a", agent(json!({"api_key": {}}))).await;
    world.put("api_keys/Yq3Zk81b", key("a")).await;
    // While the agent uses tokens, its key is dormant; it works again when the agent is switched back.
    let switched = world.put("agents/a", agent(json!({"oauth": {"identity_providers": ["corp"]}}))).await;
    assert!(switched.warnings.iter().any(|w| w.code == Code::DormantKey.into()), "{:?}", switched.warnings);
    assert!(world.has("api_keys/Yq3Zk81b"));
    let gone = world.edit("agents/a", Expect::Present, To::Nothing).await.unwrap();
    assert_eq!(gone.tags.len(), 2, "{:?}", gone.tags);
    assert!(!world.has("api_keys/Yq3Zk81b"));
    world.edit("identity_providers/corp", Expect::Present, To::Nothing).await.unwrap();
    assert!(!world.has("identity_providers/corp"));
}

#[tokio::test]
async fn resources_in_documents_cannot_be_changed() {
    let world = World::start(DOCUMENT).await;
    let error = world.edit("identity_providers/inline", Expect::Present, To::Nothing).await.unwrap_err();
    assert!(matches!(error, EditError::ManagedByFile { .. }), "{error:?}");
    let bare = World::start("version: 1\n").await;
    let error = bare.edit("agents/a", Expect::Absent, To::Json(agent(json!("public")))).await.unwrap_err();
    let EditError::ReadOnly(why) = error else { panic!("{error:?}") };
    assert!(why.contains("store"), "{why}");
}

#[tokio::test]
async fn a_new_provider_has_its_keys_when_the_change_is_acknowledged() {
    let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let server =
        crate::net::fixtures::Loopback::start(move |_| crate::net::fixtures::answer("200 OK", "", keys))
            .await;
    let world = World::start(DOCUMENT).await;
    let spec = json!({"issuer": "https://idp.example.com", "jwks_uri": server.url("/keys").to_string()});
    world.put("identity_providers/corp", spec).await;
    let live = world.control.live();
    let status: ProviderStatus = live.providers["corp"].status(Instant::from_unix(1_800_000_000));
    assert!(status.usable, "{status:?}");
    assert_eq!(status.keys[0].first_seen, Some(1_800_000_000));
}

#[tokio::test]
async fn a_change_over_the_api_cannot_read_the_environment() {
    let world = World::start(DOCUMENT).await;
    let mut value = agent(json!("public"));
    value["display_name"] = json!("${HOME}");
    let error = world.edit("agents/a", Expect::Absent, To::Json(value)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    assert_eq!(
        (findings[0].code, findings[0].pointer.as_deref()),
        (ChangeCode::EnvironmentReference.into(), Some("/display_name"))
    );
}

//! Orders to a reconciler that runs on a real folder.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::control::{self, Control, Reconciler, load};
use crate::idp::ProviderStatus;
use crate::model::{FixedClock, Instant, Live};
use crate::store::{FileStore, Writer};
use crate::telemetry::Metrics;

use super::*;

const DOCUMENT: &str = "version: 1
store: { directory: store }
identity_providers:
  inline:
    issuer: https://inline.example.com
    jwks: { keys: [{ kty: OKP, crv: Ed25519, kid: a, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }
";

struct World {
    folder: TempDir,
    control: Control,
}

impl World {
    fn start(document: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("portcullis.yaml"), document).unwrap();
        Self::over(folder)
    }

    fn over(folder: TempDir) -> Self {
        crate::net::fixtures::install_tls();
        let path = folder.path().join("portcullis.yaml");
        let store = control::open(Box::new(FileStore::new(path)), Writer::Now).unwrap();
        let metrics = Metrics::new().unwrap();
        let (compiled, files) = load(store.as_ref(), None, &metrics).unwrap();
        let live = Arc::new(Live::new(compiled.snapshot));
        let clock = Arc::new(FixedClock::at(Instant::from_unix(1_800_000_000)));
        let reconciler = Reconciler::new(store, files, live, metrics, clock, None);
        let control = reconciler.control();
        tokio::spawn(reconciler.run());
        Self { folder, control }
    }

    async fn edit(&self, id: &str, expect: Expect, to: To) -> Result<Edited, EditError> {
        self.control.edit(edit(id, expect, to)).await
    }

    async fn put(&self, id: &str, value: Value) -> Edited {
        self.edit(id, Expect::Anything, To::Json(value)).await.unwrap()
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder.path().join("store").join(format!("{id}.yaml"))
    }

    fn has(&self, id: &str) -> bool {
        let live = self.control.live().written(&resource(id)).is_some();
        assert_eq!(live, self.file(id).exists(), "{id}: what runs is what is kept");
        live
    }
}

fn resource(id: &str) -> ResourceId {
    ResourceId::parse(id).unwrap()
}

fn edit(id: &str, expect: Expect, to: To) -> Edit {
    let wanted = vec![Wanted { id: resource(id), expect, to }];
    Edit { who: "tester".to_owned(), what: format!("change {id}"), wanted, dry_run: false }
}

fn agent(auth: Value) -> Value {
    json!({"route": "/a", "upstream": "http://127.0.0.1:9000", "auth": auth})
}

fn key(of: &str) -> Value {
    json!({"agent": of, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})
}

#[tokio::test]
async fn a_change_is_kept_and_runs_when_it_is_acknowledged() {
    let world = World::start(DOCUMENT);
    let made = world.put("agents/a", agent(json!("public"))).await;
    assert_eq!((made.number, world.has("agents/a")), (Some(1), true));
    assert_eq!(made.revision, world.control.live().revision);
    let [(_, Some(tag))] = made.tags.as_slice() else { panic!("{:?}", made.tags) };
    assert_eq!(*tag, world.control.written(&resource("agents/a")).unwrap().tag);
    assert!(made.diff.contains("+auth: public"), "{}", made.diff);
    assert!(made.warnings.iter().any(|w| w.code == "public-agent" && w.pointer.as_deref() == Some("/auth")));

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
async fn a_refused_change_says_where_and_leaves_everything_as_it_was() {
    let world = World::start(DOCUMENT);
    world.put("agents/a", agent(json!("public"))).await;
    let before = world.control.live().revision.clone();
    let bad = json!({"route": "/a", "upstream": "http://127.0.0.1:9000", "max_bodi": 5,
        "auth": {"oauth": {"identity_providers": ["nobody"], "header": "a b"}}});
    let error = world.edit("agents/a", Expect::Anything, To::Json(bad)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    let parts: Vec<_> = findings.iter().filter_map(|f| Some((f.code, f.pointer.as_deref()?))).collect();
    assert!(parts.contains(&("bad-header", "/auth/oauth/header")), "{parts:?}");
    assert!(parts.contains(&("unknown-field", "/max_bodi")), "{parts:?}");

    let unknown = agent(json!({"oauth": {"identity_providers": ["nobody"]}}));
    let error = world.edit("agents/a", Expect::Anything, To::Json(unknown)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    let parts: Vec<_> = findings.iter().map(|f| (f.code, f.pointer.as_deref())).collect();
    assert!(parts.contains(&("unknown-provider", Some("/auth/oauth/identity_providers/0"))), "{parts:?}");
    assert_eq!(world.control.live().revision, before);
    assert_eq!(world.control.history(Query { limit: 10, ..Query::default() }).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_is_carried_out_only_upon_what_it_is_based_on() {
    let world = World::start(DOCUMENT);
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
            Err(EditError::Precondition(_)) => "precondition",
            Err(EditError::NotFound(_)) => "not found",
            Err(other) => panic!("{what}: {other:?}"),
        };
        assert_eq!(got, wanted, "{what}");
    }
    assert!(!world.has("agents/a"));
}

#[tokio::test]
async fn finding_out_what_would_happen_changes_nothing() {
    let world = World::start(DOCUMENT);
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
async fn a_provider_stays_while_agents_accept_it_and_keys_go_with_their_agent() {
    let world = World::start(DOCUMENT);
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
    // Switched to tokens, the key waits; it is there again when the agent is switched back.
    let switched = world.put("agents/a", agent(json!({"oauth": {"identity_providers": ["corp"]}}))).await;
    assert!(switched.warnings.iter().any(|w| w.code == "dormant-key"), "{:?}", switched.warnings);
    assert!(world.has("api_keys/Yq3Zk81b"));
    let gone = world.edit("agents/a", Expect::Present, To::Nothing).await.unwrap();
    assert_eq!(gone.tags.len(), 2, "{:?}", gone.tags);
    assert!(!world.has("api_keys/Yq3Zk81b"));
    world.edit("identity_providers/corp", Expect::Present, To::Nothing).await.unwrap();
    assert!(!world.has("identity_providers/corp"));
}

#[tokio::test]
async fn rolling_back_brings_agents_back_and_no_keys() {
    let world = World::start(DOCUMENT);
    world.put("agents/a", agent(json!({"api_key": {}}))).await;
    world.put("api_keys/Yq3Zk81b", key("a")).await;
    let mut other = agent(json!("public"));
    other["route"] = json!("/b");
    world.put("agents/b", other).await;
    world.put("agents/a", agent(json!("public"))).await;
    world.edit("api_keys/Yq3Zk81b", Expect::Present, To::Nothing).await.unwrap();
    let back = |number, only: Option<&str>, expect_head| RollBack {
        number,
        only: only.map(resource),
        expect_head,
        who: "tester".to_owned(),
        dry_run: false,
    };
    let stale = world.control.roll_back(back(1, None, Some(4))).await;
    assert!(matches!(stale, Err(EditError::Precondition(_))), "{stale:?}");
    let beyond = world.control.roll_back(back(9, None, None)).await;
    assert!(matches!(beyond, Err(EditError::NoRevision(9))), "{beyond:?}");

    let one = world.control.roll_back(back(3, Some("agents/a"), Some(5))).await.unwrap();
    assert_eq!(one.number, Some(6));
    let auth = |id: &str| world.control.written(&resource(id)).map(|w| w.spec["auth"].clone());
    assert_eq!(auth("agents/a"), Some(json!({"api_key": {}})));
    assert!(!world.has("api_keys/Yq3Zk81b"), "a key that was taken away stays away");
    assert!(world.has("agents/b"));

    world.control.roll_back(back(0, None, None)).await.unwrap();
    assert!(!world.has("agents/a") && !world.has("agents/b"));
    let history = world.control.history(Query { limit: 2, ..Query::default() }).await.unwrap();
    assert_eq!(history[0].commit.what, "roll back to revision 0");
    let none = world.control.roll_back(back(7, None, None)).await.unwrap();
    assert_eq!(none.number, None, "there is nothing to roll back");
}

#[tokio::test]
async fn what_people_write_in_files_is_theirs() {
    let world = World::start(DOCUMENT);
    let error = world.edit("identity_providers/inline", Expect::Present, To::Nothing).await.unwrap_err();
    assert!(matches!(error, EditError::ManagedByFile { .. }), "{error:?}");
    let bare = World::start("version: 1\n");
    let error = bare.edit("agents/a", Expect::Absent, To::Json(agent(json!("public")))).await.unwrap_err();
    let EditError::ReadOnly(why) = error else { panic!("{error:?}") };
    assert!(why.contains("store"), "{why}");
}

#[tokio::test]
async fn an_edit_by_hand_is_taken_up_and_one_that_is_broken_is_told_of() {
    let world = World::start(DOCUMENT);
    world.put("agents/a", agent(json!("public"))).await;
    fs::write(
        world.file("agents/a"),
        "# by hand\nroute: /hand\nupstream: http://127.0.0.1:9000\nauth: public\n",
    )
    .unwrap();
    let reloaded = world.control.reload().await.unwrap();
    assert_ne!(reloaded.outcome, crate::control::Outcome::Refused);
    let written = world.control.written(&resource("agents/a")).unwrap();
    assert_eq!(written.spec["route"], "/hand");

    // The same value by way of the API leaves the comment where it is.
    world.edit("agents/a", Expect::Tags(vec![written.tag]), To::Json(written.spec)).await.unwrap();
    assert!(fs::read_to_string(world.file("agents/a")).unwrap().starts_with("# by hand"));

    fs::write(world.file("agents/a"), "route: /broken\n").unwrap();
    let error = world.control.reload().await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    assert!(findings.iter().all(|f| f.resource.as_ref() == Some(&resource("agents/a"))), "{findings:?}");
    let refused = world.control.status().refused.clone().unwrap();
    assert_eq!(refused.findings, findings);
    assert_eq!(world.control.written(&resource("agents/a")).unwrap().spec["route"], "/hand");
}

#[tokio::test]
async fn a_new_provider_has_its_keys_when_the_change_is_acknowledged() {
    let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let server =
        crate::net::fixtures::Loopback::start(move |_| crate::net::fixtures::answer("200 OK", "", keys))
            .await;
    let world = World::start(DOCUMENT);
    let spec = json!({"issuer": "https://idp.example.com", "jwks_uri": server.url("/keys").to_string()});
    world.put("identity_providers/corp", spec).await;
    let live = world.control.live();
    let status: ProviderStatus = live.providers["corp"].status(Instant::from_unix(1_800_000_000));
    assert!(status.usable, "{status:?}");
    assert_eq!(status.keys[0].first_seen, Some(1_800_000_000));
}

#[tokio::test]
async fn the_environment_cannot_be_asked_for_from_outside() {
    let world = World::start(DOCUMENT);
    let mut value = agent(json!("public"));
    value["display_name"] = json!("${HOME}");
    let error = world.edit("agents/a", Expect::Absent, To::Json(value)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    assert_eq!(
        (findings[0].code, findings[0].pointer.as_deref()),
        ("environment-reference", Some("/display_name"))
    );
}

/// An agent whose file is broken by hand; the text that ran before.
async fn with_a_broken_agent(world: &World) -> String {
    let mut other = agent(json!("public"));
    other["route"] = json!("/b");
    world.put("agents/b", other).await;
    let good = fs::read_to_string(world.file("agents/b")).unwrap();
    fs::write(world.file("agents/b"), BROKEN).unwrap();
    assert!(matches!(world.control.reload().await, Err(EditError::Invalid(_))));
    good
}

const BROKEN: &str = "route: /b\nupstream: http://127.0.0.1:9000\nauth: { oauth: { scope: x } }\n";

fn by_hand(world: &World, id: &str, text: &str) {
    fs::write(world.file(id), text).unwrap();
}

fn broken(world: &World) -> Vec<String> {
    world.control.status().broken.iter().map(|b| b.resource.as_ref().unwrap().to_string()).collect()
}

fn text_of(world: &World, id: &str) -> Option<String> {
    world.control.live().source_of(&resource(id)).map(|source| source.text.clone())
}

#[tokio::test]
async fn a_broken_document_holds_up_no_change_of_another() {
    let world = World::start(DOCUMENT);
    world.put("agents/a", agent(json!({"api_key": {}}))).await;
    world.put("api_keys/Yq3Zk81b", key("a")).await;
    let good = with_a_broken_agent(&world).await;
    let mut revoked = key("a");
    revoked["revoked_at"] = json!("2026-12-01T00:00:00Z");
    let mut third = agent(json!("public"));
    third["route"] = json!("/c");
    for (id, expect, to) in [
        ("api_keys/Yq3Zk81b", Expect::Present, To::Json(revoked)),
        ("agents/c", Expect::Absent, To::Json(third)),
        ("agents/c", Expect::Present, To::Nothing),
        ("agents/a", Expect::Present, To::Json(agent(json!("public")))),
        ("agents/a", Expect::Present, To::Nothing),
    ] {
        let edited = world.edit(id, expect, to).await.unwrap_or_else(|e| panic!("{id}: {e:?}"));
        assert!(edited.number.is_some(), "{id}");
        let told = edited.warnings.iter().find(|w| w.code == "broken-document").unwrap();
        assert_eq!(told.resource, Some(resource("agents/b")), "{id}");
        assert_eq!(broken(&world), ["agents/b"], "{id}");
        assert_eq!(fs::read_to_string(world.file("agents/b")).unwrap(), BROKEN, "its file is left as it is");
        assert_eq!(text_of(&world, "agents/b").as_ref(), Some(&good), "its last good text runs");
    }
    assert!(!world.has("api_keys/Yq3Zk81b") && !world.has("agents/a"));
    let back = RollBack { number: 1, only: None, expect_head: None, who: "t".into(), dry_run: false };
    let back = world.control.roll_back(back).await.unwrap();
    assert!(back.diff.contains("agents/a.yaml"), "{}", back.diff);
    let seen = world.control.status().broken.first().cloned();
    assert_eq!(seen, None, "rolled back past the broken one, which is gone with it");
    assert!(world.has("agents/a") && !world.has("agents/b"));
}

#[tokio::test]
async fn a_broken_document_is_replaced_by_whoever_names_it() {
    for how in ["restore", "put", "put the same", "delete", "roll back"] {
        let world = World::start(DOCUMENT);
        let good = with_a_broken_agent(&world).await;
        let tag = world.control.written(&resource("agents/b")).unwrap().tag;
        let mut other = agent(json!("public"));
        other["route"] = json!("/other");
        let mut same = agent(json!("public"));
        same["route"] = json!("/b");
        let put =
            async |value| world.edit("agents/b", Expect::Tags(vec![tag.clone()]), To::Json(value)).await;
        let only = Some(resource("agents/b"));
        let who = "t".to_owned();
        let edited = match how {
            "restore" => {
                let restore = Restore { id: resource("agents/b"), who, dry_run: false };
                world.control.restore(restore).await
            }
            "put" => put(other).await,
            "put the same" => put(same).await,
            "delete" => world.edit("agents/b", Expect::Tags(vec![tag.clone()]), To::Nothing).await,
            _ => {
                let back = RollBack { number: 1, only, expect_head: Some(1), who, dry_run: false };
                world.control.roll_back(back).await
            }
        };
        let edited = edited.unwrap_or_else(|e| panic!("{how}: {e:?}"));
        assert_eq!(edited.number, Some(2), "{how}");
        assert!(edited.diff.contains("-auth: { oauth: { scope: x } }"), "{how}: {}", edited.diff);
        assert_eq!((broken(&world).len(), &world.control.status().refused), (0, &None), "{how}");
        let now = fs::read_to_string(world.file("agents/b")).ok();
        assert_eq!(text_of(&world, "agents/b"), now, "{how}: what runs is what is kept");
        assert_eq!(now.as_ref() == Some(&good), !["put", "delete"].contains(&how), "{how}");
        let history = world.control.record(2).await.unwrap().unwrap();
        assert_eq!(history.commit.changes[0].from.as_deref(), Some(BROKEN), "{how}: nothing is lost");
    }
}

#[tokio::test]
async fn each_way_to_be_broken_holds_up_nothing_and_can_be_put_right() {
    let gone: fn(PathBuf) = |path| fs::remove_file(path).unwrap();
    let no_text: fn(PathBuf) = |path| fs::write(path, b"route: /b\xff").unwrap();
    let link: fn(PathBuf) = |path| {
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", path).unwrap();
    };
    let yaml: fn(PathBuf) = |path| fs::write(path, "{").unwrap();
    for (how, id, spoil) in [
        ("no text", "agents/a", no_text),
        ("a link to nowhere", "agents/a", link),
        ("no YAML", "agents/a", yaml),
        ("a provider that is gone while agents accept it", "identity_providers/corp", gone),
        ("no text of a key", "api_keys/Yq3Zk81b", no_text),
    ] {
        let world = World::start(DOCUMENT);
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        world
            .put("identity_providers/corp", json!({"issuer": "https://idp.example.com", "public_key": pem}))
            .await;
        world.put("agents/a", agent(json!({"oauth": {"identity_providers": ["corp"]}}))).await;
        let mut keyed = agent(json!({"api_key": {}}));
        keyed["route"] = json!("/k");
        world.put("agents/k", keyed.clone()).await;
        world.put("api_keys/Yq3Zk81b", key("k")).await;
        spoil(world.file(id));
        assert!(world.control.reload().await.is_err(), "{how}");
        assert!(broken(&world).contains(&id.to_owned()), "{how}: {:?}", broken(&world));
        keyed["display_name"] = json!("changed meanwhile");
        world
            .edit("agents/k", Expect::Present, To::Json(keyed))
            .await
            .unwrap_or_else(|e| panic!("{how}: {e:?}"));
        let restore = Restore { id: resource(id), who: "t".to_owned(), dry_run: false };
        world.control.restore(restore).await.unwrap_or_else(|e| panic!("{how}: {e:?}"));
        assert_eq!((broken(&world).len(), &world.control.status().refused), (0, &None), "{how}");
        assert!(world.has(id), "{how}");
    }
}

#[tokio::test]
async fn a_file_that_went_bad_under_a_provider_holds_up_only_who_asks_for_it() {
    let world = World::start(DOCUMENT);
    let file = world.folder.path().join("keys.json");
    let good = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    fs::write(&file, good).unwrap();
    let corp = json!({"issuer": "https://idp.example.com", "jwks_file": file.to_str().unwrap()});
    world.put("identity_providers/corp", corp.clone()).await;
    fs::write(&file, "{").unwrap();
    assert!(world.control.reload().await.is_err());
    world.put("agents/a", agent(json!("public"))).await;
    let mut changed = corp.clone();
    changed["leeway"] = json!("5s");
    let error = world.edit("identity_providers/corp", Expect::Present, To::Json(changed)).await.unwrap_err();
    assert!(matches!(error, EditError::Invalid(_)), "{error:?}");
    let seen = world.control.status().broken.clone();
    assert_eq!((broken(&world), seen[0].restorable), (vec!["identity_providers/corp".to_owned()], false));
    fs::write(&file, good).unwrap();
    world.control.reload().await.unwrap();
    assert_eq!(broken(&world).len(), 0);
}

#[tokio::test]
async fn what_is_saved_together_goes_live_together_and_what_comes_later_by_itself() {
    let world = World::start(DOCUMENT);
    let good = with_a_broken_agent(&world).await;
    by_hand(&world, "agents/b", &good);
    world.control.reload().await.unwrap();
    let text = |route: &str| format!("route: {route}\nupstream: http://127.0.0.1:9000\nauth: public\n");
    // Both at once: the good one waits for the broken one.
    by_hand(&world, "agents/b", BROKEN);
    by_hand(&world, "agents/x", &text("/x"));
    assert!(world.control.reload().await.is_err());
    assert_eq!(
        (broken(&world), text_of(&world, "agents/x")),
        (vec!["agents/b".into(), "agents/x".into()], None)
    );
    // A later one is a change of its own.
    by_hand(&world, "agents/y", &text("/y"));
    assert!(world.control.reload().await.is_err(), "something is still broken");
    assert_eq!(text_of(&world, "agents/y"), Some(text("/y")));
    assert_eq!(text_of(&world, "agents/x"), None);
    let last = world.control.history(Query { limit: 1, ..Query::default() }).await.unwrap();
    assert_eq!((last[0].commit.who.as_str(), last[0].commit.changes.len()), ("files", 1));
    by_hand(&world, "agents/b", &good);
    world.control.reload().await.unwrap();
    assert_eq!(text_of(&world, "agents/x"), Some(text("/x")));
    assert_eq!(broken(&world).len(), 0);
}

#[tokio::test]
async fn a_change_that_clashes_with_the_live_text_of_a_broken_document_is_refused() {
    let world = World::start(DOCUMENT);
    with_a_broken_agent(&world).await;
    let mut same_route = agent(json!("public"));
    same_route["route"] = json!("/b");
    let error = world.edit("agents/c", Expect::Absent, To::Json(same_route)).await.unwrap_err();
    let EditError::Invalid(findings) = error else { panic!("{error:?}") };
    assert!(findings.iter().any(|f| f.code == "duplicate-route"), "{findings:?}");
}

#[tokio::test]
async fn an_edit_by_hand_is_a_revision_and_a_roll_back_restores_what_a_revision_shows() {
    let world = World::start(DOCUMENT);
    let spec = |name: &str| {
        let mut spec = agent(json!("public"));
        spec["display_name"] = json!(name);
        spec
    };
    world.put("agents/a", spec("one")).await;
    let one = text_of(&world, "agents/a").unwrap();
    let hand = one.replace("one", "hand");
    by_hand(&world, "agents/a", &hand);
    world.control.reload().await.unwrap();
    let head = world.control.status().head.clone();
    assert_eq!((head.number, head.by.as_deref(), head.text_is_live), (2, Some("files"), true));
    by_hand(&world, "agents/a", "display_name: [\n");
    assert!(world.control.reload().await.is_err());
    assert_eq!(world.control.status().head.number, 2, "what is not valid is no revision");
    world.put("agents/a", spec("three")).await;
    assert_eq!(world.control.status().head.number, 3);
    for (number, wanted) in [(2, hand.clone()), (1, one.clone()), (3, one.replace("one", "three"))] {
        let only = Some(resource("agents/a"));
        let back = RollBack { number, only, expect_head: None, who: "t".into(), dry_run: false };
        let edited = world.control.roll_back(back).await.unwrap();
        assert_ne!(edited.diff, "", "{number}");
        assert_eq!(text_of(&world, "agents/a"), Some(wanted), "{number}");
    }
}

#[tokio::test]
async fn what_hands_did_while_no_gateway_ran_is_a_revision_at_the_next_start() {
    let world = World::start(DOCUMENT);
    world.put("agents/a", agent(json!("public"))).await;
    // The folder as it was left, in another place.
    let folder = tempfile::tempdir().unwrap();
    for file in ["portcullis.yaml", "store/agents/a.yaml", "store/revisions/00000001.json"] {
        fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
        fs::copy(world.folder.path().join(file), folder.path().join(file)).unwrap();
    }
    let file = folder.path().join("store/agents/a.yaml");
    let text = fs::read_to_string(&file).unwrap().replace("/a", "/hand");
    fs::write(&file, &text).unwrap();
    let world = World::over(folder);
    let record = loop {
        if let Some(record) = world.control.record(2).await.unwrap() {
            break record;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((record.commit.who.as_str(), record.commit.changes[0].to.as_ref()), ("files", Some(&text)));
    assert!(world.control.status().head.text_is_live);
}

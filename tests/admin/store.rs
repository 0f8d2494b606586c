//! The folder of the store: who may write, what hands may do, and what is read-only.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{If, Reply, WithJson as _, names};
use testkit::free_port;
use testkit::{Start, eventually, portcullis};

use super::world::World;

const AT_ONCE: Duration = Duration::from_secs(1);

fn inline(name: &str, auth: &str, url: &str) -> String {
    format!("agents:\n  {name}: {{ route: /{name}, upstream: \"{url}\", auth: {auth} }}\n")
}

const KEYED: &str = "{ api_key: { header: x-api-key } }";

/// Every write of the API, for agents, providers and keys of these names.
fn writes(agent: &str, provider: &str, key: &str) -> Vec<(&'static str, String, Value)> {
    let spec = json!({"route": "/x", "upstream": "http://127.0.0.1:9", "auth": "public"});
    vec![
        ("PUT", format!("/agents/{agent}"), spec),
        ("DELETE", format!("/agents/{agent}"), Value::Null),
        ("PUT", format!("/identity-providers/{provider}"), json!({"issuer": "https://x.example"})),
        ("DELETE", format!("/identity-providers/{provider}"), Value::Null),
        ("POST", format!("/api-keys/{key}/revoke"), json!({})),
        ("POST", format!("/api-keys/{key}/rotate"), json!({"overlap": "1h"})),
        ("DELETE", format!("/api-keys/{key}"), Value::Null),
    ]
}

async fn write(world: &World, method: &str, path: &str, body: &Value) -> Reply {
    let request = If::Any.on(world.api.request(method, path));
    Reply::to(if body.is_null() { request } else { request.json(body) }).await
}

const FILE_KEY: &str = "api_keys:\n  Yq3Zk81b: { agent: k, sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" }\n";
const FILE_PROVIDER: &str = "identity_providers:\n  corp: { issuer: \"https://corp.example\", jwks: { keys: [{ kty: EC, crv: P-256, kid: k1, x: f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU, y: x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0 }] } }\n";

#[tokio::test]
async fn with_the_inline_file_alone_every_write_is_refused_with_the_reason() {
    let world = World::of_file(|up| inline("k", KEYED, &up.url()) + FILE_KEY + FILE_PROVIDER).await;
    let before = std::fs::read_to_string(world.gateway.config()).expect("the configuration");
    let mut all = writes("k", "corp", "Yq3Zk81b");
    all.extend(writes("new", "new", "AAAAAAAA").into_iter().filter(|(method, ..)| *method == "PUT"));
    all.push(("POST", "/api-keys".to_owned(), json!({"agent": "k"})));
    all.push(("POST", "/revisions/1/rollback".to_owned(), json!({})));
    for (method, path, body) in &all {
        for query in ["", "?dry_run=true"] {
            let refused = write(&world, method, &format!("{path}{query}"), body).await;
            let said = refused.problem(409, "read_only");
            assert!(said["detail"].as_str().is_some_and(|why| why.contains("store: { directory:")), "{said}");
        }
    }
    let created = world.api.put("/agents/new", If::Absent, &world.open("/new")).await;
    created.problem(409, "read_only");
    assert_eq!(std::fs::read_to_string(world.gateway.config()).expect("the configuration"), before);
    for (path, total) in [("/agents", 1), ("/identity-providers", 1), ("/api-keys", 1)] {
        let list = world.api.get(path).await.is(200).json();
        assert_eq!(
            (&list["total"], &list["items"][0]["managed_by"]),
            (&json!(total), &json!("file")),
            "{list}"
        );
    }
}

#[tokio::test]
async fn what_the_file_holds_is_read_only_beside_a_store_and_the_rest_is_not() {
    let world = World::of_both(|up| inline("k", KEYED, &up.url()) + FILE_KEY + FILE_PROVIDER).await;
    for (method, path, body) in writes("k", "corp", "Yq3Zk81b") {
        let refused = write(&world, method, &path, &body).await;
        let said = refused.problem(409, "managed_by_file");
        assert!(said["detail"].as_str().is_some_and(|why| why.contains("portcullis.yaml")), "{said}");
    }
    world.create("/agents/a", &world.guarded("/a", "corp")).await;
    let (id, key) = world.new_key(&json!({"agent": "k"})).await;
    assert_eq!(world.with("/k", &key).await, 200, "a key of the store for an agent of the file");
    world.api.post(&format!("/api-keys/{id}/revoke"), If::Any, &json!({})).await.is(200);
    assert_eq!(world.with("/k", &key).await, 401);
    let list = world.api.get("/agents").await.is(200).json();
    let managed: Vec<_> = names(&list, "managed_by");
    assert_eq!(
        (names(&list, "name"), managed),
        (vec!["a".into(), "k".into()], vec!["store".into(), "file".into()])
    );
}

#[tokio::test]
async fn the_same_name_in_the_file_and_in_the_store_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let yaml = format!(
        "version: 1\nserver: {{ listeners: [{{ address: \"127.0.0.1:{}\" }}], ops: {{ address: \"127.0.0.1:{}\" }} }}\nstore: {{ directory: store }}\n{}",
        free_port(),
        free_port(),
        inline("a", "public", "http://127.0.0.1:9"),
    );
    std::fs::write(folder.path().join("portcullis.yaml"), yaml).expect("the configuration");
    std::fs::create_dir_all(folder.path().join("store/agents")).expect("a folder");
    let text = "route: /b\nupstream: \"http://127.0.0.1:9\"\nauth: public\n";
    std::fs::write(folder.path().join("store/agents/a.yaml"), text).expect("a resource");
    for command in ["check", "run"] {
        let ran = portcullis(folder.path(), &[command, "-c", "portcullis.yaml"]).await;
        assert_eq!(ran.code, Some(1), "{command}: {ran:?}");
        assert!(
            ran.err.contains("store/agents/a.yaml") && ran.err.contains("portcullis.yaml"),
            "{command}: {}",
            ran.err
        );
    }
}

#[tokio::test]
async fn its_folders_and_files_are_for_their_owner_alone() {
    let world = World::empty().await;
    world.with_key("a").await;
    fn walk(path: &Path, found: &mut Vec<(String, String)>) {
        let mode = std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        found.push((path.display().to_string(), format!("{mode:o}")));
        if path.is_dir() {
            for entry in std::fs::read_dir(path).expect("a folder") {
                walk(&entry.expect("an entry").path(), found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&world.gateway.folder.path().join("store"), &mut found);
    assert!(found.len() >= 9, "{found:?}");
    for (path, mode) in found {
        assert!(mode == if Path::new(&path).is_dir() { "700" } else { "600" }, "{mode} {path}");
        let name = path.rsplit('/').next().unwrap_or_default();
        let left = name == "pending.json" || (name.starts_with('.') && name != ".lock");
        assert!(!left, "nothing is left behind: {path}");
    }
}

#[tokio::test]
async fn a_second_process_is_kept_out_with_a_clear_message() {
    let world = World::empty().await;
    let text = std::fs::read_to_string(world.gateway.config()).expect("the configuration");
    let mut other = text;
    for port in [world.gateway.port, world.gateway.ops, world.gateway.admin] {
        other = other.replace(&format!(":{port}"), &format!(":{}", free_port()));
    }
    std::fs::write(world.gateway.folder.path().join("other.yaml"), other).expect("another configuration");
    let ran = portcullis(world.gateway.folder.path(), &["run", "-c", "other.yaml"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("another portcullis") && ran.err.contains("store"), "{}", ran.err);
    // Reading is for everyone, and leaves no trace.
    let ran = portcullis(world.gateway.folder.path(), &["check", "-c", "portcullis.yaml"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    world.create("/agents/a", &world.open("/a")).await;
    assert_eq!(world.status("/a").await, 200, "the first goes on");
}

#[tokio::test]
async fn the_folder_of_a_process_that_was_killed_is_free_again() {
    let mut world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    world.gateway.kill().await;
    world.gateway.start_again().await;
    world.create("/agents/b", &world.open("/b")).await;
    assert_eq!((world.status("/a").await, world.status("/b").await), (200, 200));
}

#[tokio::test]
async fn what_hands_do_in_the_folder_is_picked_up_and_moves_the_tag() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let stale = world.api.tag("/agents/a").await;
    let folder = world.gateway.folder.path().join("store/agents");
    let text = std::fs::read_to_string(folder.join("a.yaml")).expect("its file");
    let becomes = async |path: &str, wanted: u16| {
        eventually(&format!("{path} answers {wanted}"), AT_ONCE, async || {
            (world.status(path).await == wanted).then_some(())
        })
        .await;
    };
    std::fs::write(folder.join("a.yaml"), format!("# by hand\n{}", text.replace("/a", "/hand")))
        .expect("a change");
    becomes("/hand", 200).await;
    std::fs::write(folder.join("b.yaml"), text.replace("/a", "/b")).expect("a new one");
    becomes("/b", 200).await;
    let seen = world.api.get("/agents/b").await.is(200).json();
    assert_eq!((&seen["managed_by"], &seen["spec"]["route"]), (&json!("store"), &json!("/b")), "{seen}");
    world.api.put("/agents/a", If::Tag(&stale), &world.open("/a")).await.problem(412, "precondition_failed");
    std::fs::remove_file(folder.join("b.yaml")).expect("it is removed");
    becomes("/b", 404).await;
    world.api.get("/agents/b").await.problem(404, "not_found");
    let fresh = world.api.tag("/agents/a").await;
    world.api.put("/agents/a", If::Tag(&fresh), &world.open("/a")).await.is(200);
    assert_eq!(world.status("/a").await, 200);
}

#[tokio::test]
async fn a_write_never_runs_over_a_hand_edit_that_it_has_not_seen() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let file = world.gateway.folder.path().join("store/agents/a.yaml");
    for round in 0..20 {
        let tag = world.api.tag("/agents/a").await;
        let text = std::fs::read_to_string(&file).expect("its file");
        let mine = format!("{}\n# by hand {round}\n", text.trim_end());
        std::fs::write(&file, &mine).expect("it is written");
        // Whether the watch has seen it or not, the tag is of what stood there before.
        let reply = world.api.put("/agents/a", If::Tag(&tag), &world.open("/over")).await;
        reply.problem(412, "precondition_failed");
        assert_eq!(std::fs::read_to_string(&file).expect("its file"), mine, "round {round}");
        world.api.post("/reload", If::Unsaid, &json!({})).await.is(200);
    }
}

#[tokio::test]
async fn a_broken_hand_edit_is_refused_while_the_old_state_serves() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let folder = world.gateway.folder.path().join("store/agents");
    std::fs::write(folder.join("b.yaml"), "route: /b\nupstream: \"http://127.0.0.1:9\"\nauht: public\n")
        .expect("a file");
    let status = eventually("it is refused", Duration::from_secs(3), async || {
        let status = world.api.get("/status").await.is(200).json();
        status["refused"].is_object().then_some(status)
    })
    .await;
    let found = status["refused"]["diagnostics"].as_array().expect("diagnostics");
    let finding =
        found.iter().find(|finding| finding["path"] == "/auht").unwrap_or_else(|| panic!("{status}"));
    assert!(finding["file"].as_str().is_some_and(|file| file.ends_with("store/agents/b.yaml")), "{status}");
    assert_eq!((&finding["line"], &finding["severity"]), (&json!(3), &json!("error")), "{status}");
    assert_eq!((world.status("/a").await, world.status("/b").await), (200, 404));
    // A write cannot be live beside it; it must not pretend to be.
    let reply = world.api.put("/agents/a", If::Any, &world.open("/c")).await;
    assert_eq!(reply.status < 300, world.status("/c").await == 200, "{} {}", reply.status, reply.text);
    std::fs::remove_file(folder.join("b.yaml")).expect("it is removed");
    eventually("it is mended", Duration::from_secs(3), async || {
        world.api.get("/status").await.json()["refused"].is_null().then_some(())
    })
    .await;
    world.api.put("/agents/a", If::Any, &world.open("/d")).await.is(200);
    assert_eq!(world.status("/d").await, 200);
}

#[tokio::test]
async fn hidden_files_and_files_of_other_kinds_are_left_alone() {
    let good = "route: /a\nupstream: \"http://127.0.0.1:9\"\nauth: public\n";
    let files = [
        ("store/agents/a.yaml", good),
        ("store/agents/.b.yaml.tmp", "half writ"),
        ("store/agents/.c.yaml", "half writ"),
        ("store/agents/notes.txt", "not ours"),
        ("store/agents/a.yaml~", "an editor's"),
        ("store/agents/two words.yaml", "no name"),
        ("store/agents/sub/d.yaml", good),
        ("store/README", "not ours"),
    ];
    let start = Start { store: Some("store"), files: &files, ..Start::default() };
    let world = World::of(start, |_| String::new()).await;
    assert_eq!(names(&world.api.get("/agents").await.json(), "name"), ["a"]);
    world.create("/agents/b", &world.open("/b")).await;
    for (name, text) in &files[1..] {
        let there = std::fs::read_to_string(world.gateway.folder.path().join(name)).unwrap_or_default();
        // What looks like our own temporary file may be cleared away; nothing else.
        assert!(there == *text || name.contains("/."), "{name}: {there}");
    }
}

#[tokio::test]
async fn check_counts_what_the_store_holds_and_creates_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("portcullis.yaml"),
        format!("version: 1\nstore: {{ directory: store }}\n{}", inline("a", "public", "http://127.0.0.1:9")),
    )
    .expect("the configuration");
    let ran = portcullis(folder.path(), &["check"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!folder.path().join("store").exists(), "check creates nothing");
    std::fs::create_dir_all(folder.path().join("store/agents")).expect("a folder");
    std::fs::write(folder.path().join("store/agents/b.yaml"), "route: /b\nauth: public\n")
        .expect("a resource");
    let ran = portcullis(folder.path(), &["check"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("store/agents/b.yaml:") && ran.err.contains("upstream"), "{}", ran.err);
}

#[tokio::test]
async fn a_successor_takes_over_the_store_with_the_listeners() {
    let server = "  state_dir: state\n";
    let mut world =
        World::of(Start { store: Some("store"), server, ..Start::default() }, |_| String::new()).await;
    let (_, key) = world.with_key("a").await;
    let mut successor = world.gateway.successor().await;
    world.gateway.signal("QUIT").await;
    let ended = world.gateway.ended(Duration::from_secs(40)).await;
    assert!(ended.success(), "{ended:?} {:?}", world.gateway.stderr());
    eventually("the successor answers", Duration::from_secs(5), async || {
        let asked = world.api.request("GET", "/session").send().await;
        asked.is_ok_and(|answer| answer.status() == 200).then_some(())
    })
    .await;
    assert_eq!(world.with("/a", &key).await, 200);
    world.api.put("/agents/a", If::Any, &world.open("/after")).await.is(200);
    world.create("/agents/b", &world.open("/b")).await;
    assert_eq!((world.status("/after").await, world.status("/b").await), (200, 200), "{}", successor.log());
    assert_eq!(world.api.get("/revisions").await.json()["head"], 4);
    assert!(successor.has_ended().is_none(), "{}", successor.log());
}

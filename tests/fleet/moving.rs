//! Whole stores to etcd and back, in any size, and interrupted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use serde_json::{Value, json};
use testkit::fleet::SOON;
use testkit::{Etcd, Fleet, Ran, binary, eventually, portcullis};

pub(crate) const PREFIX: &str = "/portcullis/";
const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An etcd, and a folder with a configuration that names it.
struct Desk {
    etcd: Etcd,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let desk = Self { etcd: Etcd::start().await, folder: tempfile::tempdir().expect("a folder") };
        desk.configure("");
        desk
    }

    fn configure(&self, further: &str) {
        let text = format!(
            "version: 1\nserver: {{ state_dir: state }}\nstore: {{ etcd: {{ endpoints: [\"{}\"]{further} }} }}\n",
            self.etcd.endpoints()[0]
        );
        self.write("portcullis.yaml", &text);
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("a file");
    }

    async fn store(&self, words: &str) -> Ran {
        store(self.folder.path(), words).await
    }

    /// The key `head`.
    async fn head(&self) -> Value {
        head(&self.etcd).await
    }

    /// What is live, by kind and name.
    async fn live(&self) -> BTreeMap<String, String> {
        let folder = format!("{PREFIX}g/{}/", self.head().await["generation"]);
        let all = self.etcd.all(&folder).await;
        all.into_iter().map(|(key, stored)| (key.replace(&folder, ""), stored.value)).collect()
    }
}

/// `portcullis store …` with the configuration in this folder.
pub(crate) async fn store(folder: &Path, words: &str) -> Ran {
    let mut args = vec!["store"];
    args.extend(words.split(' '));
    args.extend(["-c", "portcullis.yaml"]);
    portcullis(folder, &args).await
}

pub(crate) async fn head(etcd: &Etcd) -> Value {
    let text = etcd.get(&format!("{PREFIX}head")).await.expect("a head");
    serde_json::from_str(&text).expect("JSON")
}

/// Files below a folder, but for the lock.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for kind in fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(kind.path()).expect("a folder").flatten() {
            let name = format!("{}/{}", kind.file_name().display(), file.file_name().display());
            found.insert(name, fs::read_to_string(file.path()).expect("text"));
        }
    }
    found
}

/// A document with so many agents, and two keys for each.
fn document(agents: usize) -> String {
    let mut text = "version: 1\nagents:\n".to_owned();
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes it");
    for n in 0..agents {
        line(format!("  agent-{n}:\n    # number {n}\n    route: /{n}\n    upstream: http://127.0.0.1:9"));
        line("    auth: { api_key: {} }".to_owned());
    }
    line("api_keys:".to_owned());
    for n in 0..2 * agents {
        let hash = &format!("{n:08x}{HASH}")[..64];
        line(format!("  key{n:05}:\n    agent: agent-{}\n    sha256: \"{hash}\"", n / 2));
    }
    text
}

pub(crate) fn is_done(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[track_caller]
pub(crate) fn is_refused(ran: &Ran, wanted: &str) {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains(wanted), "{wanted}: {ran:?}");
}

#[tokio::test]
async fn a_folder_goes_to_etcd_and_back_with_texts_revisions_and_numbers() {
    let desk = Desk::new().await;
    let agent = "# guarded\r\nroute: /a   # here\nupstream: http://127.0.0.1:9\nauth: { api_key: {} }\n\n";
    let key = format!("agent: a\nsha256: \"{HASH}\"\n# the end");
    for folder in ["config/agents", "config/api_keys", "config/revisions"] {
        fs::create_dir_all(desk.folder.path().join(folder)).expect("a folder");
    }
    desk.write("config/agents/a.yaml", agent);
    desk.write("config/api_keys/Yq3Zk81b.yaml", &key);
    let record = |number: u64, from: Option<&str>, to: Option<&str>| {
        let change = json!({"resource": "agents/a", "from": from, "to": to});
        json!({"number": number, "at": format!("2026-01-0{number}T00:00:00Z"), "who": "somebody",
            "what": format!("change {number}"), "changes": [change]})
        .to_string()
    };
    // The first revisions were removed long ago.
    desk.write("config/revisions/00000006.json", &record(6, Some("x"), Some("y")));
    desk.write("config/revisions/00000007.json", &record(7, Some("y"), Some(agent)));

    let ran = desk.store("copy --from directory:config --to etcd --dry-run").await;
    is_done(&ran);
    assert!(ran.out.contains("  create agents/a\n") && ran.out.contains("the last revision is 7"), "{ran:?}");
    assert!(desk.etcd.all(PREFIX).await.keys().all(|key| !key.contains("/g/")), "nothing is written");

    is_done(&desk.store("copy --from directory:config --to etcd").await);
    let live = desk.live().await;
    assert_eq!(live["agents/a"], agent);
    assert_eq!(live["api_keys/Yq3Zk81b"], key);
    assert_eq!((live.len(), &desk.head().await["revision"]), (2, &json!(7)));
    let seventh = desk.etcd.get(&format!("{PREFIX}rev/7")).await.expect("a record");
    let seventh: Value = serde_json::from_str(&seventh).expect("JSON");
    assert_eq!((&seventh["what"], &seventh["changes"][0]["to"]), (&json!("change 7"), &json!(agent)));
    is_refused(&desk.store("copy --from directory:config --to etcd").await, "`--replace`");

    is_done(&desk.store("copy --from etcd --to directory:back").await);
    let path = |name: &str| desk.folder.path().join(name);
    let (before, after) = (files(&path("config")), files(&path("back")));
    let texts = |files: &BTreeMap<String, String>| -> Vec<_> {
        files
            .iter()
            .filter(|(name, _)| !name.starts_with("rev"))
            .map(|(n, t)| (n.clone(), t.clone()))
            .collect()
    };
    assert_eq!(texts(&after), texts(&before));
    for name in ["revisions/00000006.json", "revisions/00000007.json"] {
        let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let (mut after, before) = (json(&after[name]), json(&before[name]));
        // A store in etcd gives each commit an id, which stays with it.
        assert!(after.as_object_mut().expect("a record").remove("commit").is_some(), "{after}");
        assert_eq!(after, before);
    }
    assert_eq!(after.len(), before.len());
}

#[tokio::test]
async fn a_store_is_made_once_and_not_among_the_keys_of_others() {
    let desk = Desk::new().await;
    let first = desk.store("init").await;
    is_done(&first);
    let id = first.out.trim();
    assert_eq!(desk.head().await["store_id"], id);
    assert_eq!((id.len(), desk.head().await["revision"].clone()), (32, json!(0)));
    assert_eq!(desk.store("init").await.out, first.out);
    desk.configure(&format!(", store_id: {}", "f".repeat(32)));
    is_refused(&desk.store("init").await, "`store_id` says ffff");

    desk.configure(", prefix: /others/");
    desk.etcd.put("/others/lock", "theirs").await;
    desk.write("all.yaml", &document(1));
    for command in ["init", "import all.yaml", "import all.yaml --replace"] {
        is_refused(&desk.store(command).await, "/others/lock");
    }
    assert_eq!(desk.etcd.all("/others/").await.len(), 1, "nothing was touched");

    desk.configure(&format!(", prefix: /mine/, store_id: {}", "e".repeat(32)));
    assert_eq!(desk.store("init").await.out.trim(), "e".repeat(32));
    desk.write("portcullis.yaml", "version: 1\nstore: { directory: config }\n");
    is_refused(&desk.store("init").await, "names no store in etcd");
}

#[tokio::test]
async fn an_import_of_any_size_is_one_revision_that_members_take_whole() {
    let agents = std::env::var("MOVING_AGENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(700);
    let fleet = Fleet::of(1).await;
    let folder = fleet.members[0].gateway.folder.path().to_owned();
    fs::write(folder.join("all.yaml"), document(agents)).expect("a file");
    let began = Instant::now();
    let ran = store(&folder, "import all.yaml --wait fleet").await;
    eprintln!("{agents} agents and {} keys imported and running in {:?}", 2 * agents, began.elapsed());
    is_done(&ran);
    assert!(ran.out.contains("1 of 1 members run revision 1"), "{ran:?}");
    assert_eq!(fleet.members[0].status("0").await, 401);
    let head = head(&fleet.etcd).await;
    let live = fleet.etcd.all(&format!("{PREFIX}g/{}/", head["generation"])).await;
    assert_eq!(live.len(), 3 * agents);
    let idle = fleet.etcd.all(&format!("{PREFIX}idle/")).await;
    assert!(idle.is_empty() && fleet.etcd.all(&format!("{PREFIX}g/")).await.len() == 3 * agents, "{idle:?}");

    // The next change is a small one again, and the large one is whole in the history.
    let revision = fleet.deploy(0, "after").await;
    assert_eq!(revision, 2);
    fleet.all_serve("after", 200).await;
    let reply = fleet.members[0].api().get("/revisions/1").await.is(200);
    assert_eq!(reply.json()["changes"].as_array().map(Vec::len), Some(3 * agents));
    let ran = store(&folder, "export -o out.yaml").await;
    is_done(&ran);
    assert_eq!(fs::metadata(folder.join("out.yaml")).expect("a file").permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(folder.join("out.yaml")).expect("text").contains("    # number 0\n"));
}

#[tokio::test]
async fn an_import_that_is_killed_leaves_nothing_live_and_the_next_one_goes_through() {
    let desk = Desk::new().await;
    let id = desk.store("init").await.out.trim().to_owned();
    desk.write("all.yaml", &document(2_000));
    let mut child = tokio::process::Command::new(binary())
        .args(["store", "import", "all.yaml", "-c", "portcullis.yaml"])
        .current_dir(desk.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    eventually("it writes", SOON, async || {
        (desk.etcd.all(&format!("{PREFIX}g/")).await.len() > 100).then_some(())
    })
    .await;
    child.kill().await.expect("killed");
    let head = desk.head().await;
    assert_eq!((&head["store_id"], &head["revision"]), (&json!(id), &json!(0)));
    let idle = desk.etcd.all(&format!("{PREFIX}idle/")).await;
    assert_eq!(idle.len(), 1, "what it left behind is marked");

    // An hour later, as far as the marker can tell.
    let marker = idle.keys().next().expect("a key").clone();
    desk.etcd.put(&marker, "{\"at\":\"2026-01-01T00:00:00Z\",\"revision\":1}").await;
    desk.write("all.yaml", &document(1));
    is_done(&desk.store("import all.yaml").await);
    assert_eq!((desk.live().await.len(), &desk.head().await["revision"]), (3, &json!(1)));
    assert_eq!(desk.etcd.all(&format!("{PREFIX}g/")).await.len(), 3, "the rest was removed");
    assert!(desk.etcd.all(&format!("{PREFIX}idle/")).await.is_empty());
}

#[tokio::test]
async fn of_two_imports_at_once_one_takes_place() {
    let desk = Desk::new().await;
    desk.store("init").await;
    desk.write("one.yaml", &document(300));
    desk.write("two.yaml", &document(301));
    let (one, two) = tokio::join!(desk.store("import one.yaml"), desk.store("import two.yaml"));
    let agents = match (one.code, two.code) {
        (Some(0), Some(1)) => 300,
        (Some(1), Some(0)) => 301,
        _ => panic!("{one:?} {two:?}"),
    };
    assert_eq!((desk.live().await.len(), &desk.head().await["revision"]), (3 * agents, &json!(1)));
    assert!(desk.etcd.all(&format!("{PREFIX}idle/")).await.is_empty());
}

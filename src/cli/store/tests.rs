//! The commands over folders, as an operator runs them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::ResourceId;
use crate::store::{Change, Commit, DirectoryStore, ResourceStore as _, Writer};

/// A folder with a configuration, and stores beside it.
struct Desk {
    dir: tempfile::TempDir,
}

const AGENT: &str = "# guarded\nroute: /a\nupstream: http://127.0.0.1:9\nauth: { api_key: {} }\n";
const KEY: &str = "agent: a\nsha256: \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n";

impl Desk {
    /// A configuration whose store is `config/`.
    fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        let text = "version: 1\nserver: { state_dir: state }\nstore: { directory: config }\n";
        fs::write(desk.path("portcullis.yaml"), text).unwrap();
        desk
    }

    /// The same, with three revisions in it.
    async fn full() -> Self {
        let desk = Self::new();
        let agent = |text: &str| Some(text.to_owned());
        let early = "route: /early\nupstream: http://127.0.0.1:9\nauth: { api_key: {} }\n";
        desk.commit("config", "agents/a", None, agent(early)).await;
        desk.commit("config", "agents/a", agent(early), agent(AGENT)).await;
        desk.commit("config", "api_keys/Yq3Zk81b", None, agent(KEY)).await;
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn commit(&self, store: &str, id: &str, from: Option<String>, to: Option<String>) -> u64 {
        let store = DirectoryStore::open(self.path(store), Writer::Now).await.unwrap();
        let change = Change { id: ResourceId::parse(id).unwrap(), from, to };
        let at = jiff::Timestamp::UNIX_EPOCH;
        let commit =
            Commit { at, who: "somebody".into(), what: format!("write {id}"), changes: vec![change] };
        store.commit(commit).await.unwrap()
    }

    /// Runs a command; its code, and all that it says.
    fn run(&self, line: &str) -> (u8, String) {
        self.portcullis(&format!("store {line}"))
    }

    fn portcullis(&self, line: &str) -> (u8, String) {
        let config = self.path("portcullis.yaml");
        let mut words = vec!["portcullis".to_owned()];
        let local = |word: &str| match word.split_once(':') {
            Some(("directory", path)) => format!("directory:{}", self.path(path).display()),
            _ if word.starts_with("./") => self.path(word).display().to_string(),
            _ => word.to_owned(),
        };
        words.extend(line.split(' ').map(local));
        words.extend(["-c".to_owned(), config.display().to_string()]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        // A command makes a runtime of its own.
        let code = std::thread::scope(|scope| {
            let ran = scope.spawn(|| crate::cli::run_with(words, &mut out, &mut err));
            ran.join().unwrap().unwrap()
        });
        (code, String::from_utf8([out, err].concat()).unwrap())
    }

    /// The files below a folder that are not the lock: names and contents.
    fn files(&self, folder: &str) -> BTreeMap<String, String> {
        fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(root, &path, found);
                } else if entry.file_name() != ".lock" {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    found.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
        let (root, mut found) = (self.path(folder), BTreeMap::new());
        walk(&root, &root, &mut found);
        found
    }
}

#[tokio::test]
async fn a_copy_has_the_texts_the_revisions_and_their_numbers() {
    let desk = Desk::full().await;
    let (code, said) = desk.run("copy --from directory:config --to directory:copy --dry-run");
    assert_eq!((code, desk.path("copy").exists()), (0, false), "{said}");
    assert!(said.contains("  create agents/a\n") && said.contains("would copy"), "{said}");
    assert!(said.contains("2 created, 0 changed, 0 removed, 0 unchanged"), "{said}");

    let (code, said) = desk.run("copy --from directory:config --to directory:copy");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2 resources, 3 revisions of history; the last revision is 3"), "{said}");
    assert_eq!(desk.files("copy"), desk.files("config"));
    assert_eq!(desk.commit("copy", "agents/a", Some(AGENT.to_owned()), None).await, 4);
}

#[tokio::test]
async fn what_is_there_is_replaced_only_when_that_is_asked_for() {
    let desk = Desk::full().await;
    let other = "route: /other\nupstream: http://127.0.0.1:9\npublic: true\n".to_owned();
    for (times, number) in [(1, 3), (4, 5)] {
        let folder = format!("copy{times}");
        let mut text = None;
        for at in 0..times {
            let next = Some(format!("# {at}\n{other}"));
            desk.commit(&folder, "agents/other", text, next.clone()).await;
            text = next;
        }
        let before = desk.files(&folder);
        let copy = format!("copy --from directory:config --to directory:{folder}");
        let (code, said) = desk.run(&copy);
        assert_eq!((code, &desk.files(&folder)), (1, &before), "{said}");
        assert!(said.contains("1 resource at revision") && said.contains("`--replace`"), "{said}");

        let (code, said) = desk.run(&format!("{copy} --replace"));
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("  remove agents/other\n"), "{said}");
        assert!(said.contains(&format!("the last revision is {number}")), "{said}");
        let mut found = desk.files(&folder);
        let own = found.remove("revisions/00000005.json");
        assert_eq!(found, desk.files("config"), "{folder}");
        assert_eq!(own.is_some(), number == 5, "a number that was used is not used again");
    }
}

#[tokio::test]
async fn a_copy_that_would_not_be_valid_or_cannot_be_written_changes_nothing() {
    let desk = Desk::full().await;
    desk.commit("bad", "agents/bad", None, Some("route: /bad\n".to_owned())).await;
    let (code, said) = desk.run("copy --from directory:bad --to directory:copy");
    assert_eq!((code, desk.files("copy").len()), (1, 0), "{said}");
    assert!(said.contains("copy/agents/bad.yaml") && said.contains("nothing was written"), "{said}");

    let held = DirectoryStore::open(desk.path("copy"), Writer::Now).await.unwrap();
    let (code, said) = desk.run("copy --from directory:config --to directory:copy");
    assert_eq!((code, desk.files("copy").len()), (1, 0), "{said}");
    assert!(said.contains("held by another portcullis"), "{said}");
    drop(held);
    let (code, said) = desk.run("copy --from directory:config --to directory:config");
    assert_eq!(code, 1, "{said}");
    let (code, said) = desk.run("copy --from directory:config --to etcd");
    assert!(code == 1 && said.contains("store: { etcd:"), "{said}");
}

#[tokio::test]
async fn an_export_is_one_document_for_its_owner_alone_and_comes_back_as_it_was() {
    let desk = Desk::full().await;
    let before = desk.files("config");
    let (code, said) = desk.run("export -o ./all.yaml");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("exported 2 resources of ") && !said.contains("warning"), "{said}");
    let all = desk.path("all.yaml");
    assert_eq!(fs::metadata(&all).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&all).unwrap();
    assert!(text.contains("    # guarded\n"), "comments are kept: {text}");

    let (code, said) = desk.run("import ./all.yaml");
    assert_eq!((code, &desk.files("config")), (1, &before), "{said}");
    assert!(said.contains("`--replace`"), "{said}");
    let changed = text.replace("route: /a", "route: /b");
    fs::write(&all, format!("{changed}server: {{ workers: 1 }}\n")).unwrap();
    let (code, said) = desk.run("import ./all.yaml --replace");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("  change agents/a\n") && said.contains("the last revision is 4"), "{said}");

    fs::remove_dir_all(desk.path("config")).unwrap();
    fs::write(&all, text).unwrap();
    let (code, said) = desk.run("import ./all.yaml");
    assert_eq!(code, 0, "{said}");
    let mut after = desk.files("config");
    let of_import = after.remove("revisions/00000001.json").unwrap();
    assert!(of_import.contains("command line") && of_import.contains("import "), "{of_import}");
    let texts = before.into_iter().filter(|(name, _)| !name.starts_with("revisions/"));
    assert_eq!(after, texts.collect());
}

#[tokio::test]
async fn a_document_that_is_none_is_said_with_its_place() {
    let desk = Desk::new();
    for (text, wanted) in [
        ("agents: [", "all.yaml:1"),
        ("agents: { a: { route: /a } }\n", "agents/a.yaml"),
        ("agents: { a_b: {} }\n", "bad-name"),
    ] {
        fs::write(desk.path("all.yaml"), text).unwrap();
        let (code, said) = desk.run("import ./all.yaml");
        assert_eq!((code, desk.files("config").len()), (1, 0), "{said}");
        assert!(said.contains(wanted), "{text}: {said}");
    }
    let (code, said) = desk.run("import ./none.yaml");
    assert!(code == 1 && said.contains("none.yaml"), "{said}");
    fs::write(desk.path("portcullis.yaml"), "version: 1\n").unwrap();
    let (code, said) = desk.run("export -o ./all.yaml");
    assert!(code == 1 && said.contains("names no store"), "{said}");
}

#[tokio::test]
async fn a_store_that_is_named_wrongly_is_told_with_its_place_as_check_does() {
    let desk = Desk::new();
    let loopback = "endpoints: [\"http://127.0.0.1:1\"]";
    for (store, code) in [
        (format!("etcd: {{ {loopback}, store_id: 12 }}"), "bad-store-id"),
        (format!("etcd: {{ {loopback}, ca_file: [] }}"), "wrong-type"),
        ("etcd: { endpoint: \"http://127.0.0.1:1\" }".to_owned(), "missing-field"),
        (format!("directory: config, etcd: {{ {loopback} }}"), "store-conflict"),
    ] {
        let text = format!("version: 1\nserver: {{ state_dir: state }}\nstore: {{ {store} }}\n");
        fs::write(desk.path("portcullis.yaml"), text).unwrap();
        fs::write(desk.path("all.yaml"), "agents: {}\n").unwrap();
        let (_, checked) = desk.portcullis("check");
        let (_, findings) = checked.split_once('\n').unwrap();
        assert!(findings.contains("portcullis.yaml:3:") && findings.contains(code), "{checked}");
        let last = format!("error: `store` is not valid ({} to fix)\n", findings.matches("error[").count());
        for command in [
            "init",
            "export -o ./out.yaml",
            "import ./all.yaml",
            "resume --accept 1",
            "copy --from etcd --to directory:copy",
        ] {
            let (code, said) = desk.run(command);
            assert_eq!((code, said), (1, format!("{findings}{last}")), "{command}");
        }
    }
}

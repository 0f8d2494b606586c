//! A disk without space: the commit fails as a whole, whichever of its steps met the end, and the store goes on.
//!
//! A child does it, on a small disk of its own. Where the system gives no disk away, files may not grow beyond a
//! limit instead: what is held to is the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portcullis::store::{DirectoryStore, WriteError, Writer};

use super::asked::{Asked, wait};
use super::contract::{agent, change, commit, key, provider, resources};

/// Tells a child which folder is short of space.
const FOLDER: &str = "FOLDER_THAT_IS_SHORT_OF_SPACE";
const ON_A_FULL_DISK: &str = "full_disk::child::on_a_full_disk";
const UNDER_A_LIMIT: &str = "full_disk::child::under_a_limit";

/// Runs a test of this binary in a child that a shell has prepared; `$1` is the folder, and what follows it runs.
fn run(shell: &[&str], prepare: &str, test: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let (program, arguments) = shell.split_first().unwrap();
    Command::new(program)
        .args(arguments)
        .args(["sh", "-c", &format!("{prepare}\nshift; exec \"$@\""), "sh"])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, dir.path())
        .output()
        .unwrap()
}

fn passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}

const LIMIT: &str = "trap '' XFSZ; ulimit -f 16 || exit 9";

#[test]
fn a_full_disk_costs_the_commit_alone() {
    let private = ["unshare", "--map-root-user", "--mount"];
    let mount = "mount -t tmpfs -o size=64k none \"$1\" || exit 9";
    let can_mount = Command::new(private[0])
        .args(&private[1..])
        .args(["sh", "-c", "mount -t tmpfs -o size=64k none /tmp"])
        .status()
        .is_ok_and(|status| status.success());
    if can_mount {
        passed(&run(&private, mount, ON_A_FULL_DISK));
    } else {
        passed(&run(&["env"], LIMIT, UNDER_A_LIMIT));
    }
}

#[test]
fn a_file_that_may_not_grow_costs_the_commit_alone() {
    passed(&run(&["env"], LIMIT, UNDER_A_LIMIT));
}

/// A store that is short of space, with something in it, and all that is in its folder.
struct Short {
    folder: PathBuf,
    store: Asked,
}

impl Short {
    fn open() -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os(FOLDER)?);
        let folder = folder.join("store");
        let store = Asked::new(wait(DirectoryStore::open(folder.clone(), Writer::Now)).unwrap());
        let first = [change(&agent("a"), None, Some("a1")), change(&provider("p"), None, Some("p1"))];
        assert_eq!(store.commit(&commit(first)), Ok(1));
        Some(Self { folder, store })
    }

    /// Commits, and says whether that was refused for want of space. Then nothing may have changed.
    fn is_refused(&self, a: &str, k: &str, full: bool) -> bool {
        let before = (files(&self.folder), resources(&self.store), self.store.head());
        let changes = [
            change(&agent("a"), Some("a1"), Some(a)),
            change(&key("k"), None, Some(k)),
            change(&provider("p"), Some("p1"), None),
        ];
        match self.store.commit(&commit(changes)) {
            Ok(number) => {
                assert_eq!(number, 2);
                let wanted =
                    [("agents/a", a), ("api_keys/k", k)].map(|(id, text)| (id.to_owned(), text.to_owned()));
                assert_eq!(resources(&self.store), BTreeMap::from(wanted));
                false
            }
            Err(WriteError::Failed { path, why, full: said }) => {
                assert!(path.starts_with(&self.folder), "{path:?}");
                let words = if full { "No space left on device" } else { "File too large" };
                assert!(said == full && why.contains(words), "{why}");
                assert_eq!((files(&self.folder), resources(&self.store), self.store.head()), before);
                true
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every file below, with what is in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path))
        } else {
            drop(all.insert(path.clone(), fs::read(path).unwrap()))
        }
    }
    all
}

/// Run in children, which have little space. By themselves they have nothing to do.
mod child {
    use super::*;

    #[test]
    fn on_a_full_disk() {
        let Some(short) = Short::open() else { return };
        let ballast = |at: usize| short.folder.with_file_name(format!("ballast{at}"));
        let taken = (0..99).take_while(|at| fs::write(ballast(*at), [b'x'; 4096]).is_ok()).count();
        fs::remove_file(ballast(taken)).unwrap();
        assert!((5..20).contains(&taken), "the disk is not a small one: {taken}");
        // A little more space each time, so that it ends at every step on the way.
        let mut refused = 0;
        while short.is_refused("a2", "k2", true) {
            fs::remove_file(ballast(refused)).unwrap();
            refused += 1;
        }
        assert_eq!(refused, 3, "two texts and the record take one page each");
    }

    #[test]
    fn under_a_limit() {
        let Some(short) = Short::open() else { return };
        let (small, half, large) = ("s".repeat(16), "h".repeat(5 << 10), "l".repeat(9 << 10));
        for (a, k) in [(&large, &small), (&small, &large), (&half, &half)] {
            assert!(short.is_refused(a, k, false), "{} and {} bytes", a.len(), k.len());
        }
        assert!(!short.is_refused(&small, &small, false));
    }
}

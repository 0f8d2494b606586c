//! A commit that is interrupted after each of its steps, and the next process that opens the folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::Text;
use super::super::access::Writer;
use super::super::durable::make_folder;
use super::super::folder::Folder;
use super::super::layout::unnamed;
use super::super::texts::Texts;
use super::*;
use crate::model::ResourceId;

/// A folder with resources, and a commit that changes, creates and removes one.
struct Scene {
    _dir: tempfile::TempDir,
    layout: Layout,
    record: Record,
}

type State = BTreeMap<String, String>;

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("store"));
        for folder in layout.folders() {
            make_folder(&folder).unwrap();
        }
        let id = |kind, name| ResourceId::new(kind, name).unwrap();
        let change = |id: ResourceId, from: Option<&str>, to: Option<&str>| {
            let [from, to] = [from, to].map(|text| text.map(str::to_owned));
            Change { id, from, to }
        };
        let changes = vec![
            change(id(ResourceKind::Agent, "changed"), Some("old"), Some("new")),
            change(id(ResourceKind::ApiKey, "removed"), Some("old"), None),
            change(id(ResourceKind::IdentityProvider, "made"), None, Some("new")),
        ];
        let (who, what) = (String::new(), String::new());
        let commit = Commit { at: jiff::Timestamp::UNIX_EPOCH, who, what, changes };
        let this = Self { _dir: dir, layout, record: Record::new(1, commit) };
        this.stands([false; 3]);
        this
    }

    /// Puts each resource to what it is after the commit, or before it.
    fn stands(&self, after: [bool; 3]) {
        for (change, after) in self.record.commit.changes.iter().zip(after) {
            match if after { &change.to } else { &change.from } {
                Some(text) => replace(&self.layout.file(&change.id), text).unwrap(),
                None => remove(&self.layout.file(&change.id)).unwrap(),
            }
        }
    }

    fn is_begun(&self, path: &Path) {
        replace(path, &serde_json::to_string(&self.record).unwrap()).unwrap();
    }

    fn open(&self, writer: Writer) -> Result<Folder, StoreError> {
        Folder::open(self.layout.root().to_owned(), writer)
    }

    fn seen(folder: &Folder) -> State {
        let texts = folder.read(None).unwrap().whole().unwrap().into_iter();
        texts.map(|(id, text)| (id.to_string(), text.text.to_string())).collect()
    }

    fn state(&self, after: bool) -> State {
        let text = |change: &Change| if after { change.to.clone() } else { change.from.clone() };
        self.record.commit.changes.iter().filter_map(|c| Some((c.id.to_string(), text(c)?))).collect()
    }

    /// Who looks sees the commit whole or not at all, whoever opens the folder makes it so, and nothing is left
    /// over, however often that is done.
    fn ends(&self, after: bool, case: &str) {
        assert_eq!(Self::seen(&self.open(Writer::Never).unwrap()), self.state(after), "{case}, looked at");
        for time in ["once", "twice"] {
            let folder = self.open(Writer::Now).unwrap();
            assert_eq!(Self::seen(&folder), self.state(after), "{case}, opened {time}");
            let record = after.then(|| self.record.clone());
            assert_eq!(
                (folder.history().head(), folder.history().record(1)),
                (Ok(u64::from(after)), Ok(record)),
                "{case}, opened {time}"
            );
        }
        let left = self.layout.folders().flat_map(|folder| fs::read_dir(folder).unwrap());
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), self.state(after).len() + usize::from(after), "{case}: {left:?}");
    }
}

#[test]
fn a_commit_interrupted_after_any_step_is_applied_whole_or_not_at_all() {
    let all: Vec<Step> = steps(&Scene::new().record.commit).collect();
    let intent = all.iter().position(|step| *step == Step::Intend).unwrap();
    assert_eq!((all.len(), intent), (10, 2), "{all:?}");
    for taken in 0..=all.len() {
        let scene = Scene::new();
        for step in all.iter().take(taken) {
            step.take(&scene.layout, &scene.record).unwrap();
        }
        scene.ends(taken > intent, &format!("ended after {taken} steps"));
    }
}

#[test]
fn a_half_written_text_has_only_its_temporary_name() {
    let scene = Scene::new();
    let paths = scene.record.commit.changes.iter().map(|change| scene.layout.file(&change.id));
    for path in paths.chain([scene.layout.pending()]) {
        fs::write(unnamed(&path), "ne").unwrap();
    }
    scene.ends(false, "cut in the middle");
}

#[test]
fn settling_a_commit_can_itself_be_interrupted_anywhere() {
    for bits in 0..8 {
        let after = [0, 1, 2].map(|bit| bits >> bit & 1 == 1);
        for (forward, case) in [(true, "to be done"), (false, "to be taken back")] {
            let scene = Scene::new();
            scene.stands(after);
            let begun = if forward { scene.layout.pending() } else { scene.layout.undo() };
            scene.is_begun(&begun);
            scene.ends(forward, &format!("{case}, with {after:?} done"));
        }
    }
}

#[test]
fn a_failed_step_undoes_the_commit() {
    let scene = Scene::new();
    let change = |at: usize| scene.layout.file(&scene.record.commit.changes[at].id);
    let obstacles = [
        unnamed(&change(0)),
        unnamed(&change(2)),
        unnamed(&scene.layout.pending()),
        scene.layout.pending(),
        change(2),
        scene.layout.revision(1),
    ];
    for obstacle in obstacles {
        // A file cannot replace a folder that is not empty.
        fs::create_dir_all(obstacle.join("x")).unwrap();
        let result = carry_out(&scene.layout, &scene.record);
        assert!(matches!(result, Err(WriteError::Failed { .. })), "{obstacle:?}: {result:?}");
        fs::remove_dir_all(&obstacle).unwrap();
        scene.ends(false, &format!("{obstacle:?}"));
    }
    carry_out(&scene.layout, &scene.record).unwrap();
    scene.ends(true, "nothing in the way");
}

#[test]
fn a_failed_undo_is_repeated_by_the_next_write_or_start() {
    for restarts in [true, false] {
        let scene = Scene::new();
        let folder = scene.open(Writer::Now).unwrap();
        // The last step fails, and so does undoing the first.
        let back = unnamed(&scene.layout.file(&scene.record.commit.changes[0].id));
        for step in steps(&scene.record.commit).take_while(|step| *step != Step::Keep) {
            step.take(&scene.layout, &scene.record).unwrap();
        }
        fs::create_dir_all(back.join("x")).unwrap();
        take_back(&scene.layout, &scene.record);
        assert!(scene.layout.undo().is_file() && !scene.layout.pending().exists());
        assert_eq!(Scene::seen(&folder), scene.state(false));
        assert!(matches!(folder.commit(scene.record.commit.clone()), Err(WriteError::Failed { .. })));
        fs::remove_dir_all(&back).unwrap();
        if restarts {
            drop(folder);
            scene.ends(false, "after a restart");
        } else {
            assert_eq!(folder.commit(scene.record.commit.clone()), Ok(1));
            drop(folder);
            scene.ends(true, "after the next write");
        }
    }
}

#[test]
fn settling_leaves_files_changed_by_hand_since_then_alone() {
    let scene = Scene::new();
    scene.is_begun(&scene.layout.pending());
    fs::write(scene.layout.file(&scene.record.commit.changes[0].id), "by hand").unwrap();
    let mut wanted = scene.state(true);
    wanted.insert("agents/changed".to_owned(), "by hand".to_owned());
    for writer in [Writer::Never, Writer::Now, Writer::Never] {
        assert_eq!(Scene::seen(&scene.open(writer).unwrap()), wanted, "{writer:?}");
    }
}

#[test]
fn a_damaged_intent_is_an_error() {
    let scene = Scene::new();
    fs::write(scene.layout.pending(), "{").unwrap();
    for result in [scene.open(Writer::Now).map(drop), scene.open(Writer::Never).unwrap().read(None).map(drop)]
    {
        let Err(StoreError::Damaged { path, why }) = result else { panic!("{result:?}") };
        assert_eq!((path, why.contains("move it away")), (scene.layout.pending(), true));
    }
}

#[test]
fn a_read_during_commits_includes_the_last_of_them() {
    let folder = Scene::new().open(Writer::Never).unwrap();
    let id = |name: &str| ResourceId::new(ResourceKind::Agent, name).unwrap();
    let texts = ["1", "2", "1", "3"].map(|text| Some(text.to_owned()));
    let record = |at: usize| {
        let changes = ["a", "b"].map(|name| Change {
            id: id(name),
            from: at.checked_sub(1).and_then(|at| texts[at].clone()),
            to: texts[at].clone(),
        });
        let commit = Commit {
            at: jiff::Timestamp::UNIX_EPOCH,
            who: String::new(),
            what: String::new(),
            changes: changes.to_vec(),
        };
        Record::new(at as u64 + 1, commit)
    };
    // Each was read before or after any of the commits.
    for a in [None, Some("1"), Some("2"), Some("3")] {
        for b in [None, Some("1"), Some("2"), Some("3"), Some("by hand")] {
            let read = [("a", a), ("b", b)];
            let text = |text: &str| Text { path: Path::new("").into(), text: text.into() };
            let mut seen: Texts =
                read.iter().filter_map(|(name, found)| Some((id(name), text((*found)?)))).collect();
            for at in 0..texts.len() {
                folder.bring_up(&mut seen, &record(at), Direction::Forward);
            }
            let b = b.filter(|text| *text == "by hand").unwrap_or("3");
            assert_eq!(
                seen.into_vec().iter().map(|(_, text)| &*text.text).collect::<Vec<_>>(),
                ["3", b],
                "{read:?}"
            );
        }
    }
}

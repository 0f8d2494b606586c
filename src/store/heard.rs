//! What was heard of changes in folders since somebody asked last. Who hears it is `inotify`; what a file means is for the
//! reader.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The most files of one folder that are told one by one: with more, reading all of them costs hardly more, and a queue
/// that nobody asks for stays small.
const MOST: usize = 1000;

/// What changed in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Anything may have.
    Anything,
    /// The files of these names, and nothing else.
    Files(BTreeSet<OsString>),
}

/// Which folder it is: another one may be put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FolderId {
    device: u64,
    inode: u64,
}

impl FolderId {
    /// The folder at a path, if there is one.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Self { device: meta.dev(), inode: meta.ino() })
    }
}

/// The folders that are listened to, each with what changed in it. Of any other folder nothing is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard(BTreeMap<PathBuf, Listened>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Listened {
    /// The kernel's number of the folder. One folder under two names has one number.
    number: i32,
    /// The folder itself; `None` when that is not certain.
    folder: Option<FolderId>,
    change: Change,
}

impl Heard {
    /// Listens to a folder from now on. What was before is not known.
    pub(super) fn listen(&mut self, path: &Path, number: i32, folder: Option<FolderId>) {
        self.0.insert(path.to_owned(), Listened { number, folder, change: Change::Anything });
    }

    /// Whether anything is heard of the folder at this path.
    pub(super) fn listens(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Ends listening to a folder; its number, when that is no other's.
    pub(super) fn give_up(&mut self, folder: &Path) -> Option<i32> {
        let number = self.0.remove(folder)?.number;
        (!self.0.values().any(|other| other.number == number)).then_some(number)
    }

    /// A file of this name in the folder of this number; without a name, the folder itself.
    pub(super) fn changed(&mut self, number: i32, file: Option<&OsStr>) {
        for folder in self.0.values_mut().filter(|folder| folder.number == number) {
            match (&mut folder.change, file) {
                (Change::Files(names), Some(name)) if names.len() < MOST => {
                    names.insert(name.to_owned());
                }
                (change, _) => *change = Change::Anything,
            }
        }
    }

    /// Events were lost.
    pub(super) fn lost(&mut self) {
        self.0.values_mut().for_each(|folder| folder.change = Change::Anything);
    }

    /// The kernel does not tell of this folder any more.
    pub(super) fn ended(&mut self, number: i32) {
        self.0.retain(|_, folder| folder.number != number);
    }

    /// Nothing is heard any more.
    pub(super) fn deaf(&mut self) {
        self.0.clear();
    }

    /// What was heard until now; from here on everything is new.
    pub(super) fn take(&mut self) -> Self {
        let taken = Self(self.0.clone());
        self.0.values_mut().for_each(|folder| folder.change = Change::Files(BTreeSet::new()));
        taken
    }

    /// What changed in a folder. Where another one was put in its place, anything did.
    pub(super) fn of(&self, path: &Path, folder: FolderId) -> &Change {
        let listened = self.0.get(path).filter(|listened| listened.folder == Some(folder));
        listened.map_or(&Change::Anything, |listened| &listened.change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Change {
        Change::Files(names.iter().map(OsString::from).collect())
    }

    #[test]
    fn what_is_not_known_may_be_anything() {
        let (one, other) = (Path::new("/one"), Path::new("/other"));
        let [id, another] = [1, 2].map(|inode| FolderId { device: 1, inode });
        let mut heard = Heard::default();
        assert_eq!(heard.of(one, id), &Change::Anything, "nobody listens");
        heard.listen(one, 1, Some(id));
        heard.listen(other, 2, Some(id));
        assert_eq!(heard.take().of(one, id), &Change::Anything, "before anybody listened");
        assert_eq!(heard.take().of(one, id), &files(&[]));
        heard.changed(1, Some(OsStr::new("a")));
        heard.changed(1, Some(OsStr::new("b")));
        let taken = heard.take();
        assert_eq!((taken.of(one, id), taken.of(other, id)), (&files(&["a", "b"]), &files(&[])));
        assert_eq!(taken.of(one, another), &Change::Anything, "another folder at that path");
        type Happens<'a> = &'a dyn Fn(&mut Heard);
        let all: [(&str, Happens<'_>); 4] = [
            ("the folder itself", &|heard| heard.changed(1, None)),
            ("too many", &|heard| {
                (0..=MOST).for_each(|n| heard.changed(1, Some(OsStr::new(&n.to_string()))));
            }),
            ("a full queue", &Heard::lost),
            ("the end of the watch", &|heard| heard.ended(1)),
        ];
        for (why, happens) in all {
            happens(&mut heard);
            heard.changed(1, Some(OsStr::new("a")));
            assert_eq!(heard.take().of(one, id), &Change::Anything, "{why}");
        }
        assert_eq!(heard.take().of(one, id), &Change::Anything, "nobody listens any more");
        assert_eq!(heard.take().of(other, id), &files(&[]));
    }

    #[test]
    fn a_folder_under_two_names_changes_under_both_and_is_given_up_with_the_last() {
        let (real, link) = (Path::new("/real"), Path::new("/link"));
        let id = FolderId { device: 1, inode: 1 };
        let mut heard = Heard::default();
        heard.listen(real, 1, Some(id));
        heard.listen(link, 1, Some(id));
        let _before = heard.take();
        heard.changed(1, Some(OsStr::new("a")));
        let taken = heard.take();
        assert_eq!((taken.of(real, id), taken.of(link, id)), (&files(&["a"]), &files(&["a"])));
        assert_eq!((heard.give_up(link), heard.give_up(link), heard.give_up(real)), (None, None, Some(1)));
    }
}

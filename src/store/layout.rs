//! The paths in the folder of a store. Names with a leading dot are the store's own files, not resources.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::model::{ResourceId, ResourceKind};

/// The folder of a store.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the resources of a kind.
    pub(super) fn folder(&self, kind: ResourceKind) -> PathBuf {
        self.root.join(kind.section())
    }

    /// The file of a resource.
    pub(super) fn file(&self, id: &ResourceId) -> PathBuf {
        // The grammar of names excludes every character with a meaning in paths.
        self.folder(id.kind()).join(format!("{}.yaml", id.name()))
    }

    /// The name of a resource with a file of this name, if it is one.
    pub(super) fn name(file: &OsStr) -> Option<&str> {
        file.to_str()?.strip_suffix(".yaml")
    }

    /// The resource of a kind with a file of this name.
    pub(super) fn resource(kind: ResourceKind, file: &OsStr) -> Option<ResourceId> {
        ResourceId::new(kind, Self::name(file)?)
    }

    /// The folder of the history.
    pub(super) fn revisions(&self) -> PathBuf {
        self.root.join("revisions")
    }

    /// The file of a revision.
    pub(super) fn revision(&self, number: u64) -> PathBuf {
        self.revisions().join(revision_name(number))
    }

    /// The number of the revision with a file of this name.
    pub(super) fn number(file: &OsStr) -> Option<u64> {
        let name = file.to_str()?;
        let number = name.strip_suffix(".json")?.parse().ok()?;
        (revision_name(number) == name).then_some(number)
    }

    /// The intent of a commit that must be carried out.
    pub(super) fn pending(&self) -> PathBuf {
        self.revisions().join("pending.json")
    }

    /// The intent of a commit that must be undone.
    pub(super) fn undo(&self) -> PathBuf {
        self.revisions().join("undo.json")
    }

    /// The lock file of the writer.
    pub(super) fn lock(&self) -> PathBuf {
        self.root.join(".lock")
    }

    /// Every folder that files are written to.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> {
        ResourceKind::ALL.into_iter().map(|kind| self.folder(kind)).chain([self.revisions()])
    }

    /// The folders to watch for changes of resources: those that are there, and where a missing one would appear.
    pub(super) fn watched(&self) -> Vec<PathBuf> {
        let here =
            |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
        let nearest = |folder: PathBuf| folder.ancestors().map(here).find(|folder| folder.is_dir());
        ResourceKind::ALL.into_iter().filter_map(|kind| nearest(self.folder(kind))).collect()
    }
}

fn revision_name(number: u64) -> String {
    format!("{number:08}.json")
}

/// The temporary name of a file. There is one writer, so one such name for each file is enough.
pub(super) fn unnamed(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(NEW);
    path.with_file_name(name)
}

/// Whether a name is a temporary one.
pub(super) fn is_unnamed(file: &OsStr) -> bool {
    let name = file.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(NEW));
    name.is_some_and(|name| name.ends_with(".yaml") || name.ends_with(".json"))
}

const NEW: &str = ".new";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_that_are_written_are_read() {
        let agent = |file: &str| Layout::resource(ResourceKind::Agent, OsStr::new(file));
        assert_eq!(agent("a.yaml"), ResourceId::new(ResourceKind::Agent, "a"));
        for stray in [".a.yaml", "a.yml", "a", "a.yaml~", "a.b.yaml", ".yaml", "ä.yaml", "a.yaml.new"] {
            assert_eq!(agent(stray), None, "{stray}");
        }
        let number = |file: &str| Layout::number(OsStr::new(file));
        assert_eq!((number("00000007.json"), number("123456789.json")), (Some(7), Some(123_456_789)));
        for stray in
            ["7.json", "0000000x.json", "pending.json", "00000007", "+0000007.json", "000000007.json"]
        {
            assert_eq!(number(stray), None, "{stray}");
        }
    }

    #[test]
    fn a_temporary_file_is_neither_a_resource_nor_a_revision() {
        let layout = Layout::new(PathBuf::from("x"));
        let id = ResourceId::new(ResourceKind::Agent, "a").unwrap();
        for path in [layout.file(&id), layout.revision(1), layout.pending()] {
            let file = unnamed(&path).file_name().unwrap().to_owned();
            assert!(is_unnamed(&file) && !is_unnamed(path.file_name().unwrap()));
            assert_eq!((Layout::resource(ResourceKind::Agent, &file), Layout::number(&file)), (None, None));
        }
    }
}

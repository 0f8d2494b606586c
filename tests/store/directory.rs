//! The store in a folder, held to the contract.

use std::fs;
use std::path::PathBuf;

use portcullis::model::ResourceId;
use portcullis::store::{DirectoryStore, Record, StoreError, Writer};
use serde_json::json;
use tempfile::TempDir;

use super::asked::{Asked, wait};
use super::contract::{self, LocalPlace, Place, holds_to_the_contract, led_to};

/// A folder for a store.
pub(crate) struct Directory {
    dir: TempDir,
}

impl Directory {
    /// In memory where the system has such a place: for tests of order and not of disks, which then take a hundredth
    /// of the time.
    pub(crate) fn in_memory() -> Self {
        Self::in_dir(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn in_dir(dir: TempDir) -> Self {
        Self { dir }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub(crate) fn file(&self, id: &ResourceId) -> PathBuf {
        self.folder().join(format!("{id}.yaml"))
    }

    pub(crate) fn open(&self, writer: Writer) -> Result<Asked, StoreError> {
        wait(DirectoryStore::open(self.folder(), writer)).map(Asked::new)
    }
}

impl Place for Directory {
    fn empty() -> Self {
        Self::in_dir(tempfile::tempdir().unwrap())
    }

    fn writer(&self) -> Result<Asked, StoreError> {
        self.open(Writer::Now)
    }

    fn reader(&self) -> Asked {
        self.open(Writer::Never).unwrap()
    }

    fn has_history(&self, records: Vec<Record>) {
        led_to(&records).iter().for_each(|(id, text)| self.by_hand(id, Some(text)));
        let folder = self.folder().join("revisions");
        fs::create_dir_all(&folder).unwrap();
        for Record { number, commit, .. } in records {
            let changes = commit.changes.iter();
            let changes =
                changes.map(|c| json!({ "resource": c.id.to_string(), "from": c.from, "to": c.to }));
            let record = json!({
                "number": number,
                "at": commit.at.to_string(),
                "who": commit.who,
                "what": commit.what,
                "changes": changes.collect::<Vec<_>>(),
            });
            fs::write(folder.join(format!("{number:08}.json")), record.to_string()).unwrap();
        }
    }
}

impl LocalPlace for Directory {
    fn successor(&self) -> Asked {
        self.open(Writer::Later).unwrap()
    }

    fn by_hand(&self, id: &ResourceId, text: Option<&str>) {
        match text {
            Some(text) => {
                fs::create_dir_all(self.file(id).parent().unwrap()).unwrap();
                fs::write(self.file(id), text).unwrap();
            }
            None => fs::remove_file(self.file(id)).unwrap(),
        }
    }
}

holds_to_the_contract!(Directory);

#[test]
fn an_edit_by_hand_is_noted_once() {
    contract::an_edit_by_hand_is_noted_once(&Directory::empty());
}

//! The last revisions, one file each. The folder is listed every time, because files may be removed or restored by
//! hand. A file itself never changes, so its set of resources is cached.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::DirEntryExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::layout::Layout;
use super::text::read_own;
use super::{Latest, Query, Record, StoreError};
use crate::model::ResourceId;

/// Revisions kept: enough to undo weeks of changes, and few enough to list the folder at each look.
const KEPT: u64 = 1000;

/// The history of a folder.
#[derive(Debug)]
pub(super) struct History {
    layout: Layout,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The highest number seen: numbers are never reused, even when files are removed by hand.
    head: u64,
    touched: BTreeMap<RevisionFile, BTreeSet<ResourceId>>,
}

/// One file of the history: the number of its revision, and the identity of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RevisionFile {
    number: u64,
    inode: u64,
}

impl History {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, known: Mutex::default() }
    }

    /// The number of the last revision.
    pub(super) fn head(&self) -> Result<u64, StoreError> {
        let last = self.files()?.last().map_or(0, |file| file.number);
        let mut known = self.known();
        known.head = known.head.max(last);
        Ok(known.head)
    }

    /// The number of the last revision seen, for when the folder cannot be listed.
    pub(super) fn last_seen(&self) -> u64 {
        self.known().head
    }

    pub(super) fn record(&self, number: u64) -> Result<Option<Record>, StoreError> {
        let path = self.layout.revision(number);
        let Some(text) = read_own(&path)? else { return Ok(None) };
        let damaged = |why: String| StoreError::Damaged { path: path.clone(), why };
        let record: Record = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        if record.number != number {
            return Err(damaged(format!("it says that it is revision {}", record.number)));
        }
        Ok(Some(record))
    }

    /// The numbers of all revisions.
    pub(super) fn numbers(&self) -> Result<Vec<u64>, StoreError> {
        Ok(self.files()?.into_iter().map(|file| file.number).collect())
    }

    /// The revisions that fit the query, newest first. A damaged file only hides its own revision.
    pub(super) fn list(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let files = self.files()?;
        self.known().touched.retain(|file, _| files.contains(file));
        let before = query.before.unwrap_or(u64::MAX);
        let wanted = files.into_iter().rev().filter(|file| file.number < before);
        let records = wanted.filter_map(|file| {
            self.asked(file, query.only.as_ref()).unwrap_or_else(|error| {
                tracing::warn!(%error, "a revision is left out of the history");
                None
            })
        });
        Ok(records.take(query.limit).collect())
    }

    /// The revision in a file; `None` when it does not change the resource of the query.
    fn asked(&self, file: RevisionFile, only: Option<&ResourceId>) -> Result<Option<Record>, StoreError> {
        let Some(id) = only else { return self.record(file.number) };
        if self.known().touched.get(&file).is_some_and(|touched| !touched.contains(id)) {
            return Ok(None);
        }
        let Some(record) = self.record(file.number)? else { return Ok(None) };
        let touched: BTreeSet<_> = record.commit.changes.iter().map(|change| change.id.clone()).collect();
        let asked = touched.contains(id);
        self.known().touched.insert(file, touched);
        Ok(asked.then_some(record))
    }

    /// The last revision of each of these resources, or of all. A damaged file only hides its own revision.
    pub(super) fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        let mut latest = Latest::new();
        for file in self.files()?.into_iter().rev() {
            if of.is_some_and(|of| latest.len() == of.len()) {
                break;
            }
            let known = self.known().touched.get(&file).cloned();
            if let (Some(touched), Some(of)) = (known, of)
                && touched.is_disjoint(of)
            {
                continue;
            }
            let Ok(Some(record)) = self.record(file.number) else { continue };
            let touched = record.commit.changes.iter().map(|change| change.id.clone()).collect();
            self.known().touched.insert(file, touched);
            for change in record.commit.changes {
                if of.is_none_or(|of| of.contains(&change.id)) {
                    latest.entry(change.id).or_insert((record.number, change.to));
                }
            }
        }
        Ok(latest)
    }

    /// Records a new revision, and removes those beyond [`KEPT`].
    pub(super) fn grown_to(&self, number: u64) {
        {
            let mut known = self.known();
            known.head = known.head.max(number);
        }
        let Ok(files) = self.files() else { return };
        let oldest = number.saturating_sub(KEPT);
        for file in files.iter().take_while(|file| file.number <= oldest) {
            let path = self.layout.revision(file.number);
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "an old revision cannot be removed");
            }
        }
    }

    fn files(&self) -> Result<BTreeSet<RevisionFile>, StoreError> {
        let folder = self.layout.revisions();
        let unreadable = |error: &io::Error| StoreError::unreadable(&folder, error);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            entries => entries.map_err(|e| unreadable(&e))?,
        };
        let mut files = BTreeSet::new();
        for entry in entries {
            let entry = entry.map_err(|e| unreadable(&e))?;
            if let Some(number) = Layout::number(&entry.file_name())
                && entry.file_type().is_ok_and(|kind| kind.is_file())
            {
                files.insert(RevisionFile { number, inode: entry.ino() });
            }
        }
        Ok(files)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A configuration in a folder: one file for each resource, beside the documents that people write. Each commit
//! is durable before it is acknowledged, one process writes, and every process may read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::durable::{make_folder, sweep};
use super::history::History;
use super::journal::{Direction, carry_out, keep, settle, unsettled};
use super::layout::Layout;
use super::lock::{Lock, LockError};
use super::shelf::{Shelf, bring_up};
use super::text::{MAX_BYTES, read_resource};
use super::watch::FileWatch;
use super::{
    Change, Commit, ConfigStore, Holds, Latest, Query, Reading, Record, StoreError, Text, WriteError,
};
use crate::model::ResourceId;

/// Whether, and from when on, a process writes to the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// From the start: opening fails while another process does.
    Now,
    /// From its first commit on: it takes over from a process that still runs.
    Later,
    /// Never: it only looks, and leaves no trace.
    Never,
}

/// A store in a folder, beside the store of the documents.
pub struct DirectoryStore {
    inline: Box<dyn ConfigStore>,
    layout: Layout,
    shelf: Shelf,
    history: History,
    /// Held for as long as a commit takes.
    writing: Mutex<()>,
    /// Held for a moment, so that nobody who asks waits for a slow disk.
    access: Mutex<Access>,
    watch: Option<FileWatch>,
}

/// What this process may do with the folder.
#[derive(Debug)]
enum Access {
    Held(Lock),
    Open,
    Never(String),
}

/// Why the folder is not held.
enum NotHeld {
    Locked,
    Refused { path: PathBuf, error: std::io::Error },
}

impl std::fmt::Debug for DirectoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DirectoryStore").field("folder", &self.layout.root()).finish_non_exhaustive()
    }
}

impl DirectoryStore {
    /// Opens the store in `folder`; `inline` are the documents beside it. A writer makes what is missing and ends
    /// what a crash left unfinished.
    ///
    /// A folder that is there and cannot be written (a read-only volume, say) is opened all the same: its
    /// resources are served, and [`ConfigStore::writable`] says why nothing can be changed.
    ///
    /// # Errors
    /// When another process writes to the folder, when it is not there and cannot be made, and when a commit that
    /// was not finished cannot be read.
    pub fn open(inline: Box<dyn ConfigStore>, folder: PathBuf, writer: Writer) -> Result<Self, StoreError> {
        let layout = Layout::new(folder);
        let access = match writer {
            Writer::Now => Self::hold_or_read(&layout)?,
            Writer::Later => Access::Open,
            Writer::Never => Access::Never("this process only reads the configuration".to_owned()),
        };
        let store = Self {
            inline,
            history: History::new(layout.clone()),
            layout,
            shelf: Shelf::default(),
            writing: Mutex::default(),
            access: Mutex::new(access),
            watch: None,
        };
        if matches!(*store.access(), Access::Held(_)) {
            store.settle_or_wait()?;
        }
        Ok(store)
    }

    fn hold_or_read(layout: &Layout) -> Result<Access, StoreError> {
        match hold(layout) {
            Ok(lock) => Ok(Access::Held(lock)),
            Err(NotHeld::Locked) => Err(StoreError::Locked { folder: layout.root().to_owned() }),
            Err(NotHeld::Refused { path, error }) if !layout.root().is_dir() => {
                Err(StoreError::Unmade { path, why: error.to_string() })
            }
            Err(NotHeld::Refused { path, error }) => {
                let why =
                    format!("the store cannot be changed: {} cannot be written: {error}", path.display());
                tracing::warn!("{why}");
                Ok(Access::Never(why))
            }
        }
    }

    /// Ends what a crash left unfinished. A disk that is full now must not keep the gateway from starting: what is
    /// read is the same, and the next write tries again.
    fn settle_or_wait(&self) -> Result<(), StoreError> {
        let Some((record, direction)) = unsettled(&self.layout)? else { return Ok(()) };
        match settle(&self.layout, &record, direction) {
            Ok(()) => tracing::info!(
                revision = record.number,
                ?direction,
                "ended a change that a crash left unfinished"
            ),
            Err(error) => tracing::error!(%error, "a change that was not finished cannot be ended now"),
        }
        Ok(())
    }

    /// Makes this process the writer, if it is not yet.
    fn become_writer(&self) -> Result<(), WriteError> {
        let mut access = self.access();
        match &*access {
            Access::Held(lock) if lock.stands() => return Ok(()),
            Access::Never(why) => return Err(WriteError::ReadOnly(why.clone())),
            // Somebody put another folder in the place of the one that was locked.
            Access::Held(_) => *access = Access::Open,
            Access::Open => {}
        }
        match hold(&self.layout) {
            Ok(lock) => *access = Access::Held(lock),
            Err(NotHeld::Locked) => return Err(WriteError::Locked(self.locked())),
            Err(NotHeld::Refused { path, error }) => return Err(WriteError::failed(&path, &error)),
        }
        Ok(())
    }

    fn locked(&self) -> String {
        format!(
            "{} is held by another portcullis, which writes to it; when that one has gone, try again",
            self.layout.root().display()
        )
    }

    /// Fails unless each change starts from what stands there, and what it leads to can be read again.
    fn check(&self, changes: &[Change]) -> Result<(), WriteError> {
        let mut named = BTreeSet::new();
        for change in changes {
            let path = self.layout.file(&change.id);
            let now = match read_resource(&path) {
                // Nobody can have started from what cannot be read.
                Err(StoreError::TooLarge { .. }) => {
                    return Err(WriteError::Conflict(change.id.clone()));
                }
                now => now.map_err(WriteError::from)?,
            };
            if !named.insert(&change.id) || now != change.from {
                return Err(WriteError::Conflict(change.id.clone()));
            }
            if change.to.as_ref().is_some_and(|text| text.len() as u64 > MAX_BYTES) {
                return Err(StoreError::TooLarge { path, limit: MAX_BYTES }.into());
            }
        }
        Ok(())
    }

    fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the folders and takes the lock.
fn hold(layout: &Layout) -> Result<Lock, NotHeld> {
    for folder in layout.folders() {
        make_folder(&folder).map_err(|error| NotHeld::Refused { path: folder, error })?;
    }
    let lock = Lock::take(layout.lock()).map_err(|error| match error {
        LockError::Held => NotHeld::Locked,
        LockError::Io(error) => NotHeld::Refused { path: layout.lock(), error },
    })?;
    layout.folders().for_each(|folder| sweep(&folder));
    Ok(lock)
}

#[async_trait]
impl ConfigStore for DirectoryStore {
    fn look(&self) -> Result<Reading, StoreError> {
        let documents = self.inline.look()?.documents;
        let held = matches!(*self.access(), Access::Held(_));
        let earlier = self.history.head()?;
        let (mut resources, unreadable) = self.shelf.read(&self.layout, held)?;
        // Another process may have written in the meantime, or died while it did. In this order, since a commit
        // is first unsettled and then a revision.
        let unsettled = unsettled(&self.layout)?;
        for number in earlier.saturating_add(1)..=self.history.head()? {
            if let Some(record) = self.history.record(number)? {
                bring_up(&mut resources, &record, Direction::Forward);
            }
        }
        if let Some((record, direction)) = unsettled {
            bring_up(&mut resources, &record, direction);
        }
        let resources = resources.into_iter().map(|(id, text)| {
            let path = self.layout.file(&id);
            Text { path, text, holds: Holds::Resource(id) }
        });
        Ok(Reading { documents, resources: resources.collect(), unreadable })
    }

    async fn changed(&mut self, files: &[PathBuf]) {
        let watch = self.watch.get_or_insert_with(FileWatch::new);
        watch.follow(&self.shelf.links(), &self.layout.watched());
        tokio::select! {
            () = watch.rung() => {}
            () = self.inline.changed(files) => {}
        }
    }

    fn write(&self, commit: &Commit) -> Result<u64, WriteError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.become_writer()?;
        if let Some((record, direction)) = unsettled(&self.layout)? {
            settle(&self.layout, &record, direction)?;
        }
        self.check(&commit.changes)?;
        let head = self.history.head()?;
        if commit.changes.is_empty() {
            return Ok(head);
        }
        let record = Record { number: head.saturating_add(1), commit: commit.clone() };
        carry_out(&self.layout, &record)?;
        self.history.grown_to(record.number);
        Ok(record.number)
    }

    fn note(&self, commit: &Commit) -> Result<Option<u64>, WriteError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.become_writer()?;
        let named: BTreeSet<ResourceId> = commit.changes.iter().map(|change| change.id.clone()).collect();
        let said = self.history.latest(Some(&named))?;
        let mut commit = commit.clone();
        commit.changes.retain(|change| said.get(&change.id).is_none_or(|(_, text)| *text != change.to));
        if commit.changes.is_empty() {
            return Ok(None);
        }
        let record = Record { number: self.history.head()?.saturating_add(1), commit };
        keep(&self.layout, &record)?;
        self.history.grown_to(record.number);
        Ok(Some(record.number))
    }

    fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        self.history.latest(of)
    }

    fn history(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        self.history.list(query)
    }

    fn record(&self, number: u64) -> Result<Option<Record>, StoreError> {
        self.history.record(number)
    }

    fn head(&self) -> u64 {
        self.history.head().unwrap_or_else(|_| self.history.last_seen())
    }

    fn writable(&self) -> Result<PathBuf, String> {
        match &*self.access() {
            Access::Never(why) => Err(why.clone()),
            Access::Held(_) | Access::Open => Ok(self.layout.root().to_owned()),
        }
    }
}

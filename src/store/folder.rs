//! The folder of a store: one file for each resource, and a history. All calls block.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::access::{Access, Writer};
use super::durable::{flush, remove};
use super::history::History;
use super::inotify::Ear;
use super::journal::{Direction, carry_out, keep, settle, unsettled};
use super::layout::Layout;
use super::shelf::Shelf;
use super::text::{MAX_BYTES, read_resource};
use super::texts::Texts;
use super::{Change, Commit, Description, Reading, Record, StoreError, StoreKind, Text, WriteError};
use crate::model::ResourceId;

/// The folder of a store.
#[derive(Debug)]
pub(super) struct Folder {
    layout: Layout,
    shelf: Shelf,
    history: History,
    access: Access,
    /// Held for the duration of a commit.
    writing: Mutex<()>,
}

impl Folder {
    pub(super) fn open(root: PathBuf, writer: Writer) -> Result<Self, StoreError> {
        let layout = Layout::new(root);
        let folder = Self {
            access: Access::new(&layout, writer)?,
            history: History::new(layout.clone()),
            layout,
            shelf: Shelf::default(),
            writing: Mutex::default(),
        };
        if folder.access.is_held() {
            folder.settle_or_wait()?;
        }
        Ok(folder)
    }

    /// Completes a commit that a crash interrupted. A full disk must not prevent the start: readers see the same
    /// resources, and the next write tries again.
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

    /// All resources. `ear` has heard of changes in the folders.
    pub(super) fn read(&self, ear: Option<&Ear>) -> Result<Reading, StoreError> {
        let earlier = self.history.head()?;
        let (mut texts, unreadable) = self.shelf.read(&self.layout, self.access.is_held(), ear)?;
        // Another process may have written in the meantime, or died while it did. In this order, since a commit
        // is first unsettled and then a revision.
        let unsettled = unsettled(&self.layout)?;
        let head = self.history.head()?;
        for number in earlier.saturating_add(1)..=head {
            if let Some(record) = self.history.record(number)? {
                self.bring_up(&mut texts, &record, Direction::Forward);
            }
        }
        if let Some((record, direction)) = unsettled {
            self.bring_up(&mut texts, &record, direction);
        }
        Ok(Reading { head, hash: None, resources: texts.into_vec(), unreadable })
    }

    /// Applies a commit to resources that were read before it or during it.
    pub(super) fn bring_up(&self, texts: &mut Texts, record: &Record, direction: Direction) {
        for change in &record.commit.changes {
            let (before, after) = direction.ends(change);
            if texts.get(&change.id).map(|text| &**text) != before.as_deref() {
                continue;
            }
            match after {
                Some(text) => {
                    let path = self.layout.file(&change.id).into();
                    texts.put(change.id.clone(), Text { path, text: text.as_str().into() });
                }
                None => texts.remove(&change.id),
            }
        }
    }

    /// Makes the next reading one of all files, whatever was heard.
    pub(super) fn read_anew(&self) {
        self.shelf.read_anew();
    }

    /// How long what was read last may go unread.
    pub(super) fn patience(&self) -> Duration {
        self.shelf.patience()
    }

    pub(super) fn commit(&self, commit: Commit) -> Result<u64, WriteError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.become_writer()?;
        let head = self.history.head()?;
        if commit.changes.is_empty() {
            return Ok(head);
        }
        let record = Record::new(head.saturating_add(1), commit);
        self.carry_out(&record)?;
        Ok(record.number)
    }

    /// Carries out a commit under a number that somebody else gave, and replaces the history before it.
    pub(super) fn commit_with_past(
        &self,
        record: &Record,
        past: Option<&[Record]>,
    ) -> Result<(), WriteError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.become_writer()?;
        self.carry_out(record)?;
        let Some(past) = past else { return Ok(()) };
        for number in self.history.numbers()?.into_iter().filter(|number| *number != record.number) {
            remove(&self.layout.revision(number))?;
        }
        past.iter()
            .filter(|past| past.number <= record.number)
            .try_for_each(|past| keep(&self.layout, past))?;
        flush(&self.layout.revisions())
    }

    /// Becomes the writer, and ends a commit that was interrupted.
    fn become_writer(&self) -> Result<(), WriteError> {
        self.access.become_writer(&self.layout)?;
        match unsettled(&self.layout)? {
            Some((record, direction)) => settle(&self.layout, &record, direction),
            None => Ok(()),
        }
    }

    fn carry_out(&self, record: &Record) -> Result<(), WriteError> {
        self.check(&record.commit.changes)?;
        carry_out(&self.layout, record)?;
        self.history.grown_to(record.number);
        Ok(())
    }

    /// Fails unless each change starts from the present text, and its result can be read again.
    fn check(&self, changes: &[Change]) -> Result<(), WriteError> {
        let mut named = BTreeSet::new();
        for change in changes {
            let path = self.layout.file(&change.id);
            let now = match read_resource(&path) {
                // A change cannot start from an unreadable text.
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

    pub(super) fn note(&self, mut commit: Commit) -> Result<Option<u64>, WriteError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.access.become_writer(&self.layout)?;
        let named: BTreeSet<ResourceId> = commit.changes.iter().map(|change| change.id.clone()).collect();
        let said = self.history.latest(Some(&named))?;
        commit.changes.retain(|change| said.get(&change.id).is_none_or(|(_, text)| *text != change.to));
        if commit.changes.is_empty() {
            return Ok(None);
        }
        let record = Record::new(self.history.head()?.saturating_add(1), commit);
        keep(&self.layout, &record)?;
        self.history.grown_to(record.number);
        Ok(Some(record.number))
    }

    pub(super) const fn history(&self) -> &History {
        &self.history
    }

    /// The file of a resource, existing or not.
    pub(super) fn file(&self, id: &ResourceId) -> PathBuf {
        self.layout.file(id)
    }

    /// The folders to watch.
    pub(super) fn watched(&self) -> Vec<PathBuf> {
        self.layout.watched()
    }

    /// The resources that are symbolic links, whose targets are watched.
    pub(super) fn links(&self) -> Vec<PathBuf> {
        self.shelf.links()
    }

    pub(super) fn describe(&self) -> Description {
        Description {
            kind: StoreKind::Directory,
            place: Some(self.layout.root().display().to_string()),
            read_only: self.access.read_only(),
        }
    }
}

//! Atomic commits with a write-ahead journal: the intent is written before it is carried out, and the next process that
//! opens the folder after a crash completes it.
//!
//! Texts are first flushed under temporary names, where a full disk does no harm. After that there are only renames.

use super::commit::{Change, Commit, Record};
use super::durable::{discard, flush, name, remove, rename, replace, stage};
use super::layout::Layout;
use super::text::{read_own, read_resource};
use super::{StoreError, WriteError};
use crate::model::ResourceKind;

/// One step of a commit. A crash may come between any two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Write the text of a change under its temporary name.
    Stage(usize),
    /// Write the intent. A crash before this step leaves nothing of the commit, a crash after it all of it.
    Intend,
    /// Rename the text of a change to its file, or remove the file.
    Apply(usize),
    /// Flush the folders.
    Flush(ResourceKind),
    /// Rename the intent to a revision.
    Keep,
}

/// How an interrupted commit is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Back,
}

impl Direction {
    /// The text that a change starts from and the one that it leads to.
    pub(super) const fn ends(self, change: &Change) -> (&Option<String>, &Option<String>) {
        match self {
            Self::Forward => (&change.from, &change.to),
            Self::Back => (&change.to, &change.from),
        }
    }
}

/// Carries out a commit whose changes all start from the current texts.
pub(super) fn carry_out(layout: &Layout, record: &Record) -> Result<(), WriteError> {
    steps(&record.commit)
        .try_for_each(|step| step.take(layout, record))
        .inspect_err(|_| take_back(layout, record))
}

/// Adds a revision for changes made without a commit.
pub(super) fn keep(layout: &Layout, record: &Record) -> Result<(), WriteError> {
    let path = layout.revision(record.number);
    let text = serde_json::to_string(record).map_err(|e| WriteError::failed(&path, &e.into()))?;
    replace(&path, &text)?;
    flush(&layout.revisions())
}

fn steps(commit: &Commit) -> impl Iterator<Item = Step> {
    let staged = commit.changes.iter().enumerate().filter(|(_, change)| change.to.is_some());
    let applied = (0..commit.changes.len()).map(Step::Apply);
    let stage = staged.map(|(at, _)| Step::Stage(at));
    stage.chain([Step::Intend]).chain(applied).chain(touched(commit).map(Step::Flush)).chain([Step::Keep])
}

fn touched(commit: &Commit) -> impl Iterator<Item = ResourceKind> {
    ResourceKind::ALL.into_iter().filter(|kind| commit.changes.iter().any(|change| change.id.kind() == *kind))
}

impl Step {
    fn take(self, layout: &Layout, record: &Record) -> Result<(), WriteError> {
        let change = |at: usize| record.commit.changes.get(at).map(|c| (layout.file(&c.id), c.to.as_deref()));
        match self {
            Self::Stage(at) => match change(at) {
                Some((path, Some(text))) => stage(&path, text),
                _ => Ok(()),
            },
            Self::Intend => {
                let path = layout.pending();
                let text = serde_json::to_string(record).map_err(|e| WriteError::failed(&path, &e.into()))?;
                replace(&path, &text)?;
                flush(&layout.revisions())
            }
            Self::Apply(at) => match change(at) {
                Some((path, Some(_))) => name(&path),
                Some((path, None)) => remove(&path),
                None => Ok(()),
            },
            Self::Flush(kind) => flush(&layout.folder(kind)),
            Self::Keep => {
                rename(&layout.pending(), &layout.revision(record.number))?;
                flush(&layout.revisions())
            }
        }
    }
}

/// Undoes the steps of a failed commit. When that fails too, the intent is marked for undoing, and readers apply the
/// mark. Only a disk that cannot rename a file at all leaves the commit as one to be carried out.
fn take_back(layout: &Layout, record: &Record) {
    for change in &record.commit.changes {
        discard(&layout.file(&change.id));
    }
    let begun = [layout.pending(), layout.revision(record.number)].into_iter().find(|path| path.is_file());
    let Some(begun) = begun else { return };
    let result = rename(&begun, &layout.undo())
        .and_then(|()| flush(&layout.revisions()))
        .and_then(|()| settle(layout, record, Direction::Back));
    if let Err(error) = result {
        tracing::error!(%error, "a change that failed cannot be taken back now; the next write tries again");
    }
}

/// The interrupted commit, if there is one.
pub(super) fn unsettled(layout: &Layout) -> Result<Option<(Record, Direction)>, StoreError> {
    for (path, direction) in [(layout.undo(), Direction::Back), (layout.pending(), Direction::Forward)] {
        if let Some(text) = read_own(&path)? {
            let record = serde_json::from_str(&text).map_err(|error| StoreError::Damaged {
                why: format!(
                    "{error}; it is a change that was not finished: see what stands in the folder, then move it away"
                ),
                path,
            })?;
            return Ok(Some((record, direction)));
        }
    }
    Ok(None)
}

/// Completes or undoes an interrupted commit. Files that were changed by hand since then are left alone.
pub(super) fn settle(layout: &Layout, record: &Record, direction: Direction) -> Result<(), WriteError> {
    for change in &record.commit.changes {
        let path = layout.file(&change.id);
        let now = read_resource(&path).map_err(WriteError::from)?;
        let (before, after) = direction.ends(change);
        if now == *after {
            continue;
        }
        if now != *before {
            tracing::warn!(resource = %change.id, revision = record.number,
                "changed by hand while a change to it was not finished; it is left as it is");
            continue;
        }
        match after {
            Some(text) => replace(&path, text)?,
            None => remove(&path)?,
        }
    }
    touched(&record.commit).try_for_each(|kind| flush(&layout.folder(kind)))?;
    match direction {
        Direction::Forward => rename(&layout.pending(), &layout.revision(record.number))?,
        Direction::Back => remove(&layout.undo())?,
    }
    flush(&layout.revisions())
}

#[cfg(test)]
mod tests;

//! A store that is moved as a whole: all of its content is read, or replaced at once. Commands do that, and no running
//! gateway.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Change, Commit, Description, Record, StoreError, WriteError};
use crate::model::ResourceId;

/// All that a store holds now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// The number of the last revision; 0 when there is none.
    pub head: u64,
    /// The text of each resource.
    pub resources: BTreeMap<ResourceId, String>,
}

/// What a store is to hold instead of all that it holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The text of each resource.
    pub resources: BTreeMap<ResourceId, String>,
    /// What becomes of the history.
    pub past: Past,
    /// The head of the store that is replaced, as it was read. Another one is a conflict.
    pub over: u64,
    /// When it is replaced.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// What for, in a few words.
    pub what: String,
}

/// What becomes of the history of a store whose content is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// It stays, and the replacement is one revision more.
    Kept,
    /// It is that of another store, oldest first, whose head is this one. It takes the place of the history that was
    /// there.
    Of(u64, Vec<Record>),
}

/// A store that can be read and replaced as a whole.
#[async_trait]
pub trait Movable: Send + Sync {
    /// Reads all resources, as of one revision.
    ///
    /// # Errors
    /// When part of it cannot be read.
    async fn contents(&self) -> Result<Contents, StoreError>;

    /// The history up to revision `head`, oldest first. Old revisions are missing.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn past(&self, head: u64) -> Result<Vec<Record>, StoreError>;

    /// Replaces everything, and returns the number of the last revision. An interruption leaves either what was there
    /// before or all of the new resources.
    ///
    /// # Errors
    /// [`WriteError`]; what was there before is unchanged then.
    async fn replace(&self, with: Replacement) -> Result<u64, WriteError>;

    /// The path of a resource, existing or not, as in [`ResourceStore::place`](super::ResourceStore::place).
    fn place(&self, id: &ResourceId) -> PathBuf;

    /// The description of the store, for an operator.
    fn describe(&self) -> Description;
}

impl Contents {
    /// Whether there is nothing in it, and never was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head == 0 && self.resources.is_empty()
    }
}

impl Replacement {
    /// The number of the last revision afterwards. A copy has the numbers of its source, unless the store has been as far
    /// already: numbers never fall.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self.past {
            Past::Of(head, _) if head > self.over => head,
            Past::Of(..) | Past::Kept => self.over.saturating_add(1),
        }
    }

    /// The commit that leads there from the resources of now.
    pub(super) fn commit(&self, now: &BTreeMap<ResourceId, String>) -> Commit {
        let gone = now.iter().filter(|(id, _)| !self.resources.contains_key(id));
        let gone = gone.map(|(id, text)| Change { id: id.clone(), from: Some(text.clone()), to: None });
        let put = self.resources.iter().filter_map(|(id, text)| {
            let from = now.get(id);
            (from != Some(text)).then(|| Change {
                id: id.clone(),
                from: from.cloned(),
                to: Some(text.clone()),
            })
        });
        Commit {
            at: self.at,
            who: self.who.clone(),
            what: self.what.clone(),
            changes: gone.chain(put).collect(),
        }
    }
}

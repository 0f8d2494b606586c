//! A store of resources: agents, identity providers, API keys and limits, each a text under its name, with a history.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use async_trait::async_trait;

use super::{
    Commit, Denial, Description, Health, LastCommit, Query, Reading, Record, SnapshotError, StoreError,
    WriteError,
};
use crate::model::ResourceId;

/// By resource: the number of a revision, and the text after it; `None` when that removed the resource.
pub type Latest = BTreeMap<ResourceId, (u64, Option<String>)>;

/// A store of resources with a history.
///
/// The watch is a doorbell: it may ring without a change. The head is the truth: it moves with every commit. The record
/// of a revision is the difference between two heads. Implementations block only on threads meant for it.
#[async_trait]
pub trait ResourceStore: Send + Sync {
    /// Reads all resources. A commit is seen whole or not at all.
    ///
    /// # Errors
    /// When the resources cannot be listed. A single resource that cannot be read is in [`Reading::unreadable`].
    async fn read(&self) -> Result<Reading, StoreError>;

    /// Makes the next reading one of everything, whatever was heard of changes: for somebody who asks for it. A store that
    /// reads everything each time, or is told of every change, has nothing to do.
    fn read_anew(&self) {}

    /// Waits until a resource may have changed. Cancel-safe: a dropped future loses no notification.
    async fn changed(&mut self);

    /// Carries out a commit, and returns the number of its revision. A commit is durable when this returns, and has no
    /// effect when this fails.
    ///
    /// [`Change::from`](super::Change::from) is compared with the current texts, not with the history, so that edits by
    /// hand count. A commit that names a resource twice conflicts with itself. A commit without changes makes no revision
    /// and returns the number of the last one.
    ///
    /// # Errors
    /// [`WriteError`].
    async fn commit(&self, commit: Commit) -> Result<u64, WriteError>;

    /// Carries out a commit that was validated with what revision `head` holds. Where others write too, it fails with
    /// [`WriteError::Moved`] when that is not the last revision any more. `denials` are those of the credentials that the
    /// commit takes away: members of a shared store refuse them by these, before they have compiled the change. A store of
    /// one process needs none.
    ///
    /// # Errors
    /// [`WriteError`]; then nobody is denied either, unless there are more denials than fit into one transaction.
    async fn commit_after(
        &self,
        _head: u64,
        commit: Commit,
        _denials: Vec<Denial>,
    ) -> Result<u64, WriteError> {
        // The one writer of a store knows its head.
        self.commit(commit).await
    }

    /// The revisions that fit the query, newest first. Old revisions are removed.
    ///
    /// # Errors
    /// When the history cannot be read.
    async fn history(&self, query: Query) -> Result<Vec<Record>, StoreError>;

    /// The number of the last revision; 0 when there is none. It never falls.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn head(&self) -> Result<u64, StoreError>;

    /// Before a write: waits until what is held is what the store holds now. A store that is read each time holds nothing.
    ///
    /// # Errors
    /// When the store cannot be asked, or nothing may be written to it.
    async fn refresh(&self) -> Result<(), WriteError> {
        Ok(())
    }

    /// The last commit of a store that others write to as well, as it is held; `None` for any other store.
    fn last_commit(&self) -> Option<LastCommit> {
        None
    }

    /// Whether people may change the resources with other tools, so that the history must take their edits up.
    fn edits_by_hand(&self) -> bool {
        true
    }

    /// How a store is that the members of a fleet share; `None` for one of this machine.
    fn health(&self) -> Option<Health> {
        None
    }

    /// The path of a resource, existing or not: findings name it, and relative paths in the resource are resolved against
    /// it.
    fn place(&self, id: &ResourceId) -> PathBuf;

    /// The description of the store, for an operator.
    fn describe(&self) -> Description;

    /// Learns that the revision `head` runs, whole: a shared store keeps what ran last on this machine. It never waits.
    fn is_live(&self, _head: u64) {}

    /// Takes what ran last on this machine in place of a store that cannot be read, or not be trusted. That is what
    /// [`Self::read`] gives from then on, until the store itself has something better.
    ///
    /// # Errors
    /// Why there is no snapshot to use; `None` for a store that keeps none, because it is on this machine itself.
    async fn fall_back(&self) -> Result<(), Option<SnapshotError>> {
        Err(None)
    }

    /// Adds a revision for edits that somebody made by hand, and returns its number. Changes that the history has already
    /// are left out; `None` when there are no others. A store that only commits can change returns `None`.
    ///
    /// # Errors
    /// [`WriteError`]; there is no such revision then.
    async fn note(&self, _: Commit) -> Result<Option<u64>, WriteError> {
        Ok(None)
    }

    /// One revision; `None` when it never existed or was removed.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn record(&self, number: u64) -> Result<Option<Record>, StoreError> {
        let query = Query { before: number.checked_add(1), limit: 1, only: None };
        let found = self.history(query).await?.into_iter().next();
        Ok(found.filter(|record| record.number == number))
    }

    /// The revision that the commit of this id made; `None` when there is none, or its record was removed.
    ///
    /// # Errors
    /// When the history cannot be read.
    async fn committed(&self, _id: &str) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }

    /// The last revision of each of these resources, or of all in the history: its number, and the text after it.
    ///
    /// # Errors
    /// When the history cannot be read.
    async fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        let mut latest = Latest::new();
        for record in self.history(Query { limit: usize::MAX, ..Query::default() }).await? {
            for change in record.commit.changes {
                if of.is_none_or(|of| of.contains(&change.id)) {
                    latest.entry(change.id).or_insert((record.number, change.to));
                }
            }
        }
        Ok(latest)
    }
}

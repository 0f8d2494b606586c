//! A store of resources: agents, identity providers and API keys, each a text under its name, with a history.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use async_trait::async_trait;

use super::{Commit, Description, Query, Reading, Record, StoreError, WriteError};
use crate::model::ResourceId;

/// The number of a revision, and the text that a resource had after it; `None`: it was removed.
pub type Latest = BTreeMap<ResourceId, (u64, Option<String>)>;

/// A place that holds resources and takes changes of them.
///
/// The watch is a doorbell, the head is the truth, and the record of a revision is what lies between two heads.
/// Implementations block nowhere but on threads that are there for it.
#[async_trait]
pub trait ResourceStore: Send + Sync {
    /// Reads everything, now. A commit is seen whole or not at all.
    ///
    /// # Errors
    /// When the resources cannot be listed. A single resource that cannot be read is in [`Reading::unreadable`].
    async fn read(&self) -> Result<Reading, StoreError>;

    /// Waits until something may have changed. A wait that is given up loses no ring.
    async fn changed(&mut self);

    /// Makes the commit take place, and gives the number of its revision. When this returns, the commit outlives
    /// a crash; when it fails, nothing of it stands.
    ///
    /// What must stand before is compared with what stands, not with the history: texts that somebody changed by
    /// hand count. A commit that names a resource twice conflicts with itself. A commit without changes is no
    /// revision: it gives the number of the last one.
    ///
    /// # Errors
    /// [`WriteError`].
    async fn commit(&self, commit: Commit) -> Result<u64, WriteError>;

    /// The part of the history that is asked for, newest first. Old revisions are forgotten.
    ///
    /// # Errors
    /// When the history cannot be read.
    async fn history(&self, query: Query) -> Result<Vec<Record>, StoreError>;

    /// The number of the last revision; 0 when there is none. It never falls.
    ///
    /// # Errors
    /// When it cannot be had.
    async fn head(&self) -> Result<u64, StoreError>;

    /// Where a resource stands, or would: what findings call it, and what relative paths in it are read against.
    fn place(&self, id: &ResourceId) -> PathBuf;

    /// The store in words, for an operator.
    fn describe(&self) -> Description;

    /// Keeps a revision of changes that took place already, since somebody made them by hand, and gives its number.
    /// What the history says already is left out; nothing is left: no revision. A store that nobody can change but
    /// by commits never has one.
    ///
    /// # Errors
    /// [`WriteError`]; there is no such revision then.
    async fn note(&self, _: Commit) -> Result<Option<u64>, WriteError> {
        Ok(None)
    }

    /// One revision; `None` when there never was one, or when it is forgotten.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn record(&self, number: u64) -> Result<Option<Record>, StoreError> {
        let query = Query { before: number.checked_add(1), limit: 1, only: None };
        let found = self.history(query).await?.into_iter().next();
        Ok(found.filter(|record| record.number == number))
    }

    /// The last revision of each of these resources, or of all that the history knows: its number, and the text that
    /// stood there after it.
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

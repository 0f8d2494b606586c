//! Where configuration documents live. A store reads texts, says when they may have changed, takes commits and
//! keeps their history; what the texts mean is for `config`, what happens then is for `control`.

mod commit;
mod directory;
mod durable;
mod error;
mod file;
mod history;
mod inotify;
mod journal;
mod layout;
mod lock;
mod reading;
mod shelf;
mod text;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use async_trait::async_trait;

pub use commit::{Change, Commit, Query, Record};
pub use directory::{DirectoryStore, Writer};
pub use error::{StoreError, WriteError};
pub use file::FileStore;
pub use reading::{Reading, Unreadable};
pub use text::{Holds, Text};
pub use watch::FileWatch;

use crate::model::ResourceId;

/// The number of a revision, and the text that a resource had after it; `None`: it was removed.
pub type Latest = BTreeMap<ResourceId, (u64, Option<String>)>;

/// A place that holds the configuration.
///
/// Reading and writing block; the caller is where that may be.
#[async_trait]
pub trait ConfigStore: Send + Sync {
    /// Reads everything, now: documents first, then resources in the order of their ids. A watch is only a
    /// doorbell; this is the truth. A commit is seen whole or not at all.
    ///
    /// # Errors
    /// When something cannot be read.
    fn read(&self) -> Result<Vec<Text>, StoreError> {
        self.look()?.whole()
    }

    /// The same, with what cannot be read beside what can.
    ///
    /// # Errors
    /// When it cannot even be said what there is.
    fn look(&self) -> Result<Reading, StoreError>;

    /// Waits until something may have changed. `files` are what the documents refer to.
    async fn changed(&mut self, files: &[PathBuf]);

    /// Makes the commit take place, and gives the number of its revision. When this returns, the commit outlives
    /// a crash; when it fails, nothing of it stands.
    ///
    /// What must stand before is compared with what stands, not with the history: texts that somebody changed by
    /// hand count. A commit that names a resource twice conflicts with itself. A commit without changes is no
    /// revision: it gives the number of the last one.
    ///
    /// # Errors
    /// [`WriteError`].
    fn write(&self, commit: &Commit) -> Result<u64, WriteError>;

    /// Keeps a revision of changes that took place already, since somebody made them by hand, and gives its number.
    /// What the history says already is left out; nothing is left: no revision.
    ///
    /// # Errors
    /// [`WriteError`]; there is no such revision then.
    fn note(&self, commit: &Commit) -> Result<Option<u64>, WriteError>;

    /// The part of the history that is asked for, newest first. Old revisions are forgotten.
    ///
    /// # Errors
    /// When the history cannot be read.
    fn history(&self, query: &Query) -> Result<Vec<Record>, StoreError>;

    /// One revision; `None` when there never was one, or when it is forgotten.
    ///
    /// # Errors
    /// When it cannot be read.
    fn record(&self, number: u64) -> Result<Option<Record>, StoreError>;

    /// The last revision of each of these resources, or of all that the history knows: its number, and the text that
    /// stood there after it.
    ///
    /// # Errors
    /// When the history cannot be read.
    fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError>;

    /// The number of the last revision; 0 when there is none.
    fn head(&self) -> u64;

    /// The place that is written to.
    ///
    /// # Errors
    /// Why nothing can be written, as a sentence for an operator.
    fn writable(&self) -> Result<PathBuf, String>;
}

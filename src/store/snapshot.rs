//! The snapshot of a shared store on this machine: what ran last, so that a process can start while the store cannot be
//! read.
//!
//! What the texts and the head mean is for the store that keeps it; when a snapshot is used is for whoever starts.

mod file;
mod format;
mod keeper;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

pub use file::SnapshotFile;
pub use keeper::SnapshotKeeper;

/// Which store, and how far: the first line of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The place of the store in its engine: several stores of one engine are told apart by it.
    pub prefix: String,
    /// The id that the store was made with.
    pub store_id: String,
    /// The head as the store writes it.
    pub head: String,
}

/// What ran: everything that is needed to run it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSnapshot {
    /// Which store, and how far.
    pub head: SnapshotHead,
    /// The texts of the resources, under `kind/name`.
    pub resources: Vec<(String, String)>,
    /// The denials, under their ids.
    pub denials: Vec<(String, String)>,
}

/// Texts under names, which are read on a thread of low priority: they must be those of one point in time.
pub trait NamedTexts: Send + Sync {
    /// Hands on each name with its text.
    ///
    /// # Errors
    /// Those of `take`, at once.
    fn each(&self, take: &mut dyn FnMut(&str, &str) -> io::Result<()>) -> io::Result<()>;
}

/// Why a snapshot is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// There is none.
    #[error("there is no snapshot at {path}", path = .0.display())]
    Absent(PathBuf),
    /// It cannot be read, or not only by its owner.
    #[error("the snapshot {path} is not used: {why}", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        why: String,
    },
    /// It is cut off, changed, or of another version.
    #[error("the snapshot {path} is damaged, and not used: {why}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It is of another store.
    #[error("the snapshot {path} is of another store, and not used: {why}", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What differs.
        why: String,
    },
}

impl NamedTexts for Vec<(String, String)> {
    fn each(&self, take: &mut dyn FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
        self.iter().try_for_each(|(name, text)| take(name, text))
    }
}

impl NamedTexts for BTreeMap<String, String> {
    fn each(&self, take: &mut dyn FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
        self.iter().try_for_each(|(name, text)| take(name, text))
    }
}

//! Why a store cannot be read or written, in words for an operator.

use std::io;
use std::path::{Path, PathBuf};

use super::StoreState;
use crate::model::ResourceId;

use super::{CommitSize, Divergence};

/// Why a store cannot be read or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The path does not exist or is not readable.
    #[error("{path} cannot be read: {why}", path = path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A document is not text.
    #[error("{path} is not UTF-8 (at byte {offset})", path = path.display())]
    NotUtf8 {
        /// Which document.
        path: PathBuf,
        /// Where its first bad byte is.
        offset: usize,
    },
    /// A document is too large.
    #[error("{path} is larger than {limit} bytes", path = path.display())]
    TooLarge {
        /// Which document.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A directory has no document.
    #[error("{path} holds no *.yaml file", path = path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// The folder of a store does not exist and cannot be created.
    #[error("{path} cannot be made: {why}", path = path.display())]
    Unmade {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// Another process writes to the folder.
    #[error("{folder} is held by another portcullis, which writes to it: one folder has one writer", folder = folder.display())]
    Locked {
        /// Which folder.
        folder: PathBuf,
    },
    /// The store is not one whose content may be applied.
    #[error("{why}")]
    Wrong {
        /// Its state.
        state: StoreState,
        /// Why.
        why: String,
    },
    /// The store holds something that this version does not know.
    #[error("this version does not understand `{what}`, which the store holds; a newer one wrote it")]
    NotUnderstood {
        /// The kind and name of the resource.
        what: String,
    },
    /// A file of the store's own is damaged.
    #[error("{path} is damaged: {why}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A shared store does not respond.
    #[error("{0}")]
    Unavailable(String),
}

impl StoreError {
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), why: error.to_string() }
    }
}

/// Why a commit failed. Nothing of it was applied, except perhaps for [`WriteError::OutcomeUnknown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The store is read-only.
    #[error("{0}")]
    ReadOnly(String),
    /// The current text is not the one that the change starts from: somebody else changed it.
    #[error("{0} was changed in the meantime")]
    Conflict(ResourceId),
    /// Another process is the writer.
    #[error("{0}")]
    Locked(String),
    /// The system call failed.
    #[error("{path} cannot be written: {why}", path = path.display())]
    Failed {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        why: String,
        /// Whether the disk is full.
        full: bool,
    },
    /// A shared store moved on since it was last read: read again, and try again.
    #[error("the store moved on to revision {head} in the meantime")]
    Moved {
        /// Its last revision.
        head: u64,
    },
    /// A shared store does not respond, or cannot write now. Nothing waits here to be sent.
    #[error("{0}")]
    Unavailable(String),
    /// A shared store parted from what this process runs; a person decides what is right.
    #[error("{why}")]
    NeedsPerson {
        /// How it parted.
        state: Divergence,
        /// What happened, and what to do.
        why: String,
    },
    /// What a shared store holds is not what its head says.
    #[error("what the store holds does not match the hash in its head; nothing is written over it")]
    Torn,
    /// The commit is larger than a shared store takes at once.
    #[error("{0}")]
    TooLarge(CommitSize),
    /// The connection was lost after the commit had been sent, and nobody could be asked what became of it.
    #[error(
        "the change was sent and the store did not respond: it may have been made. Ask \
         `GET /api/v1/revisions?commit={commit}` before trying again"
    )]
    OutcomeUnknown {
        /// The id of the commit.
        commit: String,
    },
}

impl WriteError {
    pub(super) fn failed(path: &Path, error: &io::Error) -> Self {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        Self::Failed { path: path.to_owned(), why: error.to_string(), full }
    }
}

impl From<StoreError> for WriteError {
    /// A text that must be compared before the write could not be read.
    fn from(error: StoreError) -> Self {
        let (path, why) = match error {
            StoreError::Wrong { .. } | StoreError::NotUnderstood { .. } => {
                (PathBuf::from("the store"), error.to_string())
            }
            StoreError::Unreadable { path, why } | StoreError::Unmade { path, why } => (path, why),
            StoreError::Damaged { path, why } => (path, format!("it is damaged: {why}")),
            StoreError::NotUtf8 { path, .. } => (path, "it is not UTF-8".to_owned()),
            StoreError::TooLarge { path, limit } => (path, format!("it is larger than {limit} bytes")),
            StoreError::Empty { path } => (path, "it is empty".to_owned()),
            StoreError::Unavailable(why) => return Self::Unavailable(why),
            StoreError::Locked { folder } => return Self::Locked(format!("{} is held", folder.display())),
        };
        Self::Failed { path, why, full: false }
    }
}

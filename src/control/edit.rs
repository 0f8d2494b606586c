//! The types of a requested change and of its result. `editor` and the reconciler carry it out.

use std::path::PathBuf;

use serde_json::Value;

use crate::config::Revision;
use crate::idp::ProviderSpec;
use crate::model::ResourceId;
use crate::store::{StoreError, WriteError};

use super::finding::Finding;

/// Changes that are applied together.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The author, for the history and the audit log.
    pub who: String,
    /// Its summary, in a few words.
    pub what: String,
    /// The requested changes.
    pub wanted: Vec<Wanted>,
    /// Only find out what would happen.
    pub dry_run: bool,
}

/// The requested change of one resource.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub id: ResourceId,
    /// The precondition.
    pub expect: Expect,
    /// What is to be there.
    pub to: To,
}

/// The precondition of a change (RFC 9110 section 13.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The resource does not exist (`If-None-Match: *`).
    Absent,
    /// The resource exists (`If-Match: *`).
    Present,
    /// The resource has one of these versions (`If-Match: "tag"`).
    Tags(Vec<String>),
    /// No precondition.
    Anything,
}

/// The requested content.
#[derive(Debug, Clone, PartialEq)]
pub enum To {
    /// This value.
    Json(Value),
    /// This text, from the history.
    Text(String),
    /// The resource is removed.
    Nothing,
}

/// A roll-back of agents and providers to their state right after a revision.
#[derive(Debug, Clone)]
pub struct RollBack {
    /// The revision; 0 is the state before the first.
    pub number: u64,
    /// Only this resource.
    pub only: Option<ResourceId>,
    /// The last revision that the caller knows, as a precondition.
    pub expect_head: Option<u64>,
    /// The author.
    pub who: String,
    /// Only find out what would happen.
    pub dry_run: bool,
}

/// The restoration of the last good text of a broken document.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Which.
    pub id: ResourceId,
    /// The author.
    pub who: String,
    /// Only find out what would happen.
    pub dry_run: bool,
}

/// The result of a change, or of a dry run.
#[derive(Debug, Clone)]
pub struct Edited {
    /// Its number in the history; `None` for a dry run or without a change.
    pub number: Option<u64>,
    /// The live revision.
    pub revision: Revision,
    /// The unified diff.
    pub diff: String,
    /// The versions of the requested resources and of those changed with them; `None` when removed.
    pub tags: Vec<(ResourceId, Option<String>)>,
    /// The requested providers, as they are or would be.
    pub providers: Vec<ProviderSpec>,
    /// The warnings.
    pub warnings: Vec<Finding>,
}

/// Why a change failed. The live configuration is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The store is read-only.
    #[error("{0}")]
    ReadOnly(String),
    /// The resource is in a document that the gateway does not write.
    #[error("{id} is written in {path}; change it there", path = path.display())]
    ManagedByFile {
        /// Which.
        id: ResourceId,
        /// Where.
        path: PathBuf,
    },
    /// There is no such resource.
    #[error("there is no {} `{}`", .0.kind().noun(), .0.name())]
    NotFound(ResourceId),
    /// There is no such revision, or it was removed.
    #[error("there is no revision {0}; it may be older than what is kept")]
    NoRevision(u64),
    /// The file of this resource has the live text.
    #[error("{0} is not broken: what stands on disk is what runs")]
    NotBroken(ResourceId),
    /// The precondition failed.
    #[error("{0}")]
    Precondition(String),
    /// Agents accept the provider to be removed.
    #[error("the identity provider `{}` is in use", id.name())]
    InUse {
        /// Which.
        id: ResourceId,
        /// The agents.
        agents: Vec<String>,
    },
    /// The result would not be valid.
    #[error("the configuration would not be valid")]
    Invalid(Vec<Finding>),
    /// The store cannot be read or written.
    #[error("{why}")]
    Store {
        /// The system's error.
        why: String,
        /// Whether the disk is full.
        full: bool,
    },
    /// The change may succeed later.
    #[error("{0}")]
    Unavailable(String),
}

impl From<WriteError> for EditError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::ReadOnly(why) => Self::ReadOnly(why),
            WriteError::Conflict(_) => Self::Precondition(error.to_string()),
            WriteError::Locked(why) => Self::Unavailable(why),
            WriteError::Failed { full, .. } => Self::Store { why: error.to_string(), full },
        }
    }
}

impl From<StoreError> for EditError {
    fn from(error: StoreError) -> Self {
        Self::Store { why: error.to_string(), full: false }
    }
}

//! A change that is asked for, and its outcome, in types. How it is carried out is in `editor` and in
//! the reconciler.

use std::path::PathBuf;

use serde_json::Value;

use crate::config::Revision;
use crate::idp::ProviderSpec;
use crate::model::ResourceId;
use crate::store::{StoreError, WriteError};

use super::finding::Finding;

/// Changes that belong together.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The author, for the history and the audit log.
    pub who: String,
    /// What it is about, in a few words.
    pub what: String,
    /// What is to become of which resource.
    pub wanted: Vec<Wanted>,
    /// Only find out what would happen.
    pub dry_run: bool,
}

/// What is to become of one resource.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub id: ResourceId,
    /// What has to be there for the change to be right.
    pub expect: Expect,
    /// What is to be there.
    pub to: To,
}

/// What a change is based on (RFC 9110 section 13.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// Nothing of that name (`If-None-Match: *`).
    Absent,
    /// Anything of that name (`If-Match: *`).
    Present,
    /// One of these versions (`If-Match: "tag"`).
    Tags(Vec<String>),
    /// Whatever there is.
    Anything,
}

/// What is to be there.
#[derive(Debug, Clone, PartialEq)]
pub enum To {
    /// This value.
    Json(Value),
    /// This text, as it was once written.
    Text(String),
    /// Nothing.
    Nothing,
}

/// Agents and providers as they were right after a revision of the history.
#[derive(Debug, Clone)]
pub struct RollBack {
    /// The revision; 0 is before the first.
    pub number: u64,
    /// Only this resource.
    pub only: Option<ResourceId>,
    /// The last revision that the caller knows of.
    pub expect_head: Option<u64>,
    /// The author.
    pub who: String,
    /// Only find out what would happen.
    pub dry_run: bool,
}

/// The last good text of a document that is broken on disk.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Which.
    pub id: ResourceId,
    /// The author.
    pub who: String,
    /// Only find out what would happen.
    pub dry_run: bool,
}

/// A change that was carried out, or could be.
#[derive(Debug, Clone)]
pub struct Edited {
    /// Its number in the history; absent when nothing was kept.
    pub number: Option<u64>,
    /// What runs now.
    pub revision: Revision,
    /// What changed, line by line.
    pub diff: String,
    /// The versions of the resources that were asked for and of those that went along; absent when removed.
    pub tags: Vec<(ResourceId, Option<String>)>,
    /// The providers that were asked for, as they are or would be.
    pub providers: Vec<ProviderSpec>,
    /// The warnings.
    pub warnings: Vec<Finding>,
}

/// Why a change was not carried out. What runs is what ran before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Nothing can be written here.
    #[error("{0}")]
    ReadOnly(String),
    /// The resource stands in a file that belongs to people.
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
    /// There is no such revision, or it is no longer kept.
    #[error("there is no revision {0}; it may be older than what is kept")]
    NoRevision(u64),
    /// The file of this resource holds what runs.
    #[error("{0} is not broken: what stands on disk is what runs")]
    NotBroken(ResourceId),
    /// The change is based on something else than what is there.
    #[error("{0}")]
    Precondition(String),
    /// Agents accept the provider that was to go.
    #[error("the identity provider `{}` is in use", id.name())]
    InUse {
        /// Which.
        id: ResourceId,
        /// By these agents.
        agents: Vec<String>,
    },
    /// The result would not be valid.
    #[error("the configuration would not be valid")]
    Invalid(Vec<Finding>),
    /// The store cannot be read or written.
    #[error("{why}")]
    Store {
        /// What the system says.
        why: String,
        /// Whether there is no room left.
        full: bool,
    },
    /// Not now.
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

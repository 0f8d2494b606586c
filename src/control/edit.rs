//! The types of a requested change and of its result. `editor` and the reconciler carry it out.

use std::path::PathBuf;

use serde_json::Value;

use crate::config::Revision;
use crate::idp::ProviderSpec;
use crate::model::ResourceId;
use crate::store::{CommitSize, Divergence, LastCommit, StoreError, WriteError};

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
    /// Make it although some members of the fleet do not understand it.
    pub force: bool,
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
    /// Make it although some members of the fleet do not understand it.
    pub force: bool,
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

/// A change as it is asked for: what it comes to depends on what the store holds.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Edit(Edit),
    RollBack(RollBack),
    Restore(Restore),
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
    /// Restoring it would undo for all members of a fleet what one of them refuses.
    #[error(
        "{0} is in the store of a fleet, where others may run what this member refuses: fix what its findings say, or roll \
         {0} back for all"
    )]
    NotOfOneMember(ResourceId),
    /// The precondition failed.
    #[error("{why}")]
    Precondition {
        /// Why.
        why: String,
        /// The last commit of a shared store, which somebody else may have made.
        head: Option<LastCommit>,
    },
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
    /// The shared store does not respond, or cannot write now.
    #[error("{0}")]
    StoreUnavailable(String),
    /// The shared store parted from what this process runs; a person decides what is right.
    #[error("{why}")]
    StoreDiverged {
        /// How it parted.
        state: Divergence,
        /// What happened, and what to do.
        why: String,
    },
    /// What the shared store holds is not what its head says.
    #[error("{0}")]
    TornRead(String),
    /// The change is larger than the shared store takes at once.
    #[error("{0}")]
    CommitTooLarge(CommitSize),
    /// The change may have been made: the store did not respond after it had been sent.
    #[error("{why}")]
    OutcomeUnknown {
        /// The id of the commit.
        commit: String,
        /// What to ask before trying again.
        why: String,
    },
    /// Members of the fleet do not understand what would be written.
    #[error("{} of the fleet do not understand this: {}", members.len(), members.join(", "))]
    NotUnderstood {
        /// Their names.
        members: Vec<String>,
    },
}

impl EditError {
    /// A precondition that failed at what runs here.
    pub(super) fn precondition(why: impl Into<String>) -> Self {
        Self::Precondition { why: why.into(), head: None }
    }
}

impl From<WriteError> for EditError {
    fn from(error: WriteError) -> Self {
        let said = error.to_string();
        match error {
            WriteError::ReadOnly(why) => Self::ReadOnly(why),
            WriteError::Conflict(_) => Self::precondition(said),
            WriteError::Locked(why) => Self::Unavailable(why),
            WriteError::Failed { full, .. } => Self::Store { why: said, full },
            // Whoever writes has tried again before this is told.
            WriteError::Moved { .. } => Self::StoreUnavailable(said),
            WriteError::Unavailable(why) => Self::StoreUnavailable(why),
            WriteError::NeedsPerson { state, why } => Self::StoreDiverged { state, why },
            WriteError::Torn => Self::TornRead(said),
            WriteError::TooLarge(size) => Self::CommitTooLarge(size),
            WriteError::OutcomeUnknown { commit } => Self::OutcomeUnknown { commit, why: said },
        }
    }
}

impl From<StoreError> for EditError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(why) => Self::StoreUnavailable(why),
            StoreError::Unreadable { .. }
            | StoreError::NotUtf8 { .. }
            | StoreError::TooLarge { .. }
            | StoreError::Empty { .. }
            | StoreError::Unmade { .. }
            | StoreError::Locked { .. }
            | StoreError::Wrong { .. }
            | StoreError::NotUnderstood { .. }
            | StoreError::Damaged { .. } => Self::Store { why: error.to_string(), full: false },
        }
    }
}

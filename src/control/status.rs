//! What the loop from the store to the live configuration did last, for people.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Revision;
use crate::model::{Instant, ResourceId};
use crate::store::Description;

use super::finding::Finding;

/// How a look at the store ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReloadOutcome")]
pub enum Outcome {
    /// What was found is live now.
    Applied,
    /// What was found was live already.
    Unchanged,
    /// What was found is wrong; the last good configuration stays live.
    Refused,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// The last revision of the history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Its number; 0 when there is none.
    pub number: u64,
    /// Who made it.
    pub by: Option<String>,
    /// Whether all that it led to is what runs.
    pub text_is_live: bool,
}

/// A document that is broken on disk, or was saved together with one that is. Its last good text runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The resource, where the document holds one.
    pub resource: Option<ResourceId>,
    /// Where it stands.
    pub file: PathBuf,
    /// Since when.
    pub since: Instant,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// Whether its last good text can be put back: it is a resource of the store whose text is another.
    pub restorable: bool,
    /// The last revision of it, when its text is the one that runs.
    pub last_good_revision: Option<u64>,
}

/// What the store holds and is not live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When it was found.
    pub at: Instant,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// The state of the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What is live.
    pub applied: Revision,
    /// When the live configuration went live.
    pub applied_at: Instant,
    /// When the store was last looked at.
    pub looked_at: Instant,
    /// How that ended.
    pub outcome: Outcome,
    /// What was refused and is still in the store.
    pub refused: Option<Refused>,
    /// The documents that are broken on disk.
    pub broken: Vec<Broken>,
    /// What somebody should look at in the live configuration.
    pub warnings: Vec<Finding>,
    /// The last revision of the history.
    pub head: Head,
    /// The store that changes are written to, or why they cannot be.
    pub store: Description,
}

//! A change to what a store holds, and its record in the history. A commit takes place whole or not at all.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::ResourceId;

/// What becomes of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which resource.
    #[serde(rename = "resource")]
    pub id: ResourceId,
    /// The text that must stand there now; `None`: nothing may.
    pub from: Option<String>,
    /// The text that stands there then; `None`: nothing does.
    pub to: Option<String>,
}

/// Changes that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// What for, in a few words.
    pub what: String,
    /// What changes, each resource once.
    pub changes: Vec<Change>,
}

/// One revision of the history: a commit that took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number: one more than that of the revision before.
    pub number: u64,
    /// What was done.
    #[serde(flatten)]
    pub commit: Commit,
}

/// Which part of the history is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only revisions before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// Only revisions that changed this resource.
    pub only: Option<ResourceId>,
}

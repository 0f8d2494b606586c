//! A commit to a store, and its record in the history. A commit is atomic.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ResourceId;

/// The change of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The resource.
    #[serde(rename = "resource")]
    pub id: ResourceId,
    /// The text before the change, as a precondition; `None` when the resource must not exist.
    pub from: Option<String>,
    /// The text after the change; `None` removes the resource.
    pub to: Option<String>,
}

/// Changes that are applied together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The time of the commit.
    pub at: Timestamp,
    /// The author.
    pub who: String,
    /// The purpose, in a few words.
    pub what: String,
    /// The changes, at most one for each resource.
    pub changes: Vec<Change>,
}

/// One revision of the history: a commit that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number: one more than that of the previous revision.
    pub number: u64,
    /// The commit.
    #[serde(flatten)]
    pub commit: Commit,
    /// The id of the commit, in a store where a writer may have to ask what became of it.
    #[serde(rename = "commit", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Record {
    /// A revision of a store that gives commits no ids.
    #[must_use]
    pub const fn new(number: u64, commit: Commit) -> Self {
        Self { number, commit, id: None }
    }
}

/// The last commit of a store: who has made it since a caller last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "StoreHead")]
pub struct LastCommit {
    /// The number of its revision.
    pub revision: u64,
    /// The time of the commit.
    pub at: Timestamp,
    /// Its author.
    pub who: String,
}

/// Selects a part of the history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only revisions before this one.
    pub before: Option<u64>,
    /// At most this many revisions.
    pub limit: usize,
    /// Only revisions that changed this resource.
    pub only: Option<ResourceId>,
}

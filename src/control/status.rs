//! What the loop from the store to the live configuration did last, for people.

use std::path::PathBuf;

use crate::model::Instant;

use super::finding::Finding;

/// How a look at the store ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// When the live configuration went live.
    pub applied_at: Instant,
    /// When the store was last looked at.
    pub looked_at: Instant,
    /// How that ended.
    pub outcome: Outcome,
    /// What was refused and is still in the store.
    pub refused: Option<Refused>,
    /// What somebody should look at in the live configuration.
    pub warnings: Vec<Finding>,
    /// The last revision of the history; 0 = none.
    pub head: u64,
    /// Where changes are written, or why they cannot be.
    pub writable: Result<PathBuf, String>,
}

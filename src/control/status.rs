//! The status of the reconciler.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Revision;
use crate::model::{Instant, ResourceId};
use crate::store::Description;

use super::finding::Finding;

/// The result of reading the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReloadOutcome")]
pub enum Outcome {
    /// The configuration that was read is live now.
    Applied,
    /// The configuration that was read was live already.
    Unchanged,
    /// The configuration that was read is invalid; the last good one stays live.
    Refused,
}

impl Outcome {
    /// The outcome as in the API and the metrics.
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
    /// Whether all its texts are live.
    pub text_is_live: bool,
}

/// The revision that runs, for the other members of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs {
    /// Its number; all of it is live. 0 when there is none.
    pub revision: u64,
    /// The hash over its resources, or over everything that is live where no store says one.
    pub hash: String,
    /// A later revision that is not live as a whole, since something in it is invalid here.
    pub refused: Option<u64>,
}

/// A document that is broken on disk, or was saved together with one that is. Its last good text stays live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The resource, when the document is one.
    pub resource: Option<ResourceId>,
    /// Its file.
    pub file: PathBuf,
    /// When it was set aside.
    pub since: Instant,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// Whether its last good text can be restored: it is a resource of a store that nobody shares, and its text
    /// differs.
    pub restorable: bool,
    /// Its last revision, if that has the live text.
    pub last_good_revision: Option<u64>,
}

/// A rejected change that is still in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When it was found.
    pub at: Instant,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// The state of the reconciler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The live revision.
    pub applied: Revision,
    /// When the live configuration went live.
    pub applied_at: Instant,
    /// When the store was last read.
    pub looked_at: Instant,
    /// The outcome of that.
    pub outcome: Outcome,
    /// The rejected change that is still in the store.
    pub refused: Option<Refused>,
    /// The documents that are broken on disk.
    pub broken: Vec<Broken>,
    /// The warnings about the live configuration.
    pub warnings: Vec<Finding>,
    /// The last revision of the history.
    pub head: Head,
    /// The revision that runs.
    pub runs: Runs,
    /// The store, and why it is read-only, if it is.
    pub store: Description,
}

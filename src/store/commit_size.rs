//! The size of a commit, and the largest that a shared store takes at once.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// The most resources in one commit. A transaction of etcd takes 128 operations in each of its parts (`--max-txn-ops`); the
/// record, the head and the removal of an old record are three of them, and orphans share the rest.
pub const MOST_RESOURCES: usize = 120;
/// The most bytes in one commit: 1.4 MiB. A request to etcd takes 1.5 MiB (`--max-request-bytes`), with its keys in it.
pub const MOST_BYTES: usize = 1_468_006;

/// The size of a commit, beside the largest possible one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommitSize {
    /// How many resources it changes.
    pub resources: usize,
    /// How many bytes are sent for it.
    pub bytes: usize,
    /// The most resources.
    pub max_resources: usize,
    /// The most bytes.
    pub max_bytes: usize,
}

impl CommitSize {
    /// The size of a change of so many resources, for which so many bytes are sent.
    #[must_use]
    pub const fn new(resources: usize, bytes: usize) -> Self {
        Self { resources, bytes, max_resources: MOST_RESOURCES, max_bytes: MOST_BYTES }
    }

    /// Whether it is more than a shared store takes at once.
    #[must_use]
    pub const fn is_too_large(self) -> bool {
        self.resources > self.max_resources || self.bytes > self.max_bytes
    }
}

impl fmt::Display for CommitSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resources, bytes, max_resources, max_bytes } = self;
        write!(
            f,
            "the change is of {resources} resources and {bytes} bytes; one change to the store is of at most \
             {max_resources} resources and {max_bytes} bytes; make it in parts, or with `portcullis store import`"
        )
    }
}

//! The origin of a resource, which decides whether the API may change it.

use schemars::JsonSchema;
use serde::Serialize;

/// The origin of a resource, which decides who may change it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ManagedBy {
    /// The store: this API changes it.
    Store,
    /// The configuration file: an operator edits it.
    File,
}

impl ManagedBy {
    pub(super) const fn of(stored: bool) -> Self {
        if stored { Self::Store } else { Self::File }
    }
}

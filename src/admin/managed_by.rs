//! Who may write a resource.

use schemars::JsonSchema;
use serde::Serialize;

/// Where a resource is written, and so who may write it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ManagedBy {
    /// In the store: this API.
    Store,
    /// In the configuration file: whoever edits it.
    File,
}

impl ManagedBy {
    pub(super) const fn of(stored: bool) -> Self {
        if stored { Self::Store } else { Self::File }
    }
}

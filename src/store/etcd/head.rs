//! The head of a store: what is the truth about it, in one key.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The value of the key `head`. What a newer version adds is left alone here, and written by nobody who does not know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Head {
    /// The id of the store, made with its first commit.
    pub(in crate::store) store_id: String,
    /// The number of the last revision.
    pub(in crate::store) revision: u64,
    /// The generation whose keys hold the resources.
    pub(in crate::store) generation: u64,
    /// The hash over all resources, in hexadecimal.
    pub(in crate::store) sha256: String,
    /// When the revision was made.
    pub(in crate::store) at: Timestamp,
    /// Who made it.
    pub(in crate::store) who: String,
    /// The id of the commit that made it.
    pub(in crate::store) commit: String,
    /// The revision with which a person last resumed the store: members with an older one take it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) resumed: Option<u64>,
}

impl Head {
    /// Reads the value of the key.
    pub(super) fn parse(value: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(value).map_err(|error| format!("the head is not one of this version: {error}"))
    }

    /// The value of the key.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

//! The description of a store, for operators.

use schemars::JsonSchema;
use serde::Serialize;

/// What a store keeps resources in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// A folder with a history.
    Directory,
    /// Keys in etcd, which the members of a fleet share.
    Etcd,
    /// The configuration file alone.
    File,
}

/// The description of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The kind of store.
    pub kind: StoreKind,
    /// Its location, in words; `None` for a configuration without a store.
    pub place: Option<String>,
    /// Why it is read-only, as a sentence; `None` when it is writable.
    pub read_only: Option<String>,
}

impl Description {
    /// Whether changes can be made.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.read_only.is_none()
    }
}

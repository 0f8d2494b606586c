//! A store in words, for operators.

use schemars::JsonSchema;
use serde::Serialize;

/// What a store keeps resources in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// A folder with a history.
    Directory,
    /// The configuration file alone.
    File,
}

/// A store of resources, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The kind of store, in one word.
    pub kind: StoreKind,
    /// Where that is, in words; absent when there is no such place.
    pub place: Option<String>,
    /// Why nothing can be changed there, as a sentence; absent when it can.
    pub read_only: Option<String>,
}

impl Description {
    /// Whether changes can be made.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.read_only.is_none()
    }
}

//! What a store is, in words.

/// A store of resources, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What it keeps resources in, in a word.
    pub kind: &'static str,
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

//! What is wrong with a proof, in words for `explain`.

/// Why a text is no proof that could be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Flaw(pub(super) &'static str);

//! What is known of a card besides what is served of it, for operators. No request reads it.

use std::sync::Arc;

use crate::model::Instant;

/// The agent's own card, and how its last fetch ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardSeen {
    /// As it last came.
    pub upstream: Option<Arc<[u8]>>,
    /// When it last came, or was confirmed, and could be served.
    pub at: Option<Instant>,
    /// Why the last fetch brought nothing to serve; then what is served is of before.
    pub failure: Option<Arc<str>>,
    /// What an operator should look at in what was made of it.
    pub warnings: Arc<[String]>,
}

//! What can be wrong with a Redis.

use std::time::Duration;

/// Why it is of no use.
#[derive(Debug, thiserror::Error)]
pub enum RedisFault {
    /// One of the files of this member.
    #[error("{0}")]
    OwnFile(String),
    /// It could not be connected to.
    #[error("it cannot be connected to: {0}")]
    Connect(#[source] std::io::Error),
    /// Something else.
    #[error("{0}")]
    Answered(#[from] redis::RedisError),
    /// It did not answer in time.
    #[error("it did not answer within {0:?}")]
    TimedOut(Duration),
    /// It gave another answer than it was asked for.
    #[error("it gave an answer of another form than was asked for")]
    Unexpected,
}

impl RedisFault {
    /// Whether it has forgotten the scripts that it was given.
    pub(super) fn is_forgotten_script(&self) -> bool {
        matches!(self, Self::Answered(error) if error.code() == Some("NOSCRIPT"))
    }
}

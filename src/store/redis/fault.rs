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
    #[error("{}", words(.0))]
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

/// What Redis said, as its documentation has it: the library calls some of the codes by names of its own. Of many questions that failed
/// together, the beginning is enough.
fn words(error: &redis::RedisError) -> String {
    const MOST: usize = 200;
    if error.kind() == redis::ErrorKind::AuthenticationFailed {
        return "WRONGPASS: the user or the password is wrong".to_owned();
    }
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => error.to_string().chars().take(MOST).collect(),
    }
}

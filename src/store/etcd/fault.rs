//! What can go wrong between a member and etcd, sorted by what is to be done about it.

use etcd_client::Error;

/// Why a call to etcd failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::store) enum Fault {
    /// No member of etcd could be talked to.
    #[error("etcd cannot be reached at {endpoint}: {why}")]
    Unreachable {
        /// The member that was tried.
        endpoint: String,
        /// What the system or the library says.
        why: String,
    },
    /// A member responded, and has no leader or no quorum.
    #[error("etcd has no quorum: {0}")]
    NoLeader(String),
    /// There was no response in time. A write may have taken place.
    #[error("etcd did not respond within {0:?}")]
    TimedOut(std::time::Duration),
    /// The user has not the right.
    #[error("etcd denies it: {0}")]
    Denied(String),
    /// The user or its token is not accepted.
    #[error("etcd does not accept the user: {0}")]
    Unauthenticated(String),
    /// A file of this member's own (certificate, key, password) cannot be used.
    #[error("{0}")]
    OwnFile(String),
    /// etcd's database is full.
    #[error("etcd's database is full (NOSPACE)")]
    NoSpace,
    /// The revision that was asked for is compacted; this is the first that is not.
    #[error("etcd has compacted what was asked for, up to its revision {0}")]
    Compacted(i64),
    /// The request is larger than etcd takes.
    #[error("the request is larger than etcd takes: {0}")]
    TooLarge(String),
    /// Anything else.
    #[error("etcd: {0}")]
    Other(String),
}

/// Numbers of gRPC statuses (google.rpc.Code).
mod code {
    pub(super) const CANCELLED: i32 = 1;
    pub(super) const UNKNOWN: i32 = 2;
    pub(super) const INVALID_ARGUMENT: i32 = 3;
    pub(super) const DEADLINE_EXCEEDED: i32 = 4;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const RESOURCE_EXHAUSTED: i32 = 8;
    pub(super) const FAILED_PRECONDITION: i32 = 9;
    pub(super) const OUT_OF_RANGE: i32 = 11;
    pub(super) const UNAVAILABLE: i32 = 14;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

impl Fault {
    /// Sorts an error of the client.
    pub(super) fn of(error: &Error, endpoint: &str) -> Self {
        let unreachable = |why: String| Self::Unreachable { endpoint: endpoint.to_owned(), why };
        match error {
            Error::GRpcStatus(status) => {
                let message = cause(status.message(), status);
                match status.code() as i32 {
                    code::UNAVAILABLE
                        if message.contains("no leader") || message.contains("leader changed") =>
                    {
                        Self::NoLeader(message)
                    }
                    // etcd itself gives up on a proposal without a quorum.
                    code::UNAVAILABLE | code::DEADLINE_EXCEEDED if message.contains("request timed out") => {
                        Self::NoLeader(message)
                    }
                    code::RESOURCE_EXHAUSTED if message.contains("space exceeded") => Self::NoSpace,
                    code::OUT_OF_RANGE => Self::Compacted(0),
                    code::INVALID_ARGUMENT if is_about_the_user(&message) => Self::Unauthenticated(message),
                    code::INVALID_ARGUMENT
                        if message.contains("too large") || message.contains("too many operations") =>
                    {
                        Self::TooLarge(message)
                    }
                    code::UNAUTHENTICATED => Self::Unauthenticated(message),
                    code::PERMISSION_DENIED => Self::Denied(message),
                    code::FAILED_PRECONDITION | code::INVALID_ARGUMENT | code::RESOURCE_EXHAUSTED => {
                        Self::Other(message)
                    }
                    code::UNAVAILABLE | code::CANCELLED | code::UNKNOWN | code::DEADLINE_EXCEEDED => {
                        unreachable(message)
                    }
                    _ => Self::Other(message),
                }
            }
            Error::TransportError(error) => unreachable(cause(&error.to_string(), error)),
            Error::IoError(error) => unreachable(error.to_string()),
            other => Self::Other(other.to_string()),
        }
    }

    /// Whether a write that was sent may have taken place, or may still do so.
    pub(super) const fn may_have_taken_place(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoLeader(_) | Self::TimedOut(_) | Self::Other(_) => true,
            Self::Denied(_)
            | Self::Unauthenticated(_)
            | Self::OwnFile(_)
            | Self::NoSpace
            | Self::Compacted(_)
            | Self::TooLarge(_) => false,
        }
    }

    /// Whether the request was larger than etcd takes.
    pub(super) const fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge(_))
    }

    /// Whether the lease of the request has ended.
    pub(super) fn is_lost_lease(&self) -> bool {
        matches!(self, Self::Other(why) if why.contains("lease not found"))
    }

    /// Whether another member of etcd, or another connection, may do better.
    pub(super) const fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::NoLeader(_)
            | Self::TimedOut(_)
            | Self::Unauthenticated(_)
            | Self::OwnFile(_) => true,
            Self::Denied(_) | Self::NoSpace | Self::Compacted(_) | Self::TooLarge(_) | Self::Other(_) => {
                false
            }
        }
    }
}

/// What etcd says when auth was switched on, or users were changed, under a connection.
fn is_about_the_user(message: &str) -> bool {
    ["user name is empty", "auth store is old", "invalid user ID or password", "user name not found"]
        .iter()
        .any(|about| message.contains(about))
}

/// What an error says and what it was caused by in the first place: the words of the library alone say "transport error".
fn cause(said: &str, error: &dyn std::error::Error) -> String {
    let mut first = error.source();
    while let Some(deeper) = first.and_then(std::error::Error::source) {
        first = Some(deeper);
    }
    let first = first.map(ToString::to_string).filter(|first| !said.contains(first.as_str()));
    match first {
        Some(first) if said.is_empty() => first,
        Some(first) => format!("{said}: {first}"),
        None => said.to_owned(),
    }
}

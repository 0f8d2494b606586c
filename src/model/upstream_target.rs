//! The closed sets of words for the targets of an upstream: how one stands, and what counts against it.

use super::decision::closed_words;

closed_words! {
    /// How a target stands.
    TargetState {
        /// It takes its share of the requests.
        Healthy = "healthy",
        /// It has failed several times in a row, and takes none for a while.
        Ejected = "ejected",
        /// Its health checks fail, and it takes none until they pass.
        Unhealthy = "unhealthy",
        /// Its weight is 0, or an operator drains it: it takes none, and what runs there goes on.
        Draining = "draining",
        /// It was added or has recovered, and takes a share that grows.
        Slow = "slow",
    }
}

/// What an operator tells a target to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetOrder {
    /// To take no new requests. What runs there goes on.
    Drain,
    /// To take them again.
    Undrain,
}

closed_words! {
    /// What counts against a target.
    TargetFault {
        /// No connection was made.
        Connect = "connect",
        /// The TLS handshake failed.
        Tls = "tls",
        /// The connection or the stream broke before the head of the response.
        Reset = "reset",
        /// It answered 502.
        BadGateway = "502",
        /// It answered 503.
        Unavailable = "503",
        /// It answered 504, or nothing within `response_timeout`.
        Timeout = "504",
    }
}

closed_words! {
    /// What became of a request that could be sent again to another target.
    RetryResult {
        /// It was sent again.
        Sent = "sent",
        /// The budget was spent, and it was not.
        Budget = "budget",
    }
}

closed_words! {
    /// How the look-up of an upstream's name ended.
    LookupResult {
        /// With addresses.
        Answered = "answered",
        /// With none, and those of before are used on.
        Kept = "kept",
        /// With none, and there were none before.
        Unknown = "none",
    }
}

impl TargetFault {
    /// What a response with this status counts as; `None` when it does not count against its target.
    #[must_use]
    pub const fn of_status(status: u16) -> Option<Self> {
        match status {
            502 => Some(Self::BadGateway),
            503 => Some(Self::Unavailable),
            504 => Some(Self::Timeout),
            _ => None,
        }
    }
}

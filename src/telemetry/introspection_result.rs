//! The closed list of how a question about a token was answered.

use crate::model::closed_words;

closed_words! {
    /// How the question about a token was answered.
    IntrospectionResult {
        /// The provider was asked, and calls the token active.
        Active = "active",
        /// The provider was asked, and calls the token inactive.
        Inactive = "inactive",
        /// There is no answer: the provider gave none that could be used, or was not asked because too many wait.
        Error = "error",
        /// The provider did not answer in time.
        Timeout = "timeout",
        /// Another request was asking about the same token, and its answer was taken.
        Joined = "joined",
        /// The token was known to be active.
        Hit = "hit",
        /// The token was known to be inactive.
        NegativeHit = "negative_hit",
        /// The provider was asked again for running streams, and calls the token active.
        RecheckActive = "recheck_active",
        /// The provider was asked again for running streams, and calls the token inactive.
        RecheckInactive = "recheck_inactive",
        /// There is no answer about the token of running streams.
        RecheckError = "recheck_error",
        /// The provider did not answer in time about the token of running streams.
        RecheckTimeout = "recheck_timeout",
    }
}

impl IntrospectionResult {
    /// The same of a question that is asked for running streams, and for no request.
    #[must_use]
    pub const fn of_streams(self) -> Self {
        match self {
            Self::Active => Self::RecheckActive,
            Self::Inactive => Self::RecheckInactive,
            Self::Error => Self::RecheckError,
            Self::Timeout => Self::RecheckTimeout,
            Self::Joined
            | Self::Hit
            | Self::NegativeHit
            | Self::RecheckActive
            | Self::RecheckInactive
            | Self::RecheckError
            | Self::RecheckTimeout => self,
        }
    }
}

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
    }
}

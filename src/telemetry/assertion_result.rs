//! The closed list of what becomes of an assertion for an agent.

use crate::model::closed_words;

closed_words! {
    /// What became of the assertion of one request.
    AssertionResult {
        /// It was signed for this request.
        Signed = "signed",
        /// It is the one that an earlier request had.
        Kept = "kept",
        /// It could not be signed, and the request was answered with 500.
        Failed = "failed",
    }
}

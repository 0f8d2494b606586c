//! The closed list of what a limit says of a request.

use crate::model::closed_words;

closed_words! {
    /// What a limit said of a request.
    LimitResult {
        /// It was counted, and passed.
        Allowed = "allowed",
        /// It was refused.
        Limited = "limited",
        /// It would have been refused, and passed because the limit or its agent is in shadow mode.
        ShadowLimited = "shadow_limited",
    }
}

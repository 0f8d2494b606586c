//! The closed list of what a target is to its agent.

use crate::model::closed_words;

closed_words! {
    /// What a target is to its agent.
    TargetUse {
        /// It takes requests.
        Well = "well",
        /// It is ejected or unhealthy.
        Out = "out",
        /// It takes no new requests since somebody wants that.
        Drained = "drained",
    }
}

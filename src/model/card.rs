//! The words for an agent's card in metrics, logs and API answers: where it is from, and what became of its signature.

use super::decision::closed_words;

closed_words! {
    /// Where the card of an agent is from.
    CardSource {
        /// From the agent; it is rewritten.
        Rewrite = "rewrite",
        /// From the agent; it is served as it is.
        Passthrough = "passthrough",
        /// From a file.
        File = "file",
    }
}

closed_words! {
    /// What became of the signatures of a card.
    CardSignature {
        /// It had none.
        None = "none",
        /// They were removed.
        Stripped = "stripped",
        /// They were removed, and the gateway signed the card.
        Resigned = "resigned",
        /// They are served as they came.
        Passed = "passed",
    }
}

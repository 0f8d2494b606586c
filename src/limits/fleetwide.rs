//! How the members of a fleet count a limit, and a rate that they count together. What this member knows of its buckets is in
//! `ledger`.

use std::sync::Arc;

use crate::model::{KeyedHash, Live, closed_words};

use super::rate::Rate;

closed_words! {
    /// How the members of a fleet count a limit.
    Counting {
        /// Each counts its part.
        LocalShare = "local_share",
        /// Together, each telling the others of what it let in.
        Shared = "shared",
        /// Together, with a question for each request.
        Strict = "strict",
    }
}

closed_words! {
    /// What becomes of requests while the members cannot count together.
    OnLoss {
        /// Each member lets its part in.
        Share = "share",
        /// All pass.
        Allow = "allow",
        /// None passes.
        Deny = "deny",
    }
}

/// How members count a limit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fleetwide {
    /// Whether each request is asked for.
    pub is_strict: bool,
    /// What becomes of requests while that cannot be done.
    pub on_loss: OnLoss,
}

/// A rate that all members count together.
#[derive(Debug)]
pub(super) struct Common {
    rate: Live<Rate>,
    how: Fleetwide,
    id: KeyedHash,
}

impl Common {
    pub(super) fn new(rate: Rate, how: Fleetwide, id: KeyedHash) -> Self {
        Self { rate: Live::new(rate), how, id }
    }

    /// It permits this from now on.
    pub(super) fn set(&self, rate: Rate) {
        if self.rate() != rate {
            self.rate.publish(Arc::new(rate));
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate.with(|rate| *rate)
    }

    pub(super) const fn how(&self) -> Fleetwide {
        self.how
    }

    /// What all members know it by.
    pub(super) const fn id(&self) -> KeyedHash {
        self.id
    }
}

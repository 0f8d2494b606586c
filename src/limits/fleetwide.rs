//! How the members of a fleet count a limit, and what they count together. What this member knows of its buckets is in
//! `ledger`.

use std::sync::Arc;

use crate::model::{KeyedHash, Live, closed_words};

use super::quota::Quota;
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

/// What members count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Common {
    /// A rate.
    Rate(Rate),
    /// A quota.
    Quota(Quota),
}

/// A limit that all members count together.
#[derive(Debug)]
pub(super) struct CommonLimit {
    permits: Live<Common>,
    how: Fleetwide,
    id: KeyedHash,
}

impl Common {
    /// The requests of a full bucket.
    pub(super) const fn burst(&self) -> u32 {
        match self {
            Self::Rate(rate) => rate.burst,
            Self::Quota(quota) => quota.count,
        }
    }
}

impl CommonLimit {
    pub(super) fn new(permits: Common, how: Fleetwide, id: KeyedHash) -> Self {
        Self { permits: Live::new(permits), how, id }
    }

    /// It permits this from now on.
    pub(super) fn set(&self, permits: Common) {
        if self.permits() != permits {
            self.permits.publish(Arc::new(permits));
        }
    }

    pub(super) fn permits(&self) -> Common {
        self.permits.with(|permits| *permits)
    }

    pub(super) const fn how(&self) -> Fleetwide {
        self.how
    }

    /// What all members know it by.
    pub(super) const fn id(&self) -> KeyedHash {
        self.id
    }
}

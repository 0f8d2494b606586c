//! What one agent asks of proofs, and what it has accepted. `check` applies it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::{AlgorithmSet, Instant, NextNonce, PublicAddress};

use super::nonce::NonceKeys;
use super::replay::Replay;

/// What one agent asks of proofs.
#[derive(Debug, Clone)]
pub struct Dpop {
    /// The algorithms of proofs.
    pub algorithms: AlgorithmSet,
    /// How far `iat` of a proof may be from now, either way.
    pub max_age: Duration,
    /// What it asks of nonces.
    pub nonces: Nonces,
    /// The most proofs that are remembered.
    pub replay_entries: usize,
    /// The address under which its clients know it.
    pub address: PublicAddress,
    /// What it has accepted.
    pub proofs: Arc<Proofs>,
}

/// What an agent asks of nonces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonces {
    /// Whether a proof must have one.
    pub are_required: bool,
    /// How long one is accepted.
    pub age: Duration,
    /// The keys of a file; `None` = one that lives as long as the process.
    pub keys: Option<NonceKeys>,
}

/// The proofs that an agent has accepted. A new compilation of the agent keeps them.
#[derive(Debug, Default)]
pub struct Proofs {
    /// Those that were accepted as usual.
    pub(super) usual: Replay,
    /// Those that were accepted with a nonce of the reserve, while the others were too many.
    pub(super) reserve: Replay,
    own_keys: OnceLock<Option<NonceKeys>>,
}

impl Proofs {
    /// How many are remembered at this time.
    #[must_use]
    pub fn count(&self, now: Instant) -> usize {
        self.usual.count(now) + self.reserve.count(now)
    }
}

impl Dpop {
    /// The keys of its nonces; `None` when the system has no randomness.
    pub(super) fn keys(&self) -> Option<&NonceKeys> {
        let own = || self.proofs.own_keys.get_or_init(NonceKeys::generate).as_ref();
        self.nonces.keys.as_ref().or_else(own)
    }

    /// The nonce for a response.
    #[must_use]
    pub fn nonce(&self, which: NextNonce, now: Instant) -> Option<String> {
        match which {
            NextNonce::None => None,
            NextNonce::Usual => Some(self.keys()?.usual(self.nonces.age, now)),
            NextNonce::Reserve => Some(self.keys()?.reserve(now)),
        }
    }
}

//! What an identity provider says of a token that it was asked about (RFC 7662 section 2.2).
//!
//! `idp` asks, `authn` reads the response and judges what it says by the same terms and rules as the claims of a JWT.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Instant;

/// A provider's word about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Introspection {
    /// The token is not active; nothing else is known of it.
    Inactive,
    /// The token is active.
    Active(Arc<ActiveToken>),
}

/// A token that its provider calls active.
#[derive(Debug, PartialEq, Eq)]
pub struct ActiveToken {
    claims: Box<[u8]>,
    word: Arc<ProviderWord>,
}

impl ActiveToken {
    /// One with these claims, a JSON object. Its provider must be asked again from `until` on, whatever `exp` says.
    #[must_use]
    pub fn new(claims: Box<[u8]>, until: Instant) -> Self {
        Self { claims, word: Arc::new(ProviderWord { until, withdrawn: AtomicBool::new(false) }) }
    }

    /// Its claims, as JSON text.
    #[must_use]
    pub const fn claims(&self) -> &[u8] {
        &self.claims
    }

    /// The word of its provider.
    #[must_use]
    pub const fn word(&self) -> &Arc<ProviderWord> {
        &self.word
    }
}

/// The word of a provider that a token is active: one for all who remember the token.
#[derive(Debug)]
pub struct ProviderWord {
    until: Instant,
    withdrawn: AtomicBool,
}

impl ProviderWord {
    /// Whether it counts at `now`; else the provider must be asked again.
    #[must_use]
    pub fn counts_at(&self, now: Instant) -> bool {
        now < self.until && !self.withdrawn.load(Ordering::Relaxed)
    }

    /// How long it counts from `now` on; nothing where the provider must be asked.
    #[must_use]
    pub fn left(&self, now: Instant) -> Duration {
        if self.counts_at(now) { self.until.since(now) } else { Duration::ZERO }
    }

    /// It counts no more, wherever the token is remembered; whether it was not withdrawn before.
    pub fn withdraw(&self) -> bool {
        !self.withdrawn.swap(true, Ordering::Relaxed)
    }
}

impl PartialEq for ProviderWord {
    fn eq(&self, other: &Self) -> bool {
        let withdrawn = |word: &Self| word.withdrawn.load(Ordering::Relaxed);
        self.until == other.until && withdrawn(self) == withdrawn(other)
    }
}

impl Eq for ProviderWord {}

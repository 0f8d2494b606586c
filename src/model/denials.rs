//! The denials of a process: credentials that are refused, whatever the configuration says of them. Asked for by every
//! request that brings one, and replaced as a whole. Where the entries are kept is for `store`, who adds them for `control`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::denial::DenialKind;
use super::denial_set::DenialSet;
use super::principal::Principal;
use super::{Digest, Instant, Live};

/// One cell for the life of a process, which requests read without a lock.
#[derive(Debug)]
pub struct Denials {
    /// Whether there is an entry: most gateways have none, and then a request pays for one load.
    any: AtomicBool,
    set: Live<DenialSet>,
}

impl Default for Denials {
    fn default() -> Self {
        Self { any: AtomicBool::new(false), set: Live::new(DenialSet::default()) }
    }
}

impl Denials {
    /// Replaces all entries.
    pub fn publish(&self, set: Arc<DenialSet>) {
        let any = !set.is_empty();
        self.set.publish(set);
        self.any.store(any, Ordering::Release);
    }

    /// Asks the entries; `None` when there are none.
    #[inline]
    pub fn any<T>(&self, ask: impl FnOnce(&DenialSet) -> Option<T>) -> Option<T> {
        if self.any.load(Ordering::Acquire) { self.set.with(ask) } else { None }
    }

    /// The denial of the API key with this id, if there is one.
    #[must_use]
    #[inline]
    pub fn of_api_key(&self, id: &str, now: Instant) -> Option<DenialKind> {
        self.any(|set| set.of_api_key(id, now))
    }

    /// By what a denial names this token, if one does; see [`DenialSet::of_token`].
    #[must_use]
    #[inline]
    pub fn of_token(
        &self,
        principal: &Principal,
        now: Instant,
        signed: impl FnOnce() -> Option<Digest>,
    ) -> Option<DenialKind> {
        self.any(|set| set.of_token(principal, now, signed))
    }

    /// The entries.
    #[must_use]
    pub fn set(&self) -> Arc<DenialSet> {
        self.set.get()
    }

    /// How many entries of a kind there are.
    #[must_use]
    pub fn len(&self, kind: DenialKind) -> usize {
        self.set.with(|set| set.len(kind))
    }
}

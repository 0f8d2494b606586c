//! The current keys of a provider: one immutable value behind one atomic pointer. The refresher replaces it as a whole;
//! requests read it without waiting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant as Tick;

use crate::model::{Algorithm, Instant, Live};

use super::VerificationKey;
use super::key_name::KeyName;
use super::key_set::{Candidates, KeySet, NoMatch};

/// Why there is no key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No keys were ever fetched, or they are older than `max_stale`.
    Unavailable,
    /// No key has that `kid` or thumbprint; or the token names no key, and not exactly one fits.
    UnknownKid {
        /// Whether the set may be out of date, because the last fetch failed. Never set for a token that
        /// names no key.
        last_refresh_failed: bool,
    },
    /// The key exists, but does not verify that algorithm.
    WrongAlgorithm,
}

/// The age of keys by the monotonic clock, which cannot be set as the wall clock can.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    already: Duration,
    since: Tick,
}

impl Age {
    /// The age of keys that are `already` old now: zero for keys just confirmed.
    pub(super) fn of(already: Duration) -> Self {
        Self { already, since: Tick::now() }
    }

    fn now(self) -> Duration {
        self.already.saturating_add(self.since.elapsed())
    }
}

/// Everything that is known of a provider's keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The last good set.
    pub(super) keys: Option<Arc<KeySet>>,
    /// When the source last confirmed that set, by the wall clock.
    pub(super) last_success: Option<Instant>,
    /// How long ago that was, by the monotonic clock.
    pub(super) age: Option<Age>,
    /// Whether the set comes from its source and not from the state folder.
    pub(super) confirmed: bool,
    /// Whether the last document held more keys than are read.
    pub(super) cut: bool,
    /// Why the last fetch failed, if it did.
    pub(super) error: Option<Arc<str>>,
    /// Whether the first fetch has ended, successful or not.
    pub(super) tried: bool,
    /// When the next fetch is due.
    pub(super) next_due: Option<Instant>,
}

/// The keys of one provider, for many readers and one writer at a time.
#[derive(Debug)]
pub(super) struct KeyCache {
    known: Live<Known>,
    /// `None` for keys in the configuration, which do not expire.
    max_stale: Option<Duration>,
    writing: Mutex<()>,
}

impl KeyCache {
    pub(super) fn new(known: Known, max_stale: Option<Duration>) -> Self {
        Self { known: Live::new(known), max_stale, writing: Mutex::new(()) }
    }

    pub(super) fn known(&self) -> Arc<Known> {
        self.known.get()
    }

    /// Changes what is known; readers see all of the change at once.
    pub(super) fn update(&self, change: impl FnOnce(&mut Known)) {
        let _one_writer = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = Known::clone(&self.known.get());
        change(&mut known);
        self.known.publish(Arc::new(known));
    }

    /// The keys for a token with this header.
    pub(super) fn find(
        &self,
        name: KeyName<'_>,
        algorithm: Algorithm,
        now: Instant,
    ) -> Result<Candidates, Missing> {
        self.known.with(|known| {
            let keys = self.fresh(known, now).ok_or(Missing::Unavailable)?;
            keys.find(name, algorithm).map_err(|no_match| match no_match {
                NoMatch::WrongAlgorithm => Missing::WrongAlgorithm,
                // For a token that names no key, a fetch would not help.
                NoMatch::UnknownKid => {
                    Missing::UnknownKid { last_refresh_failed: name.is_given() && known.error.is_some() }
                }
            })
        })
    }

    /// The number of the current set, if it still selects `key` for such a token. `last` is the number of a set for
    /// which that has been established.
    pub(super) fn confirms(
        &self,
        name: KeyName<'_>,
        algorithm: Algorithm,
        key: &Arc<VerificationKey>,
        last: u64,
        now: Instant,
    ) -> Option<u64> {
        self.known.with(|known| {
            let keys = self.fresh(known, now)?;
            let is_the_one =
                || keys.find(name, algorithm).is_ok_and(|found| found.iter().any(|k| Arc::ptr_eq(k, key)));
            (keys.number() == last || is_the_one()).then_some(keys.number())
        })
    }

    /// The number of the current set; `None` without usable keys.
    pub(super) fn number(&self, now: Instant) -> Option<u64> {
        self.known.with(|known| self.fresh(known, now).map(KeySet::number))
    }

    /// Whether there are usable keys at `now` that satisfy `with`.
    pub(super) fn is_fresh(&self, now: Instant, with: impl FnOnce(&KeySet) -> bool) -> bool {
        self.known.with(|known| self.fresh(known, now).is_some_and(with))
    }

    fn fresh<'a>(&self, known: &'a Known, now: Instant) -> Option<&'a KeySet> {
        let keys = known.keys.as_deref()?;
        let Some(max_stale) = self.max_stale else {
            return Some(keys);
        };
        // Both clocks count: setting the wall clock back must not make keys younger, and the monotonic clock stands
        // still while the machine is suspended.
        let old = now.since(known.last_success?).max(known.age?.now());
        (old <= max_stale).then_some(keys)
    }
}

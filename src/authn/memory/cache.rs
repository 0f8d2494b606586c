//! The cache of verified tokens, so that the next request with one costs a hash and a look-up instead of a signature; and,
//! apart from them, of tokens whose signature was found to be invalid.
//!
//! The key is the SHA-256 of the whole token, compared whole. `oauth` says what a hit must still satisfy. A bad token never
//! displaces a good one, because each kind has a bound of its own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, Weighter};

use crate::model::{Digest, Principal};
use crate::telemetry::TokenCacheMetrics;

use super::forged::Forged;
use super::recent;
use super::remembered::Remembered;

/// Minimum weight of an entry in bytes. The cache holds `entries * ENTRY_BYTES`, so one large token displaces several
/// small ones.
const ENTRY_BYTES: usize = 2048;
/// Good entries for each bad one. A bad entry saves work only while its sender repeats it, and anybody can make one, so a
/// sixteenth of the entries (and, being lighter, a sixty-fourth of the bytes) is enough.
const GOOD_FOR_EACH_BAD: usize = 16;
/// Minimum weight of a bad entry in bytes: four names of usual length beside the entry itself. Bounding bytes and not only
/// entries matters, because a forged token, which needs no key, may name thousands of audiences.
const BAD_ENTRY_BYTES: usize = 512;

/// The next number of a cache: tokens that threads hold (`recent`) belong to the cache of their number.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Verified tokens and forged ones, by their digest. Concurrent; readers and writers share shards, not one lock.
pub struct TokenCache {
    number: u64,
    good: Good,
    bad: Cache<Digest, Arc<Forged>, Bytes>,
    metrics: TokenCacheMetrics,
}

type Good = Cache<Digest, Arc<Remembered>, Bytes, std::hash::RandomState, Counted>;

impl TokenCache {
    /// An empty cache for this many tokens; `None` for zero, which turns it off.
    #[must_use]
    pub fn new(entries: usize, metrics: TokenCacheMetrics) -> Option<Arc<Self>> {
        if entries == 0 {
            return None;
        }
        let weight = entries.saturating_mul(ENTRY_BYTES) as u64;
        let counted = Counted(metrics.clone());
        let bad = (entries / GOOD_FOR_EACH_BAD).max(1);
        let bad_weight = bad.saturating_mul(BAD_ENTRY_BYTES) as u64;
        Some(Arc::new(Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            good: Cache::with(entries, weight, Bytes, std::hash::RandomState::new(), counted),
            bad: Cache::with_weighter(bad, bad_weight, Bytes),
            metrics,
        }))
    }

    /// The number of good tokens in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.good.len()
    }

    /// Whether it holds no good token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(in crate::authn) fn get(&self, digest: &Digest) -> Option<Arc<Remembered>> {
        recent::get(self.number, digest).or_else(|| {
            let known = self.good.get(digest)?;
            recent::offer(self.number, *digest, &known);
            Some(known)
        })
    }

    pub(in crate::authn) fn insert(&self, digest: Digest, known: &Arc<Remembered>) {
        self.metrics.inserted();
        self.good.insert(digest, Arc::clone(known));
        recent::offer(self.number, digest, known);
    }

    /// Removes a token whose key its provider no longer publishes.
    pub(in crate::authn) fn remove(&self, digest: &Digest) {
        recent::forget(digest);
        if self.good.remove(digest).is_some() {
            self.metrics.evicted();
        }
    }

    /// Withdraws the word of the provider with this number about tokens of such principals; how many there were. Copies that
    /// threads hold share it.
    pub(in crate::authn) fn withdraw(&self, provider: u64, is_it: impl Fn(&Principal) -> bool) -> usize {
        let named = |known: &Remembered| known.provider() == provider && is_it(known.principal());
        let all = self.good.iter().filter(|(_, known)| known.word().is_some() && named(known));
        all.filter(|(_, known)| known.word().is_some_and(|word| word.withdraw())).count()
    }

    pub(in crate::authn) fn get_bad(&self, digest: &Digest) -> Option<Arc<Forged>> {
        self.bad.get(digest)
    }

    pub(in crate::authn) fn insert_bad(&self, digest: Digest, forged: Forged) {
        self.metrics.inserted_bad();
        self.bad.insert(digest, Arc::new(forged));
    }

    pub(in crate::authn) const fn metrics(&self) -> &TokenCacheMetrics {
        &self.metrics
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

/// The weight of an entry: its memory in bytes, or the minimum of its kind.
#[derive(Debug, Clone, Copy)]
struct Bytes;

impl Weighter<Digest, Arc<Remembered>> for Bytes {
    fn weight(&self, _: &Digest, known: &Arc<Remembered>) -> u64 {
        known.bytes().max(ENTRY_BYTES) as u64
    }
}

impl Weighter<Digest, Arc<Forged>> for Bytes {
    fn weight(&self, _: &Digest, forged: &Arc<Forged>) -> u64 {
        forged.bytes().max(BAD_ENTRY_BYTES) as u64
    }
}

/// Counts evictions of good tokens.
#[derive(Debug, Clone)]
struct Counted(TokenCacheMetrics);

impl Lifecycle<Digest, Arc<Remembered>> for Counted {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Digest, _: Arc<Remembered>) {
        self.0.evicted();
    }
}

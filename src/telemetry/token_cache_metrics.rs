//! The metric handles of the verified-token cache.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus::IntGauge;

use super::counter::Counter;
use super::families::Families;

/// Counts what the cache does. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenCacheMetrics(Arc<Handles>);

#[derive(Debug)]
struct Handles {
    hit: Arc<Counter>,
    miss: Arc<Counter>,
    insert: Arc<Counter>,
    evict: Arc<Counter>,
    bad_hit: Arc<Counter>,
    bad_insert: Arc<Counter>,
    entries: IntGauge,
    size: Size,
}

/// Asks the live cache how many tokens it holds.
#[derive(Default)]
struct Size(OnceLock<Box<dyn Fn() -> usize + Send + Sync>>);

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Size")
    }
}

impl TokenCacheMetrics {
    pub(super) fn new(families: &Families) -> Self {
        let event = |name| families.token_cache_events.of([name]);
        Self(Arc::new(Handles {
            hit: event("hit"),
            miss: event("miss"),
            insert: event("insert"),
            evict: event("evict"),
            bad_hit: event("bad_hit"),
            bad_insert: event("bad_insert"),
            entries: families.token_cache_entries.of([]),
            size: Size::default(),
        }))
    }

    /// A token was known, and is good.
    pub fn hit(&self) {
        self.0.hit.inc();
    }

    /// A token was not known, or not good any more.
    pub fn missed(&self) {
        self.0.miss.inc();
    }

    /// A verified token was taken in.
    pub fn inserted(&self) {
        self.0.insert.inc();
    }

    /// A verified token had to go.
    pub fn evicted(&self) {
        self.0.evict.inc();
    }

    /// A signature was known to be bad.
    pub fn hit_bad(&self) {
        self.0.bad_hit.inc();
    }

    /// A bad signature was noted.
    pub fn inserted_bad(&self) {
        self.0.bad_insert.inc();
    }

    /// From now on `size` says how many tokens there are; the first to be told stays.
    pub fn measure(&self, size: impl Fn() -> usize + Send + Sync + 'static) {
        let _first = self.0.size.0.set(Box::new(size));
    }

    /// Looks how many there are, for those who read the metrics.
    pub(super) fn look(&self) {
        if let Some(size) = self.0.size.0.get() {
            self.0.entries.set(i64::try_from(size()).unwrap_or(i64::MAX));
        }
    }
}

//! The timestamp of an event, for people: shared, written without a lock, and ignored when values are compared.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Instant;

/// The timestamp of an event, which many threads may set. Two of them are always equal, so that the last use of a key does
/// not make it another key.
#[derive(Debug, Clone, Default)]
pub struct SharedTimestamp(Arc<AtomicU64>);

impl SharedTimestamp {
    /// Sets it to `now`. It writes at most once a second, so that busy threads do not compete for the cache line.
    pub fn touch(&self, now: Instant) {
        if self.0.load(Ordering::Relaxed) != now.unix() {
            self.0.store(now.unix(), Ordering::Relaxed);
        }
    }

    /// Sets it to `now`, unless it was set before.
    pub fn touch_once(&self, now: Instant) {
        // It fails only when it was set before.
        let _known = self.0.compare_exchange(0, now.unix(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The timestamp, in whole seconds; `None` before the event.
    #[must_use]
    pub fn at(&self) -> Option<Instant> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Instant::from_unix(at)),
        }
    }
}

impl PartialEq for SharedTimestamp {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SharedTimestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touch_once_keeps_the_first_time_and_touch_the_last() {
        let (first, last) = (SharedTimestamp::default(), SharedTimestamp::default());
        assert_eq!(last.at(), None);
        for second in [5, 6] {
            first.touch_once(Instant::from_unix(second));
            last.touch(Instant::from_unix(second));
        }
        assert_eq!((first.at(), last.at()), (Some(Instant::from_unix(5)), Some(Instant::from_unix(6))));
        assert_eq!(last.clone().at(), Some(Instant::from_unix(6)), "a clone is the same timestamp");
    }
}

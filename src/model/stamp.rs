//! When something last happened, for people: shared, written without waiting, and no part of what a thing is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Instant;

/// A moment that many may set. Two stamps are always equal: when a key was used does not make it another key.
#[derive(Debug, Clone, Default)]
pub struct Stamp(Arc<AtomicU64>);

impl Stamp {
    /// Now it happened. Writes at most once a second, so that busy threads do not fight for the cell.
    pub fn touch(&self, now: Instant) {
        if self.0.load(Ordering::Relaxed) != now.unix() {
            self.0.store(now.unix(), Ordering::Relaxed);
        }
    }

    /// It happened now, unless it did before.
    pub fn touch_once(&self, now: Instant) {
        // Somebody else was first: then the moment is known.
        let _known = self.0.compare_exchange(0, now.unix(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// When it last happened, to the second.
    #[must_use]
    pub fn at(&self) -> Option<Instant> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Instant::from_unix(at)),
        }
    }
}

impl PartialEq for Stamp {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Stamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_moment_stays_and_the_last_moves() {
        let (first, last) = (Stamp::default(), Stamp::default());
        assert_eq!(last.at(), None);
        for second in [5, 6] {
            first.touch_once(Instant::from_unix(second));
            last.touch(Instant::from_unix(second));
        }
        assert_eq!((first.at(), last.at()), (Some(Instant::from_unix(5)), Some(Instant::from_unix(6))));
        assert_eq!(last.clone().at(), Some(Instant::from_unix(6)), "a clone is the same stamp");
    }
}

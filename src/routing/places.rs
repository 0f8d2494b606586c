//! How many requests are under way at an agent. What is answered when there is no place is for others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The places of one agent. A clone counts the same requests, so that a reload forgets none.
#[derive(Debug, Clone, Default)]
pub struct Places(Arc<AtomicUsize>);

/// One request under way; dropping it says that it has ended.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Places {
    /// A place, if fewer than `most` are taken.
    #[must_use]
    pub fn take(&self, most: usize) -> Option<Place> {
        // Given back by its drop when there was none left.
        let place = Place(Arc::clone(&self.0));
        (self.0.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }

    /// How many are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_places_as_were_set_and_an_ended_request_gives_its_own_back() {
        let places = Places::default();
        let after_reload = places.clone();
        let one = places.take(2).unwrap();
        let _two = after_reload.take(2).unwrap();
        assert!(places.take(2).is_none() && after_reload.take(2).is_none());
        assert_eq!(places.taken(), 2);
        drop(one);
        assert!(after_reload.take(2).is_some());
        assert_eq!(places.taken(), 1);
    }
}

//! How many requests are under way, at each agent and in all. What is answered when there is no place is for others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many times as many places as are free one agent may hold: three quarters of all when no other has any.
const SHARE: usize = 3;

/// The places of one agent. A clone counts the same requests, so that a reload forgets none.
#[derive(Debug, Clone, Default)]
pub struct Places(Arc<AtomicUsize>);

/// All places there are. Cheap to clone.
///
/// When they become few, an agent that holds many gets no more while others still do: one that hangs cannot have them
/// all.
#[derive(Debug, Clone)]
pub struct Hall {
    taken: Places,
    most: usize,
}

/// One request under way; dropping it says that it has ended.
#[derive(Debug)]
pub struct Place {
    _at_agent: Taken,
    _in_all: Taken,
}

#[derive(Debug)]
struct Taken(Arc<AtomicUsize>);

impl Hall {
    /// A hall with so many places.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { taken: Places::default(), most }
    }

    /// A place at the agent with these, if it has fewer than `most`, and there are enough for others.
    #[must_use]
    pub fn take(&self, agent: &Places, most: usize) -> Option<Place> {
        // Both are given back by their drop when there was none left.
        let (at_agent, before) = agent.enter();
        let (in_all, all_before) = self.taken.enter();
        let free = self.most.saturating_sub(all_before);
        (before < most && before < free.saturating_mul(SHARE))
            .then_some(Place { _at_agent: at_agent, _in_all: in_all })
    }
}

impl Places {
    /// How many are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, and how many there were.
    fn enter(&self) -> (Taken, usize) {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        (Taken(Arc::clone(&self.0)), before)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_places_as_were_set_and_an_ended_request_gives_its_own_back() {
        let (hall, places) = (Hall::new(usize::MAX), Places::default());
        let after_reload = places.clone();
        let one = hall.take(&places, 2).unwrap();
        let _two = hall.take(&after_reload, 2).unwrap();
        assert!(hall.take(&places, 2).is_none() && hall.take(&after_reload, 2).is_none());
        assert_eq!(places.taken(), 2);
        drop(one);
        assert!(hall.take(&after_reload, 2).is_some());
        assert_eq!((places.taken(), hall.taken.taken()), (1, 1));
    }

    #[test]
    fn an_agent_that_hangs_leaves_places_for_others() {
        let (hall, hanging) = (Hall::new(100), Places::default());
        let mut held = Vec::new();
        while let Some(place) = hall.take(&hanging, 1000) {
            held.push(place);
        }
        assert_eq!(held.len(), 75);
        let others = Places::default();
        while let Some(place) = hall.take(&others, 1000) {
            held.push(place);
        }
        assert_eq!(others.taken(), 19, "three quarters of the rest");
        drop(held);
        assert!(hall.take(&hanging, 1).is_some());
    }

    #[test]
    fn the_last_place_can_be_had() {
        let (hall, places) = (Hall::new(1), Places::default());
        let one = hall.take(&places, 10);
        assert!(one.is_some() && hall.take(&Places::default(), 10).is_none());
    }
}

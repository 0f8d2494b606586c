//! When something is due, in the order of time: the streams of one table, which end, or tokens, which are asked about again.
//!
//! It costs a stream something when it begins and when it ends, and nothing in between: none has a timer of its own.

use std::collections::{BTreeSet, HashMap};

/// The number of a stream, given once in the life of a process.
pub type StreamId = u64;

/// What is due at a point in time of some clock, by number.
#[derive(Debug)]
pub(super) struct Due<At> {
    order: BTreeSet<(At, u64)>,
    of: HashMap<u64, At>,
}

impl<At> Default for Due<At> {
    fn default() -> Self {
        Self { order: BTreeSet::new(), of: HashMap::new() }
    }
}

impl<At: Ord + Copy> Due<At> {
    /// It is due then, whatever was said of it before. Returns whether nothing was.
    pub(super) fn set(&mut self, id: u64, at: At) -> bool {
        let before = self.of.insert(id, at);
        if before == Some(at) {
            return false;
        }
        if let Some(before) = before {
            self.order.remove(&(before, id));
        }
        self.order.insert((at, id));
        before.is_none()
    }

    /// It is due no more, or no longer there. Returns whether it was.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(at) = self.of.remove(&id) else { return false };
        self.order.remove(&(at, id))
    }

    /// Takes what is due before all others, if it is due at `now`.
    pub(super) fn take(&mut self, now: At) -> Option<u64> {
        let id = self.first(now)?;
        self.remove(id);
        Some(id)
    }

    /// What is due before all others, if it is due at `now`.
    pub(super) fn first(&self, now: At) -> Option<u64> {
        self.order.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instant;

    fn taken(due: &mut Due<Instant>, now: u64) -> Vec<StreamId> {
        std::iter::from_fn(|| due.take(Instant::from_unix(now))).collect()
    }

    #[test]
    fn streams_are_due_in_the_order_of_time_and_once() {
        let mut due = Due::default();
        for (id, at) in [(1, 30), (2, 10), (3, 20), (4, 20), (5, 20)] {
            due.set(id, Instant::from_unix(at));
        }
        assert!(due.remove(4) && !due.remove(4));
        for at in [40, 40] {
            assert!(!due.set(5, Instant::from_unix(at)), "it had an end");
        }
        assert!(taken(&mut due, 9).is_empty());
        assert_eq!(taken(&mut due, 20), [2, 3]);
        assert!(taken(&mut due, 20).is_empty());
        assert_eq!(taken(&mut due, 100), [1, 5]);
        assert!(due.of.is_empty() && due.order.is_empty(), "nothing is left of those that ended");
    }
}

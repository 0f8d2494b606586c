//! When streams are due to end: those of one table, in the order of time.
//!
//! It costs a stream something when it begins and when it ends, and nothing in between: none has a timer of its own.

use std::collections::{BTreeSet, HashMap};

use crate::model::Instant;

/// The number of a stream, given once in the life of a process.
pub type StreamId = u64;

/// The streams that end at a point in time.
#[derive(Debug, Default)]
pub(super) struct Due {
    order: BTreeSet<(Instant, StreamId)>,
    of: HashMap<StreamId, Instant>,
}

impl Due {
    /// The stream ends then, whatever was said of it before. Returns whether nothing was.
    pub(super) fn set(&mut self, id: StreamId, at: Instant) -> bool {
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

    /// The stream has no end any more, or is no longer there. Returns whether it had one.
    pub(super) fn remove(&mut self, id: StreamId) -> bool {
        let Some(at) = self.of.remove(&id) else { return false };
        self.order.remove(&(at, id))
    }

    /// Takes the stream that is due before all others, if it is due at `now`.
    pub(super) fn take(&mut self, now: Instant) -> Option<StreamId> {
        let &(at, id) = self.order.first()?;
        if at > now {
            return None;
        }
        self.remove(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(due: &mut Due, now: u64) -> Vec<StreamId> {
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

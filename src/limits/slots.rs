//! The slots for requests under way, at each agent and in the whole process, without a lock. `proxy` answers a request for
//! which none is free.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many times the number of free slots one agent may hold. Three times as many is three quarters of all slots when no
/// other agent has any: enough for a gateway with one agent, and a quarter stays for the others.
const SHARE: usize = 3;

/// The taken slots of one agent. A clone counts the same requests, so that a reload forgets none.
#[derive(Debug, Clone, Default)]
pub struct AgentSlots(Arc<AtomicUsize>);

/// All slots of the process. Cheap to clone.
///
/// When few are free, an agent that holds many gets no more while others still do: one that hangs cannot hold them all.
#[derive(Debug, Clone)]
pub struct Slots {
    taken: AgentSlots,
    most: usize,
}

/// One request under way; dropping it says that it has ended.
#[derive(Debug)]
pub struct Slot {
    _at_agent: Taken,
    _in_all: Taken,
}

#[derive(Debug)]
struct Taken(Arc<AtomicUsize>);

impl Slots {
    /// `most` free slots.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { taken: AgentSlots::default(), most }
    }

    /// Takes a slot for an agent. `None` when the agent holds `most` already, or too many for the slots that are free.
    #[must_use]
    pub fn take(&self, agent: &AgentSlots, most: usize) -> Option<Slot> {
        // Counting first and comparing afterwards needs no lock; both counts are given back by drop when none is free.
        let (at_agent, before) = agent.enter();
        let (in_all, all_before) = self.taken.enter();
        let free = self.most.saturating_sub(all_before);
        (before < most && before < free.saturating_mul(SHARE))
            .then_some(Slot { _at_agent: at_agent, _in_all: in_all })
    }
}

impl AgentSlots {
    /// The number of requests under way.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one more; returns the count before.
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
    fn an_agent_has_at_most_its_slots_and_an_ended_request_gives_its_own_back() {
        let (all, agent) = (Slots::new(usize::MAX), AgentSlots::default());
        let after_reload = agent.clone();
        let one = all.take(&agent, 2).unwrap();
        let _two = all.take(&after_reload, 2).unwrap();
        assert!(all.take(&agent, 2).is_none() && all.take(&after_reload, 2).is_none());
        assert_eq!(agent.taken(), 2);
        drop(one);
        assert!(all.take(&after_reload, 2).is_some());
        assert_eq!((agent.taken(), all.taken.taken()), (1, 1));
    }

    #[test]
    fn an_agent_that_hangs_leaves_slots_for_others() {
        let (all, hanging) = (Slots::new(100), AgentSlots::default());
        let mut held = Vec::new();
        while let Some(slot) = all.take(&hanging, 1000) {
            held.push(slot);
        }
        assert_eq!(held.len(), 75);
        let others = AgentSlots::default();
        while let Some(slot) = all.take(&others, 1000) {
            held.push(slot);
        }
        assert_eq!(others.taken(), 19, "three quarters of the rest");
        drop(held);
        assert!(all.take(&hanging, 1).is_some());
    }

    #[test]
    fn the_last_slot_can_be_taken() {
        let (all, agent) = (Slots::new(1), AgentSlots::default());
        let one = all.take(&agent, 10);
        assert!(one.is_some() && all.take(&AgentSlots::default(), 10).is_none());
    }
}

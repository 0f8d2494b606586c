//! The slots for requests under way, at each agent and in the whole process, without a lock. `proxy` answers a request for
//! which none is free.
//!
//! Each shard keeps a few slots in stock, so that a request usually takes one from its shard and gives it back there.

use std::sync::{Arc, OnceLock};

use super::stock::{Stock, Tally};

/// How many times the number of free slots one agent may hold. Three times as many is three quarters of all slots when no
/// other agent has any: enough for a gateway with one agent, and a quarter stays for the others.
const SHARE: usize = 3;

/// The taken slots of one agent. A clone counts the same requests, so that a reload forgets none.
#[derive(Debug, Clone, Default)]
pub struct AgentSlots(Arc<OnceLock<Tally>>);

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
struct Taken(Arc<Stock>);

impl Slots {
    /// `most` free slots.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { taken: AgentSlots::default(), most }
    }

    /// Takes a slot for an agent. `None` when the agent holds `most` already, or too many for the slots that are free.
    #[must_use]
    pub fn take(&self, agent: &AgentSlots, most: usize) -> Option<Slot> {
        // Both are given back by drop when there is none for it.
        let at_agent = agent.enter(most)?;
        let in_all = self.taken.enter(self.most)?;
        self.leaves_room(agent).then_some(Slot { _at_agent: at_agent, _in_all: in_all })
    }

    /// Whether an agent, which has just got one more, leaves enough to others.
    fn leaves_room(&self, agent: &AgentSlots) -> bool {
        let fits = |held: usize, all: usize| {
            let free = self.most.saturating_sub(all);
            held.saturating_sub(1) < free.saturating_add(1).saturating_mul(SHARE)
        };
        // What is in stock counts as taken at first; only where that is too much is it looked at more closely.
        fits(agent.tally().lent(), self.taken.tally().lent()) || fits(agent.taken(), self.taken.taken())
    }
}

impl AgentSlots {
    /// The number of requests under way.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.get().map_or(0, Tally::taken)
    }

    fn tally(&self) -> &Tally {
        self.0.get_or_init(Tally::default)
    }

    /// Counts one more, if that makes `most` at most.
    fn enter(&self, most: usize) -> Option<Taken> {
        self.tally().take(most).map(|stock| Taken(Arc::clone(stock)))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Shard;

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

    #[test]
    fn a_limit_that_was_lowered_holds_for_what_is_in_stock() {
        let (all, agent) = (Slots::new(1000), AgentSlots::default());
        let held: Vec<_> = (0..5).map(|_| all.take(&agent, 100).unwrap()).collect();
        assert!(all.take(&agent, 5).is_none() && all.take(&agent, 6).is_some());
        drop(held);
        assert!(all.take(&agent, 1).is_some() && agent.taken() == 0);
    }

    /// What each of four shards gets, one after the other, of an agent's slots.
    fn of_each_shard(all: &Slots, agent: &AgentSlots, most: usize, each: usize) -> Vec<Vec<Slot>> {
        let mut got = Vec::new();
        for shard in Shard::start(4) {
            let takes = || (0..each).filter_map(|_| all.take(agent, most)).collect::<Vec<_>>();
            let named = std::thread::Builder::new().name(shard.threads());
            got.push(std::thread::scope(|scope| named.spawn_scoped(scope, takes).unwrap().join().unwrap()));
        }
        got
    }

    #[test]
    fn the_shards_share_the_slots_of_an_agent_to_the_last_one() {
        for most in [1, 4, 10, 100] {
            // The number of shards is known before the first request.
            let _four = Shard::start(4);
            let (all, agent) = (Slots::new(10_000), AgentSlots::default());
            let counts = |got: &[Vec<Slot>]| got.iter().map(Vec::len).sum::<usize>();
            let got = of_each_shard(&all, &agent, most, most);
            assert_eq!((counts(&got), agent.taken()), (most, most), "of {most}");
            drop(got);
            assert_eq!(agent.taken(), 0);
            // What the first ones have left in stock is no less for the last one.
            let got = of_each_shard(&all, &agent, most, 1);
            assert_eq!(counts(&got), most.min(4), "of {most}");
        }
    }
}

//! The place of a request at one of its agent's targets, from the choice of the target to the end of the request, streams
//! included.
//!
//! `balance` chooses the target, and `again` another one.

use std::sync::Arc;

use pingora::ErrorType;

use crate::model::Shard;
use crate::routing::Agent;
use crate::upstream::{Member, Targets};

/// Pingora's error for a request for which no target has a place.
pub(super) const FULL: ErrorType = ErrorType::Custom("target_full");

/// Pingora's error for a request of an agent whose targets all drain.
pub(super) const DRAINING: ErrorType = ErrorType::Custom("targets_draining");

/// A place at a target; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    agent: Arc<Agent>,
    index: usize,
    shard: Shard,
    /// Whether it was taken for a retry that has no answer yet.
    is_retry: bool,
}

impl Place {
    /// Takes a place at the target of that index; `None` where all of its places are taken.
    pub(super) fn take(agent: &Arc<Agent>, index: usize) -> Option<Self> {
        let targets = agent.upstream.targets.as_ref()?;
        let target = &targets.members.get(index)?.target;
        let place = Self { agent: Arc::clone(agent), index, shard: target.enter(), is_retry: false };
        // Counted first and looked at afterwards, so that several at once do not all take the last place.
        let fits = targets.spread.max_in_flight.is_none_or(|most| target.in_flight() <= most);
        fits.then_some(place)
    }

    /// The same for a retry, for which the budget was asked.
    pub(super) fn for_retry(mut self) -> Self {
        self.is_retry = true;
        self
    }

    /// The index of the target among those of the agent.
    pub(super) const fn index(&self) -> usize {
        self.index
    }

    /// All targets of the agent.
    pub(super) fn targets(&self) -> Option<&Targets> {
        self.agent.upstream.targets.as_deref()
    }

    /// The target.
    pub(super) fn member(&self) -> Option<&Member> {
        self.agent.upstream.member(self.index)
    }

    /// The head of the response has come, or none will.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.is_retry)
            && let Some(targets) = self.targets()
        {
            targets.budget.answered();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.settle();
        if let Some(member) = self.member() {
            member.target.leave(self.shard);
        }
    }
}

//! The last decisions, for people who look: a bounded ring in memory, and the same as they happen.
//!
//! The request path only puts an entry into a queue that never waits; when nobody empties it in time, the oldest
//! entry makes room. No credential, claim or path is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use tokio::sync::broadcast;

use crate::model::{AgentName, AuthMethod, Decision, Instant, ProviderName, Reason, RequestId};

/// So many decisions are kept.
const KEPT: usize = 2048;
/// So often the queue is emptied for those who follow.
const EVERY: Duration = Duration::from_millis(100);

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionEntry {
    /// When it was made.
    pub at: Instant,
    /// The agent that was asked for; absent when there is none.
    pub agent: Option<AgentName>,
    /// How its callers prove themselves.
    pub method: AuthMethod,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The provider of the token, once the agent accepts it.
    pub provider: Option<ProviderName>,
    /// The request's id, as answers and the access log show it.
    pub request_id: RequestId,
}

/// Which decisions are wanted; what is absent is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of this agent.
    pub agent: Option<AgentName>,
    /// For this reason.
    pub reason: Option<Reason>,
    /// With this outcome.
    pub decision: Option<Decision>,
}

impl DecisionFilter {
    /// Whether this decision is wanted.
    #[must_use]
    pub fn admits(&self, entry: &DecisionEntry) -> bool {
        self.agent.as_ref().is_none_or(|agent| entry.agent.as_ref() == Some(agent))
            && self.reason.is_none_or(|reason| entry.reason == reason)
            && self.decision.is_none_or(|decision| entry.decision == decision)
    }
}

/// The ring. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Decisions(Arc<Ring>);

#[derive(Debug)]
struct Ring {
    fresh: ArrayQueue<DecisionEntry>,
    kept: Mutex<VecDeque<DecisionEntry>>,
    followers: broadcast::Sender<DecisionEntry>,
}

impl Decisions {
    /// An empty ring.
    #[must_use]
    pub fn new() -> Self {
        let (followers, _) = broadcast::channel(KEPT);
        let kept = Mutex::new(VecDeque::with_capacity(KEPT));
        Self(Arc::new(Ring { fresh: ArrayQueue::new(KEPT), kept, followers }))
    }

    /// Notes a decision. Never waits.
    pub fn note(&self, entry: DecisionEntry) {
        drop(self.0.fresh.force_push(entry));
    }

    /// The last decisions that `filter` admits, the newest first.
    #[must_use]
    pub fn recent(&self, filter: &DecisionFilter, limit: usize) -> Vec<DecisionEntry> {
        self.gather();
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().filter(|entry| filter.admits(entry)).take(limit).cloned().collect()
    }

    /// The decisions from now on. Who does not keep up misses some.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<DecisionEntry> {
        self.0.followers.subscribe()
    }

    /// Takes decisions to those who follow, for ever.
    pub async fn deliver(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.gather();
        }
    }

    /// Moves what is fresh to what is kept, in order: one at a time may do so.
    fn gather(&self) {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Bounded, so that a flood of requests cannot keep this going.
        for entry in std::iter::from_fn(|| self.0.fresh.pop()).take(KEPT) {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            // Nobody may be listening.
            let _heard = self.0.followers.send(entry.clone());
            kept.push_back(entry);
        }
    }
}

impl Default for Decisions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(second: u64, agent: &str, reason: Reason) -> DecisionEntry {
        DecisionEntry {
            at: Instant::from_unix(second),
            agent: AgentName::parse(agent).ok(),
            method: AuthMethod::OAuth,
            decision: reason.decision(),
            reason,
            provider: None,
            request_id: RequestId::Made(second.into()),
        }
    }

    #[test]
    fn the_last_ones_are_kept_newest_first_and_filtered() {
        let decisions = Decisions::new();
        for second in 0..KEPT as u64 + 10 {
            let (agent, reason) =
                if second % 2 == 0 { ("a", Reason::Ok) } else { ("b", Reason::TokenExpired) };
            decisions.note(entry(second, agent, reason));
            if second % 1000 == 0 {
                let _kept = decisions.recent(&DecisionFilter::default(), 1);
            }
        }
        let all = decisions.recent(&DecisionFilter::default(), usize::MAX);
        assert_eq!(all.len(), KEPT);
        assert_eq!((all[0].at.unix(), all[KEPT - 1].at.unix()), (KEPT as u64 + 9, 10));
        let b = AgentName::parse("b").ok();
        for (filter, count) in [
            (DecisionFilter { agent: b.clone(), ..DecisionFilter::default() }, KEPT / 2),
            (DecisionFilter { reason: Some(Reason::TokenExpired), ..DecisionFilter::default() }, KEPT / 2),
            (DecisionFilter { agent: b, reason: Some(Reason::Ok), ..DecisionFilter::default() }, 0),
            (DecisionFilter { decision: Some(Decision::Allow), ..DecisionFilter::default() }, KEPT / 2),
        ] {
            assert_eq!(decisions.recent(&filter, usize::MAX).len(), count, "{filter:?}");
        }
        assert_eq!(decisions.recent(&DecisionFilter::default(), 3).len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_follows_gets_what_happens_from_then_on() {
        let decisions = Decisions::new();
        decisions.note(entry(1, "a", Reason::Ok));
        let _before = decisions.recent(&DecisionFilter::default(), 1);
        let mut following = decisions.follow();
        let delivery = tokio::spawn(decisions.clone().deliver());
        decisions.note(entry(2, "a", Reason::TokenMissing));
        assert_eq!(following.recv().await.unwrap().at.unix(), 2);
        delivery.abort();
    }
}

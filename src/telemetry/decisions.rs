//! The last decisions, for people who look: bounded rings in memory, and the same as they happen.
//!
//! The request path only puts an entry into a queue that never waits; when nobody empties it in time, the oldest
//! entry makes room. What is refused has queue and ring of its own, so that no number of allowed requests makes it
//! forgotten, and so have requests whose agent gave no answer. What is kept on disk is `refusals`' matter.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use tokio::sync::broadcast;

use crate::model::{AgentName, Instant, PerShard};

use super::decision_filter::{DecisionFilter, Outcome};
use super::refusals::Refusals;
use super::refused_callers::{RefusedCaller, RefusedCallers};
use super::request_record::RequestRecord;

/// Allowed requests that are kept, and that may wait for the task that empties the queue: what happened just now, not a log.
const ALLOWED: usize = 2048;
/// Requests of each other kind that are kept at most: refusals are rarer, and are asked about later.
const OTHERS: usize = 4096;
/// Bytes that each other kind takes at most: what callers send is part of it.
const OTHERS_BYTES: usize = 8 << 20;
/// How often the queues are emptied for those who follow: what a person takes for at once.
const EVERY: Duration = Duration::from_millis(100);

/// The rings. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Decisions(Arc<Rings>);

#[derive(Debug)]
struct Rings {
    /// By the shard that notes them.
    allowed: PerShard<ArrayQueue<RequestRecord>>,
    others: PerShard<ArrayQueue<Arc<RequestRecord>>>,
    kept: Mutex<Kept>,
    followers: broadcast::Sender<Arc<RequestRecord>>,
    refusals: Option<Refusals>,
    /// Whether somebody can look at allowed requests.
    lists_allowed: bool,
    since: Instant,
}

#[derive(Debug)]
struct Kept {
    allowed: Ring,
    refused: Ring,
    would_refuse: Ring,
    failed: Ring,
    last_failures: HashMap<AgentName, Arc<RequestRecord>>,
    callers: RefusedCallers,
}

impl Decisions {
    /// Empty rings, from `since` on. With `refusals`, those that were kept there are in the rings already.
    /// `lists_allowed` is whether somebody can look at allowed requests.
    #[must_use]
    pub fn new(since: Instant, refusals: Option<Refusals>, lists_allowed: bool) -> Self {
        let (followers, _) = broadcast::channel(ALLOWED);
        let other = || Ring::new(OTHERS, OTHERS_BYTES);
        let mut kept = Kept {
            allowed: Ring::new(ALLOWED, usize::MAX),
            refused: other(),
            would_refuse: other(),
            failed: other(),
            last_failures: HashMap::new(),
            callers: RefusedCallers::default(),
        };
        for entry in refusals.iter().flat_map(|refusals| refusals.last(OTHERS)) {
            kept.keep(&Arc::new(entry));
        }
        Self(Arc::new(Rings {
            allowed: PerShard::new(|| ArrayQueue::new(ALLOWED)),
            others: PerShard::new(|| ArrayQueue::new(ALLOWED)),
            kept: Mutex::new(kept),
            followers,
            refusals,
            lists_allowed,
            since,
        }))
    }

    /// Whether a request that is allowed is noted at all.
    #[must_use]
    pub fn lists_allowed(&self) -> bool {
        self.0.lists_allowed
    }

    /// Notes the decision about a request that goes on. Never waits.
    pub fn note(&self, entry: RequestRecord) {
        drop(self.0.allowed.here().force_push(entry));
    }

    /// Notes a refusal, or that a request which went on has ended without an answer of its agent. Never waits.
    pub fn note_refused(&self, entry: RequestRecord) {
        let entry = Arc::new(entry);
        if let Some(refusals) = &self.0.refusals
            && Outcome::of(entry.decision) != Outcome::WouldRefuse
        {
            refusals.keep(&entry);
        }
        drop(self.0.others.here().force_push(entry));
    }

    /// The last decisions that `filter` admits, the newest first.
    #[must_use]
    pub fn recent(&self, filter: &DecisionFilter, limit: usize) -> Vec<Arc<RequestRecord>> {
        let kept = self.gathered();
        let mut wanted: Vec<&(u64, Arc<RequestRecord>)> =
            kept.rings().into_iter().flat_map(Ring::iter).filter(|(_, entry)| filter.admits(entry)).collect();
        wanted.sort_unstable_by_key(|(number, entry)| std::cmp::Reverse((entry.at, *number)));
        wanted.into_iter().take(limit).map(|(_, entry)| Arc::clone(entry)).collect()
    }

    /// The decision about a request that is still in memory, the newest of that id.
    #[must_use]
    pub fn find(&self, request_id: &str) -> Option<Arc<RequestRecord>> {
        let kept = self.gathered();
        let of_that_id = |entry: &RequestRecord| entry.request_id.with_text(|id| id == request_id);
        let found = kept.rings().into_iter().flat_map(Ring::iter).filter(|(_, entry)| of_that_id(entry));
        found.max_by_key(|(_, entry)| entry.at).map(|(_, entry)| Arc::clone(entry))
    }

    /// Where refusals are kept on disk.
    #[must_use]
    pub fn refusals(&self) -> Option<&Refusals> {
        self.0.refusals.as_ref()
    }

    /// How far back refusals reach in memory.
    #[must_use]
    pub fn refusals_since(&self) -> Instant {
        let kept = self.gathered();
        let first = kept.refused.entries.front().map(|(_, entry)| entry.at);
        match first {
            Some(first) if kept.refused.forgot => first,
            Some(first) => first.min(self.0.since),
            None => self.0.since,
        }
    }

    /// The last request to this agent that ended without an answer of it.
    #[must_use]
    pub fn last_failure(&self, agent: &str) -> Option<Arc<RequestRecord>> {
        self.gathered().last_failures.get(agent).cloned()
    }

    /// Who was refused most often at this agent lately, and since when that was counted. In a flood of refusals some are
    /// missed.
    #[must_use]
    pub fn refused_callers(&self, agent: &str, now: Instant) -> (Instant, Vec<RefusedCaller>) {
        let (since, callers) = self.gathered().callers.top(agent, now);
        (since.max(self.0.since), callers)
    }

    /// The decisions from now on, and those that ended without an answer of their agent once more, with their status.
    /// Who does not keep up misses some.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<Arc<RequestRecord>> {
        self.0.followers.subscribe()
    }

    /// Takes decisions to those who follow, for ever.
    pub async fn deliver(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            drop(self.gathered());
        }
    }

    /// What is kept, with what is fresh: one at a time may move it there.
    fn gathered(&self) -> std::sync::MutexGuard<'_, Kept> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Bounded, so that a flood of requests cannot keep this going. What was allowed comes first, so that a failure
        // finds its decision.
        let allowed = self.0.allowed.iter().flat_map(waiting).map(Arc::new);
        let others = self.0.others.iter().flat_map(waiting);
        for entry in allowed.chain(others) {
            kept.keep(&entry);
            kept.callers.note(&entry);
            // Nobody may be listening.
            let _heard = self.0.followers.send(entry);
        }
        kept
    }
}

/// What waits in a queue now.
fn waiting<T>(queue: &ArrayQueue<T>) -> impl Iterator<Item = T> {
    std::iter::from_fn(|| queue.pop()).take(ALLOWED)
}

impl Kept {
    fn rings(&self) -> [&Ring; 4] {
        [&self.allowed, &self.refused, &self.would_refuse, &self.failed]
    }

    fn keep(&mut self, entry: &Arc<RequestRecord>) {
        let ring = match (Outcome::of(entry.decision), &entry.upstream_error) {
            (Outcome::Refused, _) => &mut self.refused,
            (outcome, Some(_)) => {
                // The same request was noted when it was allowed.
                let before =
                    if outcome == Outcome::Allowed { &mut self.allowed } else { &mut self.would_refuse };
                before.take_out(entry);
                if let Some(agent) = &entry.agent {
                    self.last_failures.insert(agent.clone(), Arc::clone(entry));
                }
                &mut self.failed
            }
            (Outcome::Allowed, None) => &mut self.allowed,
            (Outcome::WouldRefuse, None) => &mut self.would_refuse,
        };
        ring.push(Arc::clone(entry));
    }
}

/// The last entries of one kind, numbered in the order in which they came.
#[derive(Debug)]
struct Ring {
    entries: VecDeque<(u64, Arc<RequestRecord>)>,
    next: u64,
    bytes: usize,
    most: usize,
    most_bytes: usize,
    /// Whether one has made room for another.
    forgot: bool,
}

impl Ring {
    const fn new(most: usize, most_bytes: usize) -> Self {
        Self { entries: VecDeque::new(), next: 0, bytes: 0, most, most_bytes, forgot: false }
    }

    fn iter(&self) -> impl Iterator<Item = &(u64, Arc<RequestRecord>)> {
        self.entries.iter()
    }

    fn push(&mut self, entry: Arc<RequestRecord>) {
        self.bytes += entry.bytes();
        self.entries.push_back((self.next, entry));
        self.next += 1;
        while self.entries.len() > self.most || self.bytes > self.most_bytes {
            let Some((_, gone)) = self.entries.pop_front() else { return };
            self.bytes -= gone.bytes();
            self.forgot = true;
        }
    }

    /// Takes out the entry of the same request, if it is still there.
    fn take_out(&mut self, entry: &RequestRecord) {
        let same = |other: &RequestRecord| other.request_id == entry.request_id && other.agent == entry.agent;
        let place = self.entries.iter().rposition(|(_, other)| same(other));
        if let Some((_, gone)) = place.and_then(|place| self.entries.remove(place)) {
            self.bytes -= gone.bytes();
        }
    }
}

#[cfg(test)]
mod tests;

//! The targets of one agent: which of them may be asked now, and what it counts for its retries. `pick` chooses among those.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::{Instant, PerShard, TargetState};

use super::affinity::Affinity;
use super::budget::{Budget, RetryRules};
use super::hash_by::HashBy;
use super::health::Health;
use super::member::{MOST, Member, bit, bits};
use super::pick::Candidates;
use super::standing::{Eject, WHOLE};
use super::turns;

/// The targets of an agent that has several, or one whose state is kept.
#[derive(Debug)]
pub struct Targets {
    /// In the order in which they were written; at most [`Targets::MOST`].
    pub members: Box<[Member]>,
    /// How requests are spread over them.
    pub spread: Spread,
    /// What was used for retries.
    pub budget: Arc<Budget>,
    pending: AtomicUsize,
    turns: Turns,
}

/// How the requests of an agent are spread over its targets.
#[derive(Debug)]
pub struct Spread {
    /// By what one is chosen.
    pub balance: Balance,
    /// What [`Balance::Hash`] places requests by.
    pub hash: Option<HashBy>,
    /// What keeps requests at one target.
    pub affinity: Affinity,
    /// When failures eject one.
    pub eject: Eject,
    /// What may be sent again, and how often.
    pub retry: RetryRules,
    /// Active checks, where there are some.
    pub health: Option<Health>,
    /// How long the share of one grows that was added or has recovered.
    pub slow_start: Duration,
    /// The most requests under way at each; `None` = any.
    pub max_in_flight: Option<usize>,
    /// The most requests that wait for a place.
    pub max_pending: usize,
}

/// How the load of an agent is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Of two that are drawn, the one with fewer requests under way.
    LeastInFlight,
    /// One after the other.
    RoundRobin,
    /// By what the request says, the same to the same.
    Hash,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// The present time.
    pub now: Instant,
    /// The hash of what the request is placed by, where it has that.
    pub key: Option<u64>,
    /// The one target that it may have, since its session runs there, whatever its weight and however it stands.
    pub only: Option<usize>,
    /// The target that was tried already.
    pub tried: Option<usize>,
}

/// Why there is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTarget {
    /// There is none, or no other one.
    None,
    /// All of them drain.
    Draining,
    /// All that may be asked have `max_in_flight` requests under way.
    Full,
}

/// Numbers that differ from request to request, for drawing and for taking turns.
#[derive(Debug)]
struct Turns {
    next: OnceLock<PerShard<AtomicUsize>>,
    /// The order of the turns, in which each member stands as often as its weight says.
    order: Box<[u8]>,
    /// Whether all are asked since too few stand well, as was said last.
    all_used: AtomicBool,
}

impl Targets {
    /// The most targets of one agent.
    pub const MOST: usize = MOST;

    /// The targets of an agent. What `budget` has counted goes on.
    #[must_use]
    pub fn new(spread: Spread, budget: Arc<Budget>, members: Vec<Member>) -> Self {
        let order = match spread.balance {
            Balance::RoundRobin => turns::order(&members.iter().map(|m| m.weight).collect::<Vec<_>>()),
            Balance::LeastInFlight | Balance::Hash => Box::default(),
        };
        let turns = Turns { next: OnceLock::new(), order, all_used: AtomicBool::new(false) };
        Self { members: members.into(), spread, budget, pending: AtomicUsize::new(0), turns }
    }

    /// The target for a request, by its index. What was taken is not counted yet.
    ///
    /// # Errors
    /// When there is none.
    pub fn pick(&self, ask: Ask) -> Result<usize, NoTarget> {
        if let Some(only) = ask.only {
            return if self.with_a_place(bit(only)) == 0 { Err(NoTarget::Full) } else { Ok(only) };
        }
        let may = self.may_be_asked(ask.now) & !ask.tried.map_or(0, bit);
        if may == 0 {
            // Without weight are at most all but one, and what fails is used when nothing else is left.
            return Err(if ask.tried.is_some() { NoTarget::None } else { NoTarget::Draining });
        }
        let free = self.with_a_place(may);
        if free == 0 {
            return Err(NoTarget::Full);
        }
        // A retry takes no turn: the next request would meet the target again that has just failed.
        let turn = if ask.tried.is_some() { self.last_turn() } else { self.turn() };
        let candidates =
            Candidates { members: &self.members, slow_start: self.spread.slow_start, now: ask.now, of: free };
        let picked = match (self.spread.balance, ask.key) {
            (_, Some(key)) => candidates.by_hash(key),
            (Balance::RoundRobin, None) => candidates.in_turn(&self.turns.order, turn),
            (Balance::LeastInFlight | Balance::Hash, None) => candidates.least(turn),
        };
        picked.ok_or(NoTarget::None)
    }

    /// One more waits for a place; false when as many wait as may. [`Self::stop_waiting`] takes it back.
    pub fn wait(&self) -> bool {
        let more =
            |waiting: usize| waiting.checked_add(1).filter(|waiting| *waiting <= self.spread.max_pending);
        self.pending.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// One waits no more.
    pub fn stop_waiting(&self) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
    }

    /// How a member stands.
    #[must_use]
    pub fn state(&self, member: &Member, now: Instant) -> TargetState {
        let standing = &member.target.standing;
        if member.weight == 0 || standing.is_drained() {
            TargetState::Draining
        } else if standing.is_unhealthy() {
            TargetState::Unhealthy
        } else if standing.ejected(now).is_some() {
            TargetState::Ejected
        } else if standing.share(now, self.spread.slow_start) < WHOLE {
            TargetState::Slow
        } else {
            TargetState::Healthy
        }
    }

    /// Those that may be asked, a bit for each: of those that take requests all but what is out, or all when less than half
    /// stand well. None when all of them drain.
    fn may_be_asked(&self, now: Instant) -> u64 {
        let (mut open, mut unhealthy, mut ejected) = (0, 0, 0);
        for (i, member) in self.members.iter().enumerate().filter(|(_, member)| member.weight > 0) {
            let standing = &member.target.standing;
            open |= bit(i);
            if standing.is_barred() {
                if standing.is_drained() {
                    open &= !bit(i);
                } else {
                    unhealthy |= bit(i);
                }
            } else if standing.ejected(now).is_some() {
                ejected |= bit(i);
            }
        }
        let well = open & !unhealthy & !ejected;
        let all = well.count_ones() * 2 < open.count_ones();
        self.say(all, well.count_ones(), open.count_ones());
        if all { open } else { open & !unhealthy & !self.honoured(ejected, open, now) }
    }

    /// Those of the ejected ones that are out for this agent: at most the share that its settings say, and never all. The ones
    /// that were ejected first stay out.
    fn honoured(&self, mut ejected: u64, open: u64, now: Instant) -> u64 {
        let open = open.count_ones();
        let most = (open * u32::from(self.spread.eject.max_share) / 100).min(open.saturating_sub(1));
        while ejected.count_ones() > most {
            let since = |i: &usize| self.members.get(*i).and_then(|m| m.target.standing.ejected(now));
            match bits(ejected).max_by_key(since) {
                Some(last) => ejected &= !bit(last),
                None => break,
            }
        }
        ejected
    }

    fn with_a_place(&self, may: u64) -> u64 {
        let Some(most) = self.spread.max_in_flight else { return may };
        let full = |i: &usize| self.members.get(*i).is_none_or(|m| m.target.in_flight() >= most);
        bits(may).filter(full).fold(may, |may, i| may & !bit(i))
    }

    /// Says once that all are asked, and once that they are not any more.
    fn say(&self, all: bool, well: u32, open: u32) {
        if self.turns.all_used.load(Ordering::Relaxed) == all {
            return;
        }
        if self.turns.all_used.swap(all, Ordering::Relaxed) != all {
            let first = self.members.first().map(|member| &*member.url);
            match all {
                true => tracing::warn!(
                    first,
                    well,
                    targets = open,
                    "less than half of the targets stand well: all of them are used"
                ),
                false => tracing::info!(
                    first,
                    well,
                    targets = open,
                    "at least half of the targets stand well again"
                ),
            }
        }
    }

    fn turn(&self) -> usize {
        self.turns().fetch_add(1, Ordering::Relaxed)
    }

    fn last_turn(&self) -> usize {
        self.turns().load(Ordering::Relaxed)
    }

    fn turns(&self) -> &AtomicUsize {
        self.turns.next.get_or_init(|| PerShard::new(AtomicUsize::default)).here()
    }
}

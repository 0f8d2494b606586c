//! The state of all limits of the process: it is there before the first configuration, and outlives each of them.
//!
//! Which limits apply to a request is for `gate`. A request holds one stripe at a time, and never waits for another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant as Tick};

use crate::model::{Instant, KeyedHash};

use super::buckets::{Act, Asked, Buckets};
use super::fleetwide::{Common, Fleetwide, OnLoss};
use super::ledgers::{Acted, Ledgers};
use super::limit::{Limit, Measure};
use super::link::Link;
use super::places::Places;
use super::quota::Term;
use super::rate::{Rate, Standing};
use super::registry::Registry;
use super::usage::{Usage, usage};
use super::view::View;
use super::who::{Scope, Who};

/// When a caller may ask for a place again, in seconds: one becomes free as soon as any of his requests ends.
const PLACE_FREE: u64 = 1;

/// The state.
#[derive(Debug)]
pub struct LimitState {
    /// When time began, for microseconds.
    epoch: OnceLock<Tick>,
    /// What the calendar said then, in microseconds since 1970: for quotas.
    calendar: AtomicU64,
    members: AtomicU32,
    pub(super) limits: Registry,
    buckets: Buckets,
    places: Places,
    /// The buckets that members count together.
    pub(super) ledgers: Ledgers,
    pub(super) link: Link,
}

/// A limit, and whom a request counts for there.
#[derive(Debug, Clone, Copy)]
pub struct Weighed<'a> {
    /// The limit.
    pub limit: &'a Limit,
    /// What its buckets have in common.
    pub scope: Scope,
    /// Whom the request counts for.
    pub who: Who,
}

/// A place among the requests under way; dropping it gives it back.
#[derive(Debug)]
pub struct Place {
    state: Arc<LimitState>,
    key: KeyedHash,
}

/// What a limit lets in.
#[derive(Debug)]
pub enum Taken {
    /// A request of a rate.
    Request(Standing),
    /// A request under way, for as long as it has its place.
    Place(Standing, Place),
    /// None, and what is left is none.
    Nothing(Standing),
}

impl LimitState {
    /// The state of limits that have nothing spent, with buckets for at most so many.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        Self {
            epoch: OnceLock::new(),
            calendar: AtomicU64::new(0),
            members: AtomicU32::new(1),
            limits: Registry::default(),
            buckets: Buckets::new(keys),
            places: Places::default(),
            ledgers: Ledgers::new(keys),
            link: Link::default(),
        }
    }

    /// A new rate of which each member counts its part.
    #[must_use]
    pub fn rate(&self, rate: Rate) -> Arc<Limit> {
        // The registry tells it of another number of members from now on.
        self.limits.make(|number| Limit::rate(number, rate, self.members()))
    }

    /// A new limit of requests under way, of which each member counts its part.
    #[must_use]
    pub fn concurrent(&self, most: u32) -> Arc<Limit> {
        self.limits.make(|number| Limit::concurrent(number, most, self.members()))
    }

    /// A new limit that all members count together, who know it by `id`.
    #[must_use]
    pub fn common_limit(&self, permits: Common, how: Fleetwide, id: KeyedHash) -> Arc<Limit> {
        self.limits.make(|number| Limit::common(number, permits, how, id))
    }

    /// The calendar says `now` at this time: by it the days and months of quotas begin. It is told again as long as the process
    /// runs, since the clock of a machine is set now and then.
    pub fn tell_time(&self, at: Tick, now: Instant) {
        let calendar = micros(now.since_epoch()).saturating_sub(self.now(at));
        self.calendar.store(calendar, Ordering::Relaxed);
    }

    /// These limits permit this from now on.
    pub fn settle<'a>(&self, limits: impl Iterator<Item = (&'a Arc<Limit>, Measure)> + Clone, at: Tick) {
        let now = self.now(at);
        loop {
            let members = self.members();
            for (limit, measure) in limits.clone() {
                limit.set(measure, members, now);
            }
            // Whoever changes the number tells only of what is set already.
            if self.members() == members {
                return;
            }
        }
    }

    /// So many members of a fleet share every limit from now on.
    pub fn share(&self, members: u32, at: Tick) {
        let now = self.now(at);
        self.members.store(members, Ordering::Release);
        self.limits.for_each(|limit| limit.share(members, now));
    }

    /// How many share the limits.
    #[must_use]
    pub fn members(&self) -> u32 {
        self.members.load(Ordering::Acquire)
    }

    /// What is left for a request, which spends nothing.
    #[must_use]
    pub fn look(&self, weighed: Weighed<'_>, at: Tick) -> Standing {
        match weighed.limit.places() {
            Some(most) => standing(most, self.places.taken(weighed.scope.own(weighed.who))),
            None => self.act(weighed, Act::Look, at).0,
        }
    }

    /// Takes a request, if one is left.
    #[must_use]
    pub fn take(self: &Arc<Self>, weighed: Weighed<'_>, at: Tick) -> Taken {
        let Some(most) = weighed.limit.places() else {
            return match self.act(weighed, Act::Take, at) {
                (standing, true) => Taken::Request(standing),
                (standing, false) => Taken::Nothing(standing),
            };
        };
        let key = weighed.scope.own(weighed.who);
        match self.places.take(key, weighed.limit.id(), most) {
            Some(taken) => Taken::Place(standing(most, taken), Place { state: Arc::clone(self), key }),
            None => Taken::Nothing(standing(most, most)),
        }
    }

    /// Spends a request of a rate also where none is left.
    pub fn charge(&self, weighed: Weighed<'_>, at: Tick) -> Standing {
        self.act(weighed, Act::Charge, at).0
    }

    /// Gives a request back that was taken. A place is given back by itself.
    pub fn give_back(&self, weighed: Weighed<'_>, at: Tick) {
        self.act(weighed, Act::Return, at);
    }

    /// The number of buckets.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// How many requests were counted together with those of others, since there was no room to keep them apart.
    #[must_use]
    pub fn crowded(&self) -> u64 {
        self.buckets.crowded()
    }

    /// How much is spent of each of these limits by all for whom it counts, by its number. It looks at every bucket: not for
    /// requests.
    #[must_use]
    pub fn usage(&self, limits: &[&Limit], at: Tick) -> BTreeMap<u32, Usage> {
        usage(limits, (&self.buckets, &self.places, &self.ledgers), (self.now(at), self.members()))
    }

    fn act(&self, weighed: Weighed<'_>, act: Act, at: Tick) -> (Standing, bool) {
        let Weighed { limit, scope, who } = weighed;
        let asked = Asked { limit, scope, who, now: self.now(at) };
        // Only a limit that members count together has no buckets of its own.
        self.buckets.act(asked, act, &self.limits).unwrap_or_else(|| self.act_together(asked, act))
    }

    /// The same in a bucket that members share.
    #[cold]
    fn act_together(&self, asked: Asked<'_>, act: Act) -> (Standing, bool) {
        let acted = self
            .seen(asked, act)
            .and_then(|(asked, ends, view)| self.ledgers.act(asked, (act, ends), &view, &self.limits));
        let Some(Acted { standing, is_done, is_urgent }) = acted else {
            return (Standing { left: 1, seconds: 0 }, true);
        };
        if is_urgent {
            self.link.wake();
        }
        (standing, is_done)
    }

    /// The bucket of a limit that members count together which is asked for now, when it ends, and how it is seen. A request that
    /// a strict limit counts is decided here only when it could not be asked for.
    fn seen<'a>(&self, asked: Asked<'a>, act: Act) -> Option<(Asked<'a>, u64, View)> {
        let (permits, how) = (asked.limit.together()?.permits(), asked.limit.fleetwide()?);
        let is_linked = self.link.is_up() && (act == Act::Look || !how.is_strict);
        let (scope, ends) = self.term(permits, asked.scope, asked.now);
        let view = View::of(permits, ends, (self.members(), is_linked, asked.now));
        Some((Asked { scope, ..asked }, ends, view))
    }

    /// What the buckets of now have in common, and when they end: those of a quota are other ones each day or month.
    pub(super) fn term(&self, permits: Common, scope: Scope, now: u64) -> (Scope, u64) {
        match self.term_of(permits, now) {
            Some((term, ends)) => (scope.in_term(term.key()), ends),
            None => (scope, u64::MAX),
        }
    }

    /// When a bucket ends that is of now.
    pub(super) fn ends(&self, permits: Common, now: u64) -> u64 {
        self.term_of(permits, now).map_or(u64::MAX, |(_, ends)| ends)
    }

    fn term_of(&self, permits: Common, now: u64) -> Option<(Term, u64)> {
        let Common::Quota(quota) = permits else { return None };
        let calendar = self.calendar.load(Ordering::Relaxed);
        let time = Duration::from_micros(calendar.saturating_add(now));
        let term = quota.period.at(Instant::from_duration(time));
        Some((term, micros(term.ends.since_epoch()).saturating_sub(calendar)))
    }

    /// What becomes of requests at a limit that members count together, where they cannot do so now.
    #[must_use]
    pub fn lost(&self, limit: &Limit) -> Option<OnLoss> {
        let how = limit.fleetwide()?;
        (!self.link.is_up()).then_some(how.on_loss)
    }

    /// Microseconds since the first look at the time.
    pub(super) fn now(&self, at: Tick) -> u64 {
        let epoch = self.epoch.get_or_init(|| at);
        micros(at.saturating_duration_since(*epoch))
    }
}

impl Default for LimitState {
    /// Without buckets of their own: all of a limit share one.
    fn default() -> Self {
        Self::new(0)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn standing(most: u32, taken: u32) -> Standing {
    let left = most.saturating_sub(taken).into();
    Standing { left, seconds: if left == 0 { PLACE_FREE } else { 0 } }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.state.places.give_back(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(count: u32, burst: u32) -> Rate {
        Rate { count, window: Duration::from_secs(3600), burst }
    }

    fn measure(count: u32, burst: u32) -> Measure {
        Measure::Rate(rate(count, burst))
    }

    fn of(limit: &Limit) -> Weighed<'_> {
        Weighed { limit, scope: Scope::new(limit.number(), None), who: Who::Everybody }
    }

    fn spend(state: &Arc<LimitState>, limit: &Limit, at: Tick) -> u64 {
        let takes = || matches!(state.take(of(limit), at), Taken::Request(_));
        std::iter::repeat_with(takes).take_while(|taken| *taken).count() as u64
    }

    #[test]
    fn a_changed_limit_holds_at_once_and_keeps_what_was_spent() {
        let (state, at) = (Arc::new(LimitState::new(1_000)), Tick::now());
        let limit = state.rate(rate(100, 20));
        assert_eq!(spend(&state, &limit, at), 20);
        state.settle([(&limit, measure(100, 30))].into_iter(), at);
        assert_eq!(state.look(of(&limit), at).left, 10);
        state.settle([(&limit, measure(100, 25))].into_iter(), at);
        assert_eq!(spend(&state, &limit, at), 5);
        state.settle([(&limit, measure(100, 5))].into_iter(), at);
        assert_eq!(state.look(of(&limit), at).left, 0);
        state.settle([(&limit, measure(100, 26))].into_iter(), at);
        assert_eq!(state.look(of(&limit), at).left, 1, "what was spent is spent, whatever stood in between");
        let other = state.rate(rate(100, 26));
        assert_eq!(state.look(of(&other), at).left, 26, "another limit begins anew");
    }

    #[test]
    fn members_share_rates_and_places() {
        let (state, at) = (Arc::new(LimitState::new(1_000)), Tick::now());
        let (limit, places) = (state.rate(rate(100, 30)), state.concurrent(7));
        state.share(3, at);
        assert_eq!((spend(&state, &limit, at), state.look(of(&places), at).left), (10, 2));
        let later = state.rate(rate(100, 30));
        assert_eq!(spend(&state, &later, at), 10, "one that came later is shared as well");
        state.settle([(&limit, measure(100, 60)), (&places, Measure::Concurrent(9))].into_iter(), at);
        assert_eq!((spend(&state, &limit, at), state.look(of(&places), at).left), (10, 3));
        state.share(20, at);
        assert_eq!(state.look(of(&places), at).left, 1, "one at least");
    }

    #[test]
    fn a_place_is_held_over_changes_until_it_is_dropped() {
        let (state, at) = (Arc::new(LimitState::new(1_000)), Tick::now());
        let limit = state.concurrent(2);
        let take = || match state.take(of(&limit), at) {
            Taken::Place(standing, place) => Some((standing.left, place)),
            Taken::Request(_) | Taken::Nothing(_) => None,
        };
        let (one, two) = (take().unwrap(), take().unwrap());
        assert_eq!((one.0, two.0, take().is_none()), (1, 0, true));
        state.settle([(&limit, Measure::Concurrent(3))].into_iter(), at);
        assert_eq!(state.look(of(&limit), at), Standing { left: 1, seconds: 0 });
        drop((one, two));
        assert_eq!(state.look(of(&limit), at).left, 3);
    }

    #[test]
    fn buckets_of_a_limit_that_is_gone_make_room() {
        let (state, at) = (Arc::new(LimitState::new(20_000)), Tick::now());
        let admitted = |limit: &Limit, callers: u32, at: Tick| {
            let who = |n| Weighed { who: Who::Caller(KeyedHash::of(n)), ..of(limit) };
            (0..callers).filter(|n| matches!(state.take(who(*n), at), Taken::Request(_))).count()
        };
        let limit = state.rate(rate(1, 1));
        assert!(admitted(&limit, 40_000, at) <= 20_000);
        drop(limit);
        let limit = state.rate(rate(1, 1));
        assert_eq!(admitted(&limit, 5_000, at + Duration::from_secs(1)), 5_000);
    }
}

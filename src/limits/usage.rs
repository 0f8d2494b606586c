//! How much is spent of a limit by all of those for whom it counts, for people who look.
//!
//! Who they are is not known here: buckets and places have hashes. No request asks for this.

use std::collections::BTreeMap;

use super::buckets::Buckets;
use super::ledgers::Ledgers;
use super::limit::Limit;
use super::places::Places;
use super::view::View;

/// How many of the fullest are told: as many as fit beside each other on a page.
const FULLEST: usize = 5;

/// How much is spent of a limit at this gateway, and of one that members count together as far as this one knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// How many requests one of those for whom it counts may make at once when nothing is spent, or have under way: the part
    /// of this member of a fleet.
    pub most: u64,
    /// How many of them have something spent.
    pub in_use: usize,
    /// How many of them have nothing left.
    pub exhausted: usize,
    /// What those have spent that have spent most, in requests, the largest first.
    pub fullest: Vec<u64>,
}

impl Usage {
    const fn none(most: u64) -> Self {
        Self { most, in_use: 0, exhausted: 0, fullest: Vec::new() }
    }

    /// Somebody has spent so much.
    fn note(&mut self, spent: u64, left: u64) {
        if spent == 0 && left > 0 {
            return;
        }
        self.in_use += 1;
        self.exhausted += usize::from(left == 0);
        let place = self.fullest.partition_point(|more| *more >= spent);
        if place < FULLEST {
            self.fullest.insert(place, spent);
            self.fullest.truncate(FULLEST);
        }
    }
}

/// The usage of each of these limits by its number. Every bucket and every place is looked at, a stripe at a time.
pub(super) fn usage(
    limits: &[&Limit],
    (buckets, places, ledgers): (&Buckets, &Places, &Ledgers),
    (now, members): (u64, u32),
) -> BTreeMap<u32, Usage> {
    let most = |limit: &Limit| match (limit.phases(), limit.places(), limit.together()) {
        (Some(phases), ..) => phases.with(|phases| phases.pace().standing(0).left),
        (None, Some(places), _) => places.into(),
        (None, None, common) => common.map_or(0, |common| common.permits().burst().into()),
    };
    let mut all: BTreeMap<u32, Usage> =
        limits.iter().map(|limit| (limit.number(), Usage::none(most(limit)))).collect();
    buckets.for_each(|slot| {
        let Some(phases) =
            limits.iter().find(|limit| limit.id() == slot.limit).and_then(|limit| limit.phases())
        else {
            return;
        };
        let Some(usage) = all.get_mut(&slot.limit.get()) else { return };
        let left = phases.with(|phases| phases.pace().standing(phases.debt(&slot.spent(), now)).left);
        usage.note(usage.most.saturating_sub(left), left);
    });
    places.for_each(|limit, taken| {
        if let Some(usage) = all.get_mut(&limit.get()) {
            usage.note(taken.into(), usage.most.saturating_sub(taken.into()));
        }
    });
    ledgers.for_each(|ledger| {
        let limit = limits.iter().find(|limit| limit.id() == ledger.limit);
        let Some(common) = limit.and_then(|limit| limit.together()) else { return };
        if ledger.is_over(now) {
            return;
        }
        let view = View::of(common.permits(), ledger.ends, (members, true, now));
        if let Some(usage) = all.get_mut(&ledger.limit.get()) {
            let spent = ledger.spent_by_all(&view).min(usage.most);
            usage.note(spent, usage.most - spent);
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant as Tick};

    use crate::limits::{Common, Fleetwide, LimitState, OnLoss, Rate, Scope, Taken, Weighed, Who};
    use crate::model::KeyedHash;

    use super::*;

    fn of(limit: &Limit, caller: u32) -> Weighed<'_> {
        Weighed { limit, scope: Scope::new(limit.number(), None), who: Who::Caller(KeyedHash::of(caller)) }
    }

    #[test]
    fn what_all_callers_have_spent_is_told_without_saying_who_they_are() {
        let (state, at) = (Arc::new(LimitState::new(10_000)), Tick::now());
        let rate = Rate { count: 1, window: Duration::from_secs(10), burst: 8 };
        let (limit, other) = (state.rate(rate), state.rate(rate));
        let none = Usage { most: 8, in_use: 0, exhausted: 0, fullest: Vec::new() };
        assert_eq!(state.usage(&[&limit], at), BTreeMap::from([(limit.number(), none.clone())]));
        // The `n`th caller makes `n` requests.
        for caller in 0..=9 {
            let taken =
                (0..caller).filter(|_| matches!(state.take(of(&limit, caller), at), Taken::Request(_)));
            assert_eq!(taken.count(), caller.min(8) as usize);
        }
        let _one = state.take(of(&other, 1), at);
        let seen = state.usage(&[&limit, &other], at);
        let wanted = Usage { most: 8, in_use: 9, exhausted: 2, fullest: vec![8, 8, 7, 6, 5] };
        assert_eq!(seen[&limit.number()], wanted);
        assert_eq!((seen[&other.number()].in_use, &seen[&other.number()].fullest), (1, &vec![1]));
        // It drains with time, and a bucket that is full again is in use no more.
        let later = state.usage(&[&limit], at + Duration::from_secs(20));
        assert_eq!(
            (later[&limit.number()].in_use, &later[&limit.number()].fullest),
            (7, &vec![6, 6, 5, 4, 3])
        );
        let end = at + Duration::from_secs(80);
        assert_eq!(state.usage(&[&limit], end)[&limit.number()], none);
    }

    #[test]
    fn requests_under_way_are_told_by_their_limit() {
        let (state, at) = (Arc::new(LimitState::new(10_000)), Tick::now());
        let (limit, other) = (state.concurrent(3), state.concurrent(3));
        let held: Vec<_> = [(&limit, 1), (&limit, 1), (&limit, 1), (&limit, 2), (&other, 2)]
            .map(|(limit, caller)| state.take(of(limit, caller), at))
            .into();
        let usage = |limit: &Limit| state.usage(&[limit], at).remove(&limit.number()).unwrap();
        assert_eq!(usage(&limit), Usage { most: 3, in_use: 2, exhausted: 1, fullest: vec![3, 1] });
        assert_eq!(usage(&other).fullest, [1]);
        drop(held);
        assert_eq!(usage(&limit), Usage { most: 3, in_use: 0, exhausted: 0, fullest: Vec::new() });
    }

    #[test]
    fn what_members_count_together_is_told_as_far_as_this_one_knows() {
        let (state, at) = (Arc::new(LimitState::new(10_000)), Tick::now());
        let rate = Rate { count: 1, window: Duration::from_secs(10), burst: 8 };
        let how = Fleetwide { is_strict: false, on_loss: OnLoss::Share };
        let limit = state.common_limit(Common::Rate(rate), how, KeyedHash::of("shared"));
        let weighed = Weighed { limit: &limit, scope: limit.scope(None), who: Who::Caller(KeyedHash::of(1)) };
        let taken = (0..3).filter(|_| matches!(state.take(weighed, at), Taken::Request(_))).count();
        assert_eq!(taken, 3);
        let usage = state.usage(&[&limit], at).remove(&limit.number()).unwrap();
        assert_eq!(usage, Usage { most: 8, in_use: 1, exhausted: 0, fullest: vec![3] });
    }

    #[test]
    fn a_share_of_a_fleet_is_what_can_be_spent_here() {
        let (state, at) = (Arc::new(LimitState::new(10_000)), Tick::now());
        let rate = Rate { count: 1, window: Duration::from_secs(10), burst: 8 };
        let (limit, places) = (state.rate(rate), state.concurrent(9));
        state.share(4, at);
        let seen = state.usage(&[&limit, &places], at);
        assert_eq!((seen[&limit.number()].most, seen[&places.number()].most), (2, 2));
    }
}

//! The buckets of all rates, in a table that is split into stripes and bounded.
//!
//! A bucket that is full again is as good as none, and makes room. When none is full, those who are new share a bucket with
//! their neighbours, and at last with all who are new, so that nobody gets rid of what he has spent by naming others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::model::{KeyedHash, Line};

use super::limit::Limit;
use super::phases::Phases;
use super::rate::Standing;
use super::registry::Registry;
use super::stripe::{Slot, Stripe};
use super::who::{Scope, Who};

/// Each is held for well under a microsecond by a request, and for as long as a sweep of a few thousand buckets takes by one
/// that finds no room.
const STRIPES: usize = 256;
/// The part of the table that is kept for shared buckets: an eighth.
const FOR_SHARED: usize = 8;
/// How often full buckets are looked for in a stripe that has no room, in microseconds.
const SWEEP_EVERY: u64 = 100_000;

/// The table. It takes no memory before the first request of a limit.
#[derive(Debug)]
pub(super) struct Buckets {
    stripes: OnceLock<Box<[Line<Mutex<Stripe>>]>>,
    /// The most buckets of a stripe, shared ones among them.
    most: usize,
    /// Requests that were counted in a shared bucket for want of room.
    crowded: AtomicU64,
}

/// What is done with a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing.
    Look,
    /// A request is spent, if one is left.
    Take,
    /// A request is spent, as far as there is one.
    Charge,
    /// A request that was spent is given back.
    Return,
}

/// A bucket that somebody asks for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) limit: &'a Limit,
    pub(super) scope: Scope,
    pub(super) who: Who,
    /// In microseconds.
    pub(super) now: u64,
}

/// Who may have a bucket of his own.
#[derive(Debug, Clone, Copy)]
enum Room {
    Own,
    Neighbours,
    /// There is always room for those: the configuration says how many there are.
    Together,
}

impl Buckets {
    pub(super) const fn new(most: usize) -> Self {
        Self { stripes: OnceLock::new(), most: most.div_ceil(STRIPES), crowded: AtomicU64::new(0) }
    }

    /// Does this with a bucket: what is left afterwards, or where nothing was taken, what is left; and whether it was done.
    /// `None` of a limit that is no rate. `limits` says which buckets are full where there is no room.
    pub(super) fn act(&self, asked: Asked<'_>, act: Act, limits: &Registry) -> Option<(Standing, bool)> {
        let phases = asked.limit.phases()?;
        let Asked { scope, who, .. } = asked;
        let at = |key, room| {
            let mut stripe = self.stripe(key)?;
            // Read while the stripe is held, so that no bucket in it is of a later phase.
            phases.with(|phases| self.act_in(&mut stripe, (key, room), (asked, phases), (act, limits)))
        };
        let together = || at(scope.together(), Room::Together);
        let crowded = || {
            if matches!(act, Act::Take | Act::Charge) {
                self.crowded.fetch_add(1, Ordering::Relaxed);
            }
        };
        match who {
            Who::Everybody | Who::Anonymous => together(),
            Who::Caller(_) => at(scope.own(who), Room::Own).or_else(|| {
                crowded();
                together()
            }),
            Who::Address(_) => at(scope.own(who), Room::Own)
                .or_else(|| {
                    crowded();
                    at(scope.neighbours(who)?, Room::Neighbours)
                })
                .or_else(together),
        }
    }

    /// The number of buckets.
    pub(super) fn len(&self) -> usize {
        let stripes = self.stripes.get().into_iter().flatten();
        stripes.map(|line| line.0.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// How many requests were counted in a shared bucket for want of room.
    pub(super) fn crowded(&self) -> u64 {
        self.crowded.load(Ordering::Relaxed)
    }

    /// Shows every bucket, while its stripe is held.
    pub(super) fn for_each(&self, mut show: impl FnMut(&Slot)) {
        for line in self.stripes.get().into_iter().flatten() {
            line.0.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(&mut show);
        }
    }

    /// The same in a stripe; `None` when the bucket is not there, and there is no room for it.
    fn act_in(
        &self,
        stripe: &mut Stripe,
        (key, room): (KeyedHash, Room),
        (asked, phases): (Asked<'_>, &Phases),
        (act, limits): (Act, &Registry),
    ) -> Option<(Standing, bool)> {
        let (pace, now) = (phases.pace(), asked.now);
        let found = stripe.get(key).map(Slot::spent);
        if found.is_none() && !self.has_room(stripe, room, now, limits) {
            return None;
        }
        let debt = found.map_or(0, |spent| phases.debt(&spent, now));
        let standing = pace.standing(debt);
        let after = match act {
            Act::Look => return Some((standing, true)),
            Act::Take if standing.left == 0 => return Some((standing, false)),
            Act::Take => debt.saturating_add(pace.cost),
            Act::Charge => debt.saturating_add(pace.cost).min(pace.room.max(debt)),
            // It is full, and may have made room.
            Act::Return if found.is_none() => return Some((standing, true)),
            Act::Return => debt.saturating_sub(pace.cost),
        };
        stripe.put(Slot::new(key, asked.limit.id(), phases.spent(after, now)));
        Some((pace.standing(after), true))
    }

    fn has_room(&self, stripe: &mut Stripe, room: Room, now: u64, limits: &Registry) -> bool {
        let most = match room {
            Room::Own => self.most - self.most / FOR_SHARED,
            Room::Neighbours => self.most,
            Room::Together => return true,
        };
        if stripe.len() >= most && now >= stripe.next_sweep {
            stripe.next_sweep = now.saturating_add(SWEEP_EVERY);
            limits.with_spent(now, |is_spent| stripe.retain(is_spent));
        }
        stripe.len() < most
    }

    /// The stripe of a key. There always is one.
    fn stripe(&self, key: KeyedHash) -> Option<MutexGuard<'_, Stripe>> {
        let stripes = self.stripes.get_or_init(|| (0..STRIPES).map(|_| Line::default()).collect());
        let (half, _) = key.halves();
        let nth = usize::try_from(half % STRIPES as u64).unwrap_or_default();
        let stripe = stripes.get(nth)?;
        Some(stripe.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::limits::rate::Rate;

    const SECOND: u64 = 1_000_000;

    struct Table {
        buckets: Buckets,
        limits: Registry,
        limit: Arc<Limit>,
    }

    impl Table {
        fn new(most: usize, count: u32, seconds: u64, burst: u32) -> Self {
            let limits = Registry::default();
            let rate = Rate { count, window: Duration::from_secs(seconds), burst };
            let limit = limits.make(|number| Limit::rate(number, rate, 1));
            Self { buckets: Buckets::new(most), limits, limit }
        }

        fn act(&self, who: Who, act: Act, now: u64) -> (Standing, bool) {
            let scope = Scope::new(self.limit.number(), None);
            let asked = Asked { limit: &self.limit, scope, who, now };
            self.buckets.act(asked, act, &self.limits).unwrap()
        }

        fn takes(&self, who: Who, now: u64) -> bool {
            self.act(who, Act::Take, now).1
        }
    }

    fn caller(n: u32) -> Who {
        Who::Caller(KeyedHash::of(n))
    }

    /// The `n`th of addresses that have no pattern.
    fn address(n: u32) -> Who {
        Who::Address(IpAddr::V4(Ipv4Addr::from(n.wrapping_mul(0x9e37_79b1))))
    }

    #[test]
    fn what_one_spends_is_not_missing_to_another() {
        let table = Table::new(10_000, 1, 60, 3);
        for n in 0..100 {
            let taken: Vec<_> = (0..5).map(|_| table.takes(caller(n), 0)).collect();
            assert_eq!(taken, [true, true, true, false, false], "{n}");
        }
        assert_eq!((table.buckets.len(), table.buckets.crowded()), (100, 0));
        let standing = table.act(caller(1), Act::Return, 0).0;
        assert_eq!((standing.left, table.takes(caller(1), 0), table.takes(caller(1), 0)), (1, true, false));
        for _ in 0..9 {
            table.act(caller(1), Act::Charge, 0);
        }
        assert_eq!(
            table.act(caller(1), Act::Look, 0).0,
            Standing { left: 0, seconds: 60 },
            "a bucket at most"
        );
    }

    #[test]
    fn a_million_addresses_take_no_more_than_the_table_has() {
        let table = Table::new(20_000, 100, 3_600, 1);
        for n in 0..1_000_000 {
            table.takes(address(n), 0);
        }
        let len = table.buckets.len();
        assert!(len <= 20_000 + 2 * STRIPES, "{len} buckets");
        // Who came first has spent what he has spent, and who came last is let in with his neighbours at most.
        assert!((0..1_000).all(|n| !table.takes(address(n), 0)));
        let admitted = (2_000_000..2_010_000).filter(|n| table.takes(address(*n), 0)).count();
        assert!(admitted < 100, "{admitted} of ten thousand strangers");
    }

    #[test]
    fn buckets_that_are_full_again_make_room() {
        let table = Table::new(20_000, 1, 1, 1);
        for n in 0..40_000 {
            table.takes(caller(n), 0);
        }
        let crowded = table.buckets.crowded();
        assert!(!table.takes(caller(50_000), 0), "it shares with all who are new");
        assert_eq!(table.buckets.crowded(), crowded + 1);
        let admitted = (60_000..65_000).filter(|n| table.takes(caller(*n), SECOND)).count();
        assert_eq!(admitted, 5_000, "all others have gone");
    }

    #[test]
    fn neighbours_share_when_there_is_no_room_and_others_do_not_feel_it() {
        let table = Table::new(2_560, 1, 3_600, 1);
        let v6 = |site: u16, host: u64| {
            let network = u128::from(site) << 80 | 0x2001_0db8 << 96 | u128::from(host) << 64;
            Who::Address(IpAddr::V6(Ipv6Addr::from(network)))
        };
        let old = v6(1, 1);
        assert!(table.takes(old, 0));
        for n in 0..50_000 {
            table.takes(v6(2, n), 0);
        }
        assert!(table.takes(v6(3, 1), 0), "a stranger of another site is let in");
        assert!(!table.takes(v6(3, 2), 0) || !table.takes(v6(3, 3), 0), "and counts for his site");
        assert!(!table.takes(old, 0));
    }

    #[test]
    fn requests_at_the_same_time_are_let_in_as_often_as_the_burst_says() {
        let table = Table::new(1_000, 1, 3_600, 500);
        let admitted: usize = std::thread::scope(|scope| {
            let taking = || (0..400).filter(|_| table.takes(caller(1), 0)).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(taking)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 500);
    }
}

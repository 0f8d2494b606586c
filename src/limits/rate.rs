//! The arithmetic of a rate: GCRA as a leaky bucket in whole numbers, so that it is exact for every count and window.
//!
//! A request costs as many units as the window has microseconds, and so many units drain each microsecond as the window may
//! have requests: a division is needed for what is shown, and never for what is decided. Where a bucket stands is in
//! `buckets`, and what becomes of it when the rate changes in `phases`.

use std::time::Duration;

/// A rate, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The requests of a window, at least one.
    pub count: u32,
    /// The window: whole seconds, at least one.
    pub window: Duration,
    /// The requests that a full bucket lets in at once, at least one.
    pub burst: u32,
}

/// What is left of a limit for one of those that it counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The requests that are let in at once now.
    pub left: u64,
    /// Seconds, rounded up: until the next request is let in where none is left, and at least one then; else until the bucket
    /// is full.
    pub seconds: u64,
}

/// A rate, as one member of a fleet counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    rate: Rate,
    members: u32,
    /// The units of one request.
    pub(super) cost: u64,
    /// The units that drain in a microsecond.
    drain: u64,
    /// The units of an empty bucket.
    pub(super) room: u64,
}

const MICROSECONDS: u64 = 1_000_000;

impl Pace {
    /// The part of a rate that one of so many members has. Each lets at least one request in.
    pub(super) fn of(rate: Rate, members: u32) -> Self {
        let members = members.max(1);
        let window = u64::try_from(rate.window.as_micros()).unwrap_or(u64::MAX).max(1);
        let cost = window.saturating_mul(members.into());
        let room = window.saturating_mul(rate.burst.into()).max(cost);
        Self { rate, members, cost, drain: rate.count.max(1).into(), room }
    }

    /// The rate that this is a part of.
    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    /// What is left of a debt after so many microseconds.
    pub(super) const fn drained(&self, debt: u64, microseconds: u64) -> u64 {
        debt.saturating_sub(microseconds.saturating_mul(self.drain))
    }

    /// What a bucket with this debt lets in.
    pub(super) fn standing(&self, debt: u64) -> Standing {
        let left = self.room.saturating_sub(debt) / self.cost;
        let excess = if left == 0 { debt.saturating_add(self.cost).saturating_sub(self.room) } else { debt };
        let seconds = excess.div_ceil(self.drain).div_ceil(MICROSECONDS);
        Standing { left, seconds: if left == 0 { seconds.max(1) } else { seconds } }
    }

    /// The debt under `next` of a bucket that has this debt now. Another rate keeps the requests that were spent. One more
    /// member does so as well, within the bucket; one fewer keeps the part of the bucket that was spent, so that the larger
    /// share comes with time and not at once. It is never more requests than the largest burst.
    pub(super) fn carried(&self, debt: u64, next: &Self) -> u64 {
        let same_requests = scaled(debt, next.cost, self.cost);
        if self.rate != next.rate {
            return same_requests;
        }
        match next.members > self.members {
            true => same_requests.min(next.room.max(debt)),
            false => debt.min(next.room).max(same_requests),
        }
    }
}

/// A debt in units of another size, rounded up.
fn scaled(debt: u64, to: u64, from: u64) -> u64 {
    let scaled = (u128::from(debt) * u128::from(to)).div_ceil(u128::from(from.max(1)));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(count: u32, seconds: u64, burst: u32) -> Rate {
        Rate { count, window: Duration::from_secs(seconds), burst }
    }

    /// GCRA as its definition says it, in fractions: the theoretical arrival time of the next request, times the count, so
    /// that it is whole (ITU-T I.371, "virtual scheduling").
    struct Simulator {
        rate: Rate,
        arrival: u128,
    }

    impl Simulator {
        fn window(&self) -> u128 {
            self.rate.window.as_micros()
        }

        /// Whether a request at this time, in microseconds, is let in.
        fn admits(&mut self, now: u64) -> bool {
            let now = u128::from(now) * u128::from(self.rate.count);
            let tolerance = self.window() * u128::from(self.rate.burst - 1);
            if self.arrival > now + tolerance {
                return false;
            }
            self.arrival = self.arrival.max(now) + self.window();
            true
        }

        /// How many requests are let in at this time, one after the other.
        fn left(&self, now: u64) -> u64 {
            let mut then = Self { ..*self };
            std::iter::repeat_with(|| then.admits(now)).take_while(|admitted| *admitted).count() as u64
        }
    }

    fn rates() -> impl Strategy<Value = Rate> {
        (1..=1_000_u32, 1..=3_600_u64, 1..=50_u32)
            .prop_map(|(count, window, burst)| rate(count, window, burst))
    }

    proptest! {
        #[test]
        fn a_bucket_decides_as_gcra_does_to_the_microsecond(
            rate in rates(),
            steps in prop::collection::vec(0..3_000_000_u64, 1..200),
        ) {
            let pace = Pace::of(rate, 1);
            let mut simulator = Simulator { rate, arrival: 0 };
            let (mut debt, mut now) = (0, 0);
            for step in steps {
                // Half of the requests come at the same time as the one before.
                let step = if step % 2 == 0 { 0 } else { step };
                now += step;
                debt = pace.drained(debt, step);
                let standing = pace.standing(debt);
                prop_assert_eq!(standing.left, simulator.left(now));
                let admitted = standing.left > 0;
                if admitted {
                    debt += pace.cost;
                }
                prop_assert_eq!(admitted, simulator.admits(now));
                if !admitted {
                    // The next one is let in when the standing says, and not a second before.
                    let then = pace.drained(debt, standing.seconds * MICROSECONDS);
                    prop_assert!(pace.standing(then).left > 0);
                    let before = pace.drained(debt, (standing.seconds - 1) * MICROSECONDS);
                    prop_assert!(standing.seconds == 1 || pace.standing(before).left == 0);
                }
            }
        }

        #[test]
        fn the_shares_of_all_members_are_the_rate_and_no_more(
            rate in rates(),
            members in 1..=20_u32,
            seconds in 1..100_u64,
        ) {
            // Each member is asked as fast as it answers.
            let pace = Pace::of(rate, members);
            let (mut debt, mut admitted) = (0, 0_u64);
            for _ in 0..seconds {
                let left = pace.standing(debt).left;
                admitted += left;
                debt = pace.drained(debt + left * pace.cost, MICROSECONDS);
            }
            let all = admitted * u64::from(members);
            let fed = (seconds - 1) as f64 * f64::from(rate.count) / rate.window.as_secs_f64();
            let burst = rate.burst.max(members);
            prop_assert!(all as f64 <= fed + f64::from(burst), "{all} of {fed} and {burst}");
        }
    }

    #[test]
    fn a_standing_says_what_is_left_and_when_it_is_more() {
        let pace = Pace::of(rate(100, 60, 20), 1);
        for (spent, left, seconds) in [(0, 20, 0), (1, 19, 1), (19, 1, 12), (20, 0, 1), (25, 0, 4)] {
            assert_eq!(pace.standing(spent * pace.cost), Standing { left, seconds }, "{spent} spent");
        }
        let slow = Pace::of(rate(1, 3600, 2), 1);
        assert_eq!(slow.standing(2 * slow.cost), Standing { left: 0, seconds: 3600 });
    }

    #[test]
    fn a_change_keeps_the_requests_that_were_spent() {
        let before = Pace::of(rate(100, 60, 20), 1);
        for (after, left) in
            [(rate(1, 3600, 20), 5), (rate(100, 60, 30), 15), (rate(100, 60, 10), 0), (rate(7, 1, 16), 1)]
        {
            let pace = Pace::of(after, 1);
            let debt = before.carried(15 * before.cost, &pace);
            assert_eq!(pace.standing(debt).left, left, "{after:?}");
        }
    }

    #[test]
    fn shares_shrink_at_once_and_grow_with_time() {
        let rate = rate(100, 60, 30);
        let (alone, three) = (Pace::of(rate, 1), Pace::of(rate, 3));
        assert_eq!(alone.standing(three.carried(0, &alone)).left, 30);
        // Five of thirty, then five of ten.
        let debt = alone.carried(5 * alone.cost, &three);
        assert_eq!(three.standing(debt).left, 5);
        // Half of it, then half of thirty.
        assert_eq!(alone.standing(three.carried(debt, &alone)).left, 15);
        // However often it shrinks and grows, what is owed is at most a bucket.
        let mut owed = 9 * alone.cost;
        for _ in 0..100 {
            owed = three.carried(alone.carried(owed, &three), &alone);
        }
        assert_eq!(alone.standing(owed), Standing { left: 0, seconds: 1 });
    }

    #[test]
    fn a_share_of_less_than_one_request_is_one() {
        let pace = Pace::of(rate(2, 1, 1), 5);
        assert_eq!(pace.standing(0).left, 1);
        assert_eq!(pace.standing(pace.cost), Standing { left: 0, seconds: 3 });
    }
}

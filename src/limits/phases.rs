//! The rates of one limit over time: a bucket that was last touched under an earlier one is brought to the present one step
//! by step, as if it had been there at each change.

use super::rate::{Pace, Rate};

/// The most phases that are kept, whatever they are of: beyond them a bucket that nobody touched counts as full.
const MOST: usize = 1024;

/// What somebody has spent of a limit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// In the units of its phase.
    pub(super) debt: u64,
    /// When it was so much, in microseconds.
    pub(super) at: u64,
    /// The number of the phase.
    pub(super) phase: u32,
}

/// The phases of a limit.
#[derive(Debug, Clone)]
pub(super) struct Phases {
    /// The number of the first one that is kept.
    first: u32,
    past: Vec<Phase>,
    present: Phase,
    /// The largest burst so far: more requests nobody can have spent.
    largest: u32,
}

#[derive(Debug, Clone, Copy)]
struct Phase {
    since: u64,
    pace: Pace,
}

impl Phases {
    /// The first phase of a limit.
    pub(super) const fn new(pace: Pace) -> Self {
        let largest = pace.rate().burst;
        Self { first: 0, past: Vec::new(), present: Phase { since: 0, pace }, largest }
    }

    /// The pace of now.
    pub(super) const fn pace(&self) -> &Pace {
        &self.present.pace
    }

    /// The rate of now.
    pub(super) const fn rate(&self) -> Rate {
        self.present.pace.rate()
    }

    /// These, and another pace from now on.
    #[must_use]
    pub(super) fn then(&self, pace: Pace, now: u64) -> Self {
        let mut next = self.clone();
        next.past.push(self.present);
        next.present = Phase { since: now, pace };
        next.largest = next.largest.max(pace.rate().burst);
        let over = next.over(now).max(next.past.len().saturating_sub(MOST));
        next.past.drain(..over);
        next.first = next.first.saturating_add(u32::try_from(over).unwrap_or(u32::MAX));
        next
    }

    /// This debt, as of now.
    pub(super) fn spent(&self, debt: u64, now: u64) -> Spent {
        Spent { debt, at: now, phase: self.number() }
    }

    /// What is left of a debt, in the units of now.
    pub(super) fn debt(&self, spent: &Spent, now: u64) -> u64 {
        if spent.phase == self.number() {
            return self.present.pace.drained(spent.debt, now.saturating_sub(spent.at));
        }
        let Some(skipped) = spent.phase.checked_sub(self.first) else { return 0 };
        let kept = self.past.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX));
        let (mut debt, mut at) = (spent.debt, spent.at);
        let mut phases = kept.chain([&self.present]).peekable();
        while let Some(phase) = phases.next() {
            let next = phases.peek();
            let end = next.map_or(now, |next| next.since);
            debt = phase.pace.drained(debt, end.saturating_sub(at));
            at = at.max(end);
            if let Some(next) = next {
                debt = phase.pace.carried(debt, &next.pace);
            }
        }
        debt
    }

    /// How many of the first phases are over: the last and emptiest bucket that was touched in one of them is full again.
    fn over(&self, now: u64) -> usize {
        // The end of a phase is the beginning of the next.
        let ends = self.past.iter().skip(1).chain([&self.present]).map(|next| next.since);
        let last = |(phase, (past, at)): (u32, (&Phase, u64))| {
            let debt = past.pace.cost.saturating_mul(self.largest.into());
            Spent { debt, at, phase: self.first.saturating_add(phase) }
        };
        let last = (0..).zip(self.past.iter().zip(ends)).map(last);
        last.take_while(|spent| self.debt(spent, now) == 0).count()
    }

    fn number(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.past.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn pace(count: u32, seconds: u64, burst: u32, members: u32) -> Pace {
        Pace::of(Rate { count, window: Duration::from_secs(seconds), burst }, members)
    }

    fn left(phases: &Phases, spent: &Spent, now: u64) -> u64 {
        phases.pace().standing(phases.debt(spent, now)).left
    }

    #[test]
    fn a_bucket_drains_by_the_rate_of_its_time_also_when_nobody_looks() {
        let fast = Phases::new(pace(10, 1, 10, 1));
        let spent = fast.spent(10 * fast.pace().cost, 0);
        // After a second it is full, and then the rate becomes slow: a look later must not find it empty.
        let slow = fast.then(pace(10, 3600, 10, 1), SECOND);
        assert_eq!(left(&slow, &spent, SECOND), 10);
        // The other way round it is still empty.
        let slow = Phases::new(pace(10, 3600, 10, 1));
        let spent = slow.spent(10 * slow.pace().cost, 0);
        let fast = slow.then(pace(10, 1, 10, 1), SECOND);
        assert_eq!(left(&fast, &spent, SECOND), 0);
        assert_eq!(left(&fast, &spent, SECOND + SECOND / 2), 5);
    }

    #[test]
    fn phases_that_nobody_can_remember_are_forgotten() {
        let mut phases = Phases::new(pace(10, 1, 10, 1));
        let old = phases.spent(10 * phases.pace().cost, 0);
        for n in 1..=3_000_u64 {
            phases = phases.then(pace(10, 1, 10, u32::try_from(n % 2).unwrap() + 1), n * SECOND);
        }
        assert!(phases.past.len() <= 4, "{}", phases.past.len());
        assert_eq!(left(&phases, &old, 3_000 * SECOND), 10);
        // Those of a slow limit stay, to a bound.
        for n in 0..3_000_u64 {
            phases = phases.then(pace(1, 86_400, 10, u32::try_from(n % 2).unwrap() + 1), 3_000 * SECOND + n);
        }
        assert_eq!(phases.past.len(), MOST);
    }

    proptest! {
        #[test]
        fn to_look_in_between_changes_nothing(
            changes in prop::collection::vec((1..100_u32, 1..100_u64, 1..20_u32, 1..4_u32, 0..5 * SECOND), 1..20),
            spent in 0..=20_u64,
        ) {
            let mut phases = Phases::new(pace(10, 10, 20, 1));
            let lazy = phases.spent(spent * phases.pace().cost, 0);
            let (mut watched, mut now) = (lazy, 0);
            for (count, window, burst, members, after) in changes {
                now += after;
                phases = phases.then(pace(count, window, burst, members), now);
                watched = phases.spent(phases.debt(&watched, now), now);
            }
            prop_assert_eq!(phases.debt(&lazy, now), phases.debt(&watched, now));
        }
    }
}

//! The budget of an agent's retries: a part of its requests of the last seconds and a few more, and few at once. A target that
//! is down must not double the load on the others.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::Method;

use crate::model::{Instant, PerShard};

/// The slices of a window: with ten, what is counted differs from the window by a tenth of it at most.
const SLICES: u64 = 10;

/// What may be sent again, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRules {
    /// The methods of requests that may be sent again after a byte of them went out.
    pub methods: Box<[Method]>,
    /// Retries for each hundred requests.
    pub percent: u8,
    /// Retries a second beside these, and the most that wait for an answer at once.
    pub per_second: u32,
    /// The time over which both are counted.
    pub window: Duration,
}

/// Requests and retries of one agent.
#[derive(Debug, Default)]
pub struct Budget {
    requests: OnceLock<PerShard<Slices>>,
    retries: Slices,
    at_once: AtomicU32,
}

/// What was counted in each slice of a window: the number of the slice in the upper half, the count in the lower one.
#[derive(Debug, Default)]
struct Slices([AtomicU64; SLICES as usize]);

impl Budget {
    /// Counts a request.
    pub fn requested(&self, now: Instant, rules: &RetryRules) {
        let here = self.requests.get_or_init(|| PerShard::new(Slices::default)).here();
        here.add(slice(now, rules.window));
    }

    /// Takes a retry out of the budget; false when nothing is left of it. What was taken is given back by [`Self::answered`].
    pub fn take(&self, now: Instant, rules: &RetryRules) -> bool {
        let most_at_once = rules.per_second.max(1);
        let enter = |at_once: u32| at_once.checked_add(1).filter(|at_once| *at_once <= most_at_once);
        if self.at_once.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).is_err() {
            return false;
        }
        let slice = slice(now, rules.window);
        let requests: u64 =
            self.requests.get().map_or(0, |all| all.iter().map(|shard| shard.sum(slice)).sum());
        let beside = u64::from(rules.per_second).saturating_mul(rules.window.as_secs().max(1));
        let most = requests.saturating_mul(u64::from(rules.percent)) / 100 + beside;
        if self.retries.sum(slice) >= most {
            self.answered();
            return false;
        }
        self.retries.add(slice);
        true
    }

    /// A retry has its answer, or has failed.
    pub fn answered(&self) {
        self.at_once.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Slices {
    fn add(&self, slice: u64) {
        let Some(cell) = self.cell(slice) else { return };
        let add = |held: u64| {
            let (number, count) = (held >> 32, held & u64::from(u32::MAX));
            let count =
                if number == mark(slice) { count.saturating_add(1).min(u64::from(u32::MAX)) } else { 1 };
            Some((mark(slice) << 32) | count)
        };
        // It always gives something, so it does not fail.
        let _added = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// What was counted in the window that ends with this slice.
    fn sum(&self, slice: u64) -> u64 {
        let of_slice = |slice: u64| {
            let held = self.cell(slice).map_or(0, |cell| cell.load(Ordering::Relaxed));
            if held >> 32 == mark(slice) { held & u64::from(u32::MAX) } else { 0 }
        };
        (0..SLICES).filter_map(|back| slice.checked_sub(back)).map(of_slice).sum()
    }

    fn cell(&self, slice: u64) -> Option<&AtomicU64> {
        self.0.get(usize::try_from(slice % SLICES).ok()?)
    }
}

fn slice(now: Instant, window: Duration) -> u64 {
    let each = (window.as_millis() / u128::from(SLICES)).max(1);
    u64::try_from(now.since_epoch().as_millis() / each).unwrap_or(u64::MAX)
}

/// The number of a slice, as far as it fits.
const fn mark(slice: u64) -> u64 {
    slice & u32::MAX as u64
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn rules() -> RetryRules {
        RetryRules {
            methods: [Method::GET, Method::HEAD].into(),
            percent: 20,
            per_second: 3,
            window: Duration::from_secs(10),
        }
    }

    /// The retries that the budget gives now, one after the other.
    fn all(budget: &Budget, now: Instant) -> usize {
        let one = || budget.take(now, &rules()).then(|| budget.answered());
        std::iter::from_fn(one).take(10_000).count()
    }

    #[test]
    fn retries_are_a_fifth_of_the_requests_and_three_a_second() {
        let budget = Budget::default();
        let now = Instant::from_unix(1_000);
        (0..500).for_each(|_| budget.requested(now, &rules()));
        assert_eq!(all(&budget, now), 100 + 30);
        assert_eq!(all(&budget, Instant::from_unix(1_009)), 0, "within the window");
        assert_eq!(all(&budget, Instant::from_unix(1_010)), 30, "of the requests none is left in it");
    }

    #[test]
    fn three_wait_for_their_answer_at_once() {
        let budget = Budget::default();
        let now = Instant::from_unix(1_000);
        assert_eq!([0; 4].map(|_| budget.take(now, &rules())), [true, true, true, false]);
        budget.answered();
        assert!(budget.take(now, &rules()) && !budget.take(now, &rules()));
    }

    #[test]
    fn no_budget_is_no_retry() {
        let none = RetryRules { percent: 0, per_second: 0, ..rules() };
        assert!(!Budget::default().take(Instant::from_unix(1_000), &none));
    }
}

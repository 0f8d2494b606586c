//! Keeps requests from waiting for a Redis that does not answer: after a few failures in a row none asks, but for one each second.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant as Tick};

/// Failures in a row after which nobody asks.
const MOST: u32 = 3;
/// When somebody asks again then.
const PAUSE: Duration = Duration::from_secs(1);

/// The breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    began: Tick,
    failures: AtomicU32,
    /// When the next one asks, in milliseconds since it began.
    next: AtomicU64,
}

impl Breaker {
    pub(super) fn new(now: Tick) -> Self {
        Self { began: now, failures: AtomicU32::default(), next: AtomicU64::default() }
    }

    /// Whether this request asks.
    pub(super) fn lets_ask(&self, now: Tick) -> bool {
        if self.failures.load(Ordering::Relaxed) < MOST {
            return true;
        }
        let (now, next) = (self.millis(now), self.next.load(Ordering::Relaxed));
        let then = now.saturating_add(millis(PAUSE));
        // Of those who come at the same time one asks.
        now >= next && self.next.compare_exchange(next, then, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Redis has answered.
    pub(super) fn answered(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// It has not.
    pub(super) fn failed(&self, now: Tick) {
        if self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1) == MOST {
            self.next.store(self.millis(now).saturating_add(millis(PAUSE)), Ordering::Relaxed);
        }
    }

    fn millis(&self, now: Tick) -> u64 {
        millis(now.saturating_duration_since(self.began))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_three_failures_in_a_row_one_asks_each_second() {
        let start = Tick::now();
        let (breaker, at) = (Breaker::new(start), |millis| start + Duration::from_millis(millis));
        for _ in 0..2 {
            assert!(breaker.lets_ask(at(0)));
            breaker.failed(at(0));
        }
        breaker.answered();
        for _ in 0..3 {
            assert!(breaker.lets_ask(at(10)));
            breaker.failed(at(10));
        }
        let asks = [11, 1_009, 1_010, 1_010, 1_500, 2_010].map(|millis| breaker.lets_ask(at(millis)));
        assert_eq!(asks, [false, false, true, false, false, true]);
        breaker.answered();
        assert!(breaker.lets_ask(at(2_011)) && breaker.lets_ask(at(2_011)));
    }
}

//! Keeps requests from waiting for a Redis that does not answer: after a few failures in a row none asks, until it has answered
//! what it is asked in the background for a second.

use std::sync::atomic::{AtomicU32, Ordering};

/// Failures in a row after which nobody asks.
const MOST: u32 = 3;
/// Answers in a row after which requests ask again: a second of those that one is asked for in each round.
const ENOUGH: u32 = 5;

/// The breaker.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: AtomicU32,
    /// Answers in time since nobody asks.
    answers: AtomicU32,
}

impl Breaker {
    /// Whether a request asks.
    pub(super) fn lets_ask(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < MOST
    }

    /// A request was answered. One that comes late changes nothing.
    pub(super) fn answered(&self) {
        if self.lets_ask() && self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// A request was not. Says whether nobody asks from now on.
    pub(super) fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures == MOST {
            self.answers.store(0, Ordering::Relaxed);
        }
        failures == MOST
    }

    /// Redis was asked in the background, while nobody else does. Says whether requests ask again.
    pub(super) fn probed(&self, is_in_time: bool) -> bool {
        let answers = if is_in_time { self.answers.load(Ordering::Relaxed).saturating_add(1) } else { 0 };
        self.answers.store(answers, Ordering::Relaxed);
        let is_over = answers >= ENOUGH;
        if is_over {
            self.close();
        }
        is_over
    }

    /// Requests ask: this is another connection.
    pub(super) fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_three_failures_in_a_row_nobody_asks_until_redis_has_answered_for_a_second() {
        let breaker = Breaker::default();
        assert!(!breaker.failed() && !breaker.failed() && breaker.lets_ask());
        breaker.answered();
        assert!(!breaker.failed() && !breaker.failed() && breaker.failed());
        assert!(!breaker.failed(), "it is said once");
        breaker.answered();
        assert!(!breaker.lets_ask(), "an answer that comes late");
        let probes = [true, true, true, true, false, true, true, true, true, true];
        let over: Vec<_> = probes.map(|is_in_time| breaker.probed(is_in_time)).into();
        assert_eq!(over.iter().position(|over| *over), Some(9), "five in a row: {over:?}");
        assert!(breaker.lets_ask());
        let opened = (0..3).filter(|_| breaker.failed()).count();
        assert_eq!(opened, 1);
        assert!(!breaker.lets_ask());
        breaker.close();
        assert!(breaker.lets_ask() && !breaker.failed());
    }
}

//! Leaves a provider alone that has failed several times in a row, but for one question now and then.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant as Tick;

/// Failures in a row after which the provider is left alone: one or two happen with every restart of a server.
const FAILURES: u32 = 5;
/// The time between two questions to a provider that is left alone.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// The breaker of one provider.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When the next question may be asked, while the breaker is open.
    next: Option<Tick>,
}

/// What the end of a question has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that anybody need know of.
    None,
    /// The first failure after a success.
    Failing,
    /// The breaker has opened.
    Opened,
    /// The breaker has closed.
    Closed,
}

impl Breaker {
    /// Whether a question may be asked at `now`. While the breaker is open that is one each few seconds.
    pub(super) fn admits(&self, now: Tick) -> bool {
        let mut state = self.lock();
        match state.next {
            None => true,
            Some(next) if now >= next => {
                state.next = Some(now + PROBE_EVERY);
                true
            }
            Some(_) => false,
        }
    }

    /// A question was answered.
    pub(super) fn succeeded(&self) -> Change {
        let was = std::mem::take(&mut *self.lock());
        if was.next.is_some() { Change::Closed } else { Change::None }
    }

    /// A question was not answered.
    pub(super) fn failed(&self, now: Tick) -> Change {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures < FAILURES {
            return if state.failures == 1 { Change::Failing } else { Change::None };
        }
        let opens = state.next.is_none();
        state.next = Some(now + PROBE_EVERY);
        if opens { Change::Opened } else { Change::None }
    }

    /// Whether it is open.
    pub(super) fn is_open(&self) -> bool {
        self.lock().next.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is safe to use: the state is consistent after each statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_five_failures_in_a_row_and_then_admits_one_question_each_five_seconds() {
        let (breaker, now) = (Breaker::default(), Tick::now());
        let at = |seconds: u64| now + Duration::from_secs(seconds);
        assert_eq!(breaker.failed(now), Change::Failing);
        assert!((0..3).all(|_| breaker.failed(now) == Change::None && breaker.admits(now)));
        assert_eq!((breaker.failed(now), breaker.is_open()), (Change::Opened, true));
        assert!(!breaker.admits(now) && !breaker.admits(now + Duration::from_millis(4_999)));
        assert!(breaker.admits(at(5)));
        assert!(!breaker.admits(at(5)), "one only");
        assert_eq!(breaker.failed(at(6)), Change::None);
        assert!(!breaker.admits(at(10)) && breaker.admits(at(11)));
        assert_eq!((breaker.succeeded(), breaker.is_open()), (Change::Closed, false));
        assert!(breaker.admits(at(11)));
    }

    #[test]
    fn a_success_in_between_begins_the_count_anew() {
        let (breaker, now) = (Breaker::default(), Tick::now());
        for _ in 0..3 {
            assert!((0..4).all(|_| breaker.failed(now) != Change::Opened));
            assert_eq!(breaker.succeeded(), Change::None);
        }
        assert!(breaker.admits(now) && !breaker.is_open());
    }
}

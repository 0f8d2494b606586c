//! When the next fetch is due. Times are jittered, so that many gateways do not fetch at the same time.

use std::time::Duration;

use crate::model::doubled;

/// `Cache-Control` and the hint of a bundle can shorten the interval to this: a new key is known within a minute at the latest, and `no-store`
/// does not become a storm of requests.
const SHORTEST: Duration = Duration::from_secs(60);
/// The first wait after a failure: a single lost request is repeated before anybody notices.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest wait after a failure: keys are back within a minute after the provider is.
const LAST_RETRY: Duration = Duration::from_secs(60);
/// The longest `Retry-After` that is respected: a wrong one must not stop the fetches for days.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);
/// The share by which a time is lengthened or shortened: it spreads gateways that started together over two minutes at
/// the default `refresh` of ten.
const JITTER: f64 = 0.1;
/// The share of `max_stale` after which the next fetch is due at the latest: 0.88 with the longest jitter, which leaves
/// time for several retries.
const LATEST: f64 = 0.8;

/// The schedule of one provider.
#[derive(Debug)]
pub(super) struct Schedule {
    refresh: Duration,
    failures: u32,
}

impl Schedule {
    /// A schedule that fetches every `refresh`, and early enough that keys do not reach `max_stale` in between.
    pub(super) fn new(refresh: Duration, max_stale: Duration) -> Self {
        let in_time = max_stale.mul_f64(LATEST);
        // The configuration requires at least a second; a loop without any wait must be impossible here as well.
        Self { refresh: refresh.min(in_time).max(FIRST_RETRY), failures: 0 }
    }

    /// The wait after a successful fetch whose answer is good for `max_age`. `dice` is a random number in 0..1.
    pub(super) fn after_success(&mut self, max_age: Option<Duration>, dice: f64) -> Duration {
        self.failures = 0;
        let Some(max_age) = max_age.filter(|m| *m < self.refresh) else {
            return jittered(self.refresh, dice);
        };
        // The operator may choose a `refresh` below the floor.
        let floor = SHORTEST.min(self.refresh);
        jittered(max_age.max(floor), dice).max(floor)
    }

    /// The wait after a failed fetch. Jitter only lengthens `retry_after`.
    pub(super) fn after_failure(&mut self, retry_after: Option<Duration>, dice: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let wait = doubled(FIRST_RETRY, self.failures, LAST_RETRY);
        let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
        jittered(wait, dice).max(asked.mul_f64(1.0 + JITTER * dice.clamp(0.0, 1.0)))
    }
}

fn jittered(time: Duration, dice: f64) -> Duration {
    time.mul_f64(1.0 - JITTER + 2.0 * JITTER * dice.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn jitter_moves_a_refresh_by_at_most_a_tenth() {
        let mut schedule = Schedule::new(secs(600), DAY);
        assert_eq!(schedule.after_success(None, 0.0), secs(540));
        assert_eq!(schedule.after_success(None, 0.5), secs(600));
        assert_eq!(schedule.after_success(None, 1.0), secs(660));
    }

    #[test]
    fn keys_are_fetched_again_before_they_are_too_old() {
        for (refresh, max_stale) in [(600, 600), (600, 700), (3600, 3600), (10, 10)] {
            let wait = Schedule::new(secs(refresh), secs(max_stale)).after_success(None, 1.0);
            assert!(wait < secs(max_stale).mul_f64(0.9), "{refresh} {max_stale} {wait:?}");
        }
        assert!(
            Schedule::new(secs(1), secs(1)).after_success(None, 0.0) > secs(0),
            "and never without a wait"
        );
    }

    #[test]
    fn cache_control_shortens_to_a_minute_and_never_lengthens() {
        for (refresh, max_age, want) in [
            (600, 300, 300),
            (600, 5, 60),
            (600, 0, 60),
            (600, 86_400, 600),
            (600, 600, 600),
            (60, 5, 60),
            (1, 0, 1),
            (1, 3600, 1),
            (30, 10, 30),
        ] {
            let wait = Schedule::new(secs(refresh), DAY).after_success(Some(secs(max_age)), 0.5);
            assert_eq!(wait, secs(want), "refresh {refresh} max-age {max_age}");
        }
        assert_eq!(
            Schedule::new(secs(600), DAY).after_success(Some(secs(60)), 0.0),
            secs(60),
            "no less than 1m"
        );
    }

    #[test]
    fn failures_wait_one_second_doubling_to_a_minute() {
        let mut schedule = Schedule::new(secs(600), DAY);
        let waits: Vec<u64> = (0..9).map(|_| schedule.after_failure(None, 0.5).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..100 {
            assert_eq!(schedule.after_failure(None, 0.5), secs(60));
        }
        schedule.after_success(None, 0.5);
        assert_eq!(schedule.after_failure(None, 0.5), secs(1), "a success starts anew");
        assert_eq!(schedule.after_failure(None, 1.0), secs(2).mul_f64(1.1));
    }

    #[test]
    fn retry_after_is_respected_up_to_an_hour() {
        for (asked, dice, wanted) in
            [(0, 0.5, 1.0), (10, 0.0, 10.0), (10, 1.0, 11.0), (9_999_999, 0.0, 3600.0)]
        {
            let wait = Schedule::new(secs(600), DAY).after_failure(Some(secs(asked)), dice);
            assert!((wait.as_secs_f64() - wanted).abs() < 1e-6, "{asked} {dice}: {wait:?}");
        }
        let mut schedule = Schedule::new(secs(600), DAY);
        for _ in 0..10 {
            schedule.after_failure(Some(secs(5)), 0.5);
        }
        assert_eq!(schedule.after_failure(Some(secs(5)), 0.5), secs(60), "the back-off goes on");
    }
}

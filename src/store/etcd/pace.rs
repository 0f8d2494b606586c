//! How long to wait before the next try: full jitter over a back-off that doubles, so that a fleet does not come back all
//! at once.

use std::time::Duration;

use rand::Rng as _;

/// The bound of the first wait.
const FIRST: Duration = Duration::from_millis(100);
/// The bound of the longest wait.
const LONGEST: Duration = Duration::from_secs(5);

/// The waits between tries.
#[derive(Debug)]
pub(super) struct BackOff {
    bound: Duration,
}

impl BackOff {
    pub(super) const fn new() -> Self {
        Self { bound: FIRST }
    }

    /// The next wait: anything between nothing and a bound, which doubles each time.
    pub(super) fn next(&mut self) -> Duration {
        let wait = rand::rng().random_range(Duration::ZERO..=self.bound);
        self.bound = (self.bound * 2).min(LONGEST);
        wait
    }

    /// Begins anew, after a success.
    pub(super) const fn reset(&mut self) {
        self.bound = FIRST;
    }
}

/// A time around `middle`, a tenth more or less.
pub(super) fn jittered(middle: Duration) -> Duration {
    middle.mul_f64(rand::rng().random_range(0.9..=1.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_a_bound_that_doubles_up_to_five_seconds_and_begin_anew() {
        let mut waits = BackOff::new();
        for bound in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            assert!(waits.next() <= Duration::from_millis(bound));
        }
        waits.reset();
        assert!(waits.next() <= FIRST);
        let around = jittered(LONGEST);
        assert!((Duration::from_millis(4500)..=Duration::from_millis(5500)).contains(&around), "{around:?}");
    }
}

//! The wait after failures in a row, which doubles with each.
//!
//! Chance, and what the other side asks for, are for whoever waits.

use std::time::Duration;

/// The wait after so many failures in a row: `first` after one, and twice as long after each further one, up to `longest`.
#[must_use]
pub fn doubled(first: Duration, failures: u32, longest: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_the_longest_however_many_failures_there_are() {
        let wait = |failures| doubled(Duration::from_secs(1), failures, Duration::from_secs(60)).as_secs();
        let waits = [0, 1, 2, 6, 7, 32, 33, 64, 65, u32::MAX].map(wait);
        assert_eq!(waits, [1, 1, 2, 32, 60, 60, 60, 60, 60, 60]);
    }
}

//! Time as a value: who needs "now" gets it as an argument, and only the outermost layer asks a [`Clock`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in wall-clock time: time since 1970-01-01T00:00:00Z, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_unix(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// From the time since the epoch.
    #[must_use]
    pub const fn from_duration(since_epoch: Duration) -> Self {
        Self(since_epoch)
    }

    /// Time since the epoch.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn unix(self) -> u64 {
        self.0.as_secs()
    }

    /// Seconds since the epoch with their fraction, as a token's `exp` counts them.
    #[must_use]
    pub fn unix_f64(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// As a point of the calendar, to the millisecond: how logs and the history write it.
    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        let millis = i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The time from `earlier` until this instant; zero when the clock went back in between.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This instant, `by` later.
    #[must_use]
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// As RFC 3339 writes it, to the second.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.unix()).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_second(seconds) {
            Ok(moment) => write!(f, "{moment}"),
            // Beyond the year 9999 there is no such writing.
            Err(_) => write!(f, "{seconds} s after 1970"),
        }
    }
}

/// Where "now" comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> Instant {
        // A clock before 1970 reads as the epoch: every token is then "not yet valid", which fails closed.
        Instant(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
    }
}

/// A clock that stands still until it is set; for tests and benches.
#[derive(Debug)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// A clock that stands at `at` (whole milliseconds are kept).
    #[must_use]
    pub fn at(at: Instant) -> Self {
        let clock = Self(AtomicU64::new(0));
        clock.set(at);
        clock
    }

    /// Moves the clock to `at`.
    pub fn set(&self, at: Instant) {
        let millis = u64::try_from(at.since_epoch().as_millis()).unwrap_or(u64::MAX);
        self.0.store(millis, Ordering::SeqCst);
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        Instant(Duration::from_millis(self.0.load(Ordering::SeqCst)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_for_people() {
        for (at, wanted) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_800_000_000, "2027-01-15T08:00:00Z"),
            (u64::MAX, "9223372036854775807 s after 1970"),
        ] {
            assert_eq!(Instant::from_unix(at).to_string(), wanted);
        }
    }
}

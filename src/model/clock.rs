//! Time as a value: decisions take "now" as an argument, and only the outermost layer asks a [`Clock`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in wall-clock time, as the time since 1970-01-01T00:00:00Z; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// The point `seconds` after the epoch.
    #[must_use]
    pub const fn from_unix(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The point `since_epoch` after the epoch.
    #[must_use]
    pub const fn from_duration(since_epoch: Duration) -> Self {
        Self(since_epoch)
    }

    /// The instant of a `NumericDate` (RFC 7519 section 2), without its fraction; `None` for one that no clock shows.
    #[must_use]
    pub fn from_numeric_date(seconds: f64) -> Option<Self> {
        Duration::try_from_secs_f64(seconds).ok().map(|since| Self::from_unix(since.as_secs()))
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

    /// A calendar timestamp in milliseconds, which logs and the history write.
    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        // `Timestamp` ends with the year 9999; whatever is later reads as its last value.
        let millis = i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The time from `earlier` until this instant; zero when the clock was set back in between.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant that is `by` later.
    #[must_use]
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// RFC 3339, in whole seconds.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.unix()).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_second(seconds) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            // RFC 3339 has no years beyond 9999.
            Err(_) => write!(f, "{seconds} s after 1970"),
        }
    }
}

/// A source of the present time.
pub trait Clock: Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Instant {
        // A clock before 1970 reads as the epoch: every token is then "not yet valid", which fails closed.
        Instant(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
    }
}

/// A clock that stands still until it is set; for tests and benches.
#[derive(Debug)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// A clock that shows `at`, in whole milliseconds.
    #[must_use]
    pub fn at(at: Instant) -> Self {
        let clock = Self(AtomicU64::new(0));
        clock.set(at);
        clock
    }

    /// Sets the clock to `at`.
    pub fn set(&self, at: Instant) {
        let millis = u64::try_from(at.since_epoch().as_millis()).unwrap_or(u64::MAX);
        self.0.store(millis, Ordering::SeqCst);
    }

    /// Sets the clock forward.
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
    fn a_timestamp_is_written_as_rfc_3339_does() {
        for (at, wanted) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_800_000_000, "2027-01-15T08:00:00Z"),
            (u64::MAX, "9223372036854775807 s after 1970"),
        ] {
            assert_eq!(Instant::from_unix(at).to_string(), wanted);
        }
    }
}

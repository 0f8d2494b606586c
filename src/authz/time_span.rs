//! A span of time in which something stays as it is.

use std::time::Duration;

use crate::model::Instant;

/// A span of time, in seconds since the epoch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeSpan {
    from: f64,
    until: f64,
}

impl TimeSpan {
    /// All time.
    pub const ALWAYS: Self = Self { from: f64::NEG_INFINITY, until: f64::INFINITY };

    /// From then on, until then.
    #[must_use]
    pub const fn new(from: f64, until: f64) -> Self {
        Self { from, until }
    }

    /// Narrows it to the time around `now` in which another span holds throughout, or not at all.
    pub fn narrow(&mut self, other: Self, now: Instant) {
        let part = if other.holds_at(now) {
            other
        } else if now.unix_f64() < other.from {
            Self { until: other.from.next_down(), ..Self::ALWAYS }
        } else {
            Self { from: other.until.next_up(), ..Self::ALWAYS }
        };
        *self = Self { from: self.from.max(part.from), until: self.until.min(part.until) };
    }

    /// When it ends; `None` = never, as far as anybody can tell.
    #[must_use]
    pub fn ends(&self) -> Option<Instant> {
        Duration::try_from_secs_f64(self.until).ok().map(Instant::from_duration)
    }

    /// Whether `now` is in it.
    #[must_use]
    pub fn holds_at(&self, now: Instant) -> bool {
        (self.from..=self.until).contains(&now.unix_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_ends_where_there_is_an_end() {
        assert_eq!(TimeSpan::ALWAYS.ends(), None);
        assert_eq!(TimeSpan::new(0.0, 1e300).ends(), None, "beyond all clocks");
        let wanted = Instant::from_duration(Duration::from_millis(1_500));
        assert_eq!(TimeSpan::new(0.0, 1.5).ends(), Some(wanted));
    }

    #[test]
    fn a_span_is_narrowed_to_the_time_in_which_nothing_changes() {
        let others = [TimeSpan::new(10.0, 20.0), TimeSpan::new(15.0, 30.0)];
        let all = |at: u64| others.map(|other| other.holds_at(Instant::from_unix(at)));
        for now in 0..40 {
            let mut span = TimeSpan::ALWAYS;
            for other in others {
                span.narrow(other, Instant::from_unix(now));
            }
            // It holds wherever nothing has changed in between, and nowhere else.
            for at in 0..40 {
                let (low, high) = (now.min(at), now.max(at));
                let is_same = (low..=high).all(|between| all(between) == all(now));
                assert_eq!(span.holds_at(Instant::from_unix(at)), is_same, "{now} {at}");
            }
        }
    }
}

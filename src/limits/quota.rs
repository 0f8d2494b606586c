//! A quota: so many requests in a day or a month of the calendar, in UTC. Nothing of it comes back before the next one begins, and
//! then all of it.
//!
//! It is counted by all members of a fleet together: what this member knows of its buckets is in `ledger`.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use crate::model::{Instant, KeyedHash, closed_words};

closed_words! {
    /// How long a quota holds.
    Period {
        /// From midnight to midnight.
        Day = "day",
        /// From the first of a month to that of the next.
        Month = "month",
    }
}

/// A quota, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The requests of a period, at least one.
    pub count: u32,
    /// The period.
    pub period: Period,
}

/// The day or the month that a time is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term {
    period: Period,
    begins: i64,
    /// When the next one begins.
    pub(super) ends: Instant,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Period {
    /// The day or the month that `now` is in.
    pub(super) fn at(self, now: Instant) -> Term {
        let today = now.timestamp().to_zoned(TimeZone::UTC).date();
        let (first, next) = match self {
            Self::Day => (today, today.checked_add(1.day())),
            Self::Month => {
                let first = today.first_of_month();
                (first, first.checked_add(1.month()))
            }
        };
        let seconds = |date: jiff::civil::Date| {
            date.to_zoned(TimeZone::UTC).map_or(0, |begin| begin.timestamp().as_second())
        };
        // The calendar ends with the year 9999; a term that would end later ends within a day.
        let ends = next.map_or(now.plus(DAY), |next| {
            Instant::from_unix(u64::try_from(seconds(next)).unwrap_or_default())
        });
        Term { period: self, begins: seconds(first), ends }
    }
}

impl Term {
    /// What tells its buckets from those of another term, at every member.
    pub(super) fn key(&self) -> KeyedHash {
        KeyedHash::common(&["term", self.period.as_str(), &self.begins.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        let seconds = text.parse::<jiff::Timestamp>().unwrap().as_second();
        Instant::from_unix(u64::try_from(seconds).unwrap())
    }

    #[test]
    fn a_term_is_a_day_or_a_month_of_utc() {
        for (period, now, ends) in [
            (Period::Day, "2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"),
            (Period::Day, "2026-11-29T23:59:59Z", "2026-11-30T00:00:00Z"),
            (Period::Day, "2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z"),
            (Period::Day, "2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z"),
            (Period::Month, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            (Period::Month, "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z"),
            (Period::Month, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
            (Period::Month, "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
        ] {
            let term = period.at(at(now));
            assert_eq!(term.ends, at(ends), "{period} {now}");
            assert_eq!(period.at(at(now).plus(Duration::from_micros(1))).key(), term.key(), "{period} {now}");
            assert_ne!(period.at(term.ends).key(), term.key(), "{period} {now}");
        }
        let (day, month) = (Period::Day.at(at("2026-11-01T00:00:00Z")), Period::Month);
        assert_ne!(day.key(), month.at(at("2026-11-01T00:00:00Z")).key());
    }
}

//! What stands in the way of a request at a bucket that all members share: what it holds, how it is filled again, and who shares it.
//!
//! What was spent from it is for `ledger`.

use std::time::Duration;

use super::fleetwide::Common;
use super::rate::Standing;

const MICROSECONDS: f64 = 1_000_000.0;

/// How a bucket is filled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refill {
    /// Steadily: so many requests in a window.
    Steady {
        /// The requests of a window, at least one.
        count: u32,
        /// The window.
        window: Duration,
    },
    /// At once, after so long.
    Whole {
        /// Until then nothing comes back.
        after: Duration,
    },
}

/// How a bucket is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// The requests of a full bucket.
    pub(super) burst: u32,
    pub(super) refill: Refill,
    /// How many members there are.
    pub(super) members: u32,
    /// Whether the members hear of each other.
    pub(super) is_linked: bool,
    /// In microseconds.
    pub(super) now: u64,
}

impl View {
    /// That of a bucket which ends at `ends`, in microseconds, where it ends.
    pub(super) const fn of(common: Common, ends: u64, (members, is_linked, now): (u32, bool, u64)) -> Self {
        let refill = match common {
            Common::Rate(rate) => Refill::Steady { count: rate.count, window: rate.window },
            Common::Quota(_) => Refill::Whole { after: Duration::from_micros(ends.saturating_sub(now)) },
        };
        Self { burst: common.burst(), refill, members, is_linked, now }
    }

    /// Requests that drain in so many microseconds.
    pub(super) fn drained(&self, microseconds: u64) -> f64 {
        match self.refill {
            Refill::Steady { count, window } => {
                as_f64(microseconds) * f64::from(count) / (window.as_secs_f64() * MICROSECONDS)
            }
            Refill::Whole { .. } => 0.0,
        }
    }

    pub(super) fn full(&self) -> f64 {
        f64::from(self.burst)
    }

    /// This member's part of so many requests.
    pub(super) fn part(&self, requests: f64) -> f64 {
        requests / f64::from(self.members.max(1))
    }

    /// Seconds, rounded up and at least one, until so many requests have drained, of a part that one of so many members has.
    pub(super) fn seconds(&self, requests: f64, members: u32) -> u64 {
        let seconds = match self.refill {
            Refill::Steady { count, window } => {
                let a_request = window.as_secs_f64() / f64::from(count.max(1));
                requests * a_request * f64::from(members.max(1))
            }
            Refill::Whole { after } => after.as_secs_f64(),
        };
        ceiling(seconds).max(1)
    }

    /// The same until a bucket from which so much was spent is full.
    pub(super) fn until_full(&self, spent: f64, members: u32) -> u64 {
        if spent <= 0.0 { 0 } else { self.seconds(spent, members) }
    }

    /// What is left of a bucket from which so much was spent.
    pub(super) fn after(&self, spent: f64) -> Standing {
        let left = self.full() - spent;
        match left >= 1.0 {
            true => Standing { left: whole(left), seconds: self.until_full(spent, 1) },
            false => Standing { left: 0, seconds: self.seconds((1.0 - left).max(0.0), 1) },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a process are far below 2^53")]
const fn as_f64(microseconds: u64) -> f64 {
    microseconds as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "such a cast ends at the bounds")]
pub(super) fn whole(requests: f64) -> u64 {
    requests as u64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "such a cast ends at the bounds")]
pub(super) fn ceiling(number: f64) -> u64 {
    number.ceil() as u64
}

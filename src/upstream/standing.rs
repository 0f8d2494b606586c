//! How a target stands: its failures in a row, its ejection, its health by active checks, and its slow start.
//!
//! Whether an ejection is honoured is for `pick`, for each agent; when to look at all is for the caller, who has the time.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::model::{Instant, Live, TargetFault, TargetOrder};

/// The longest ejection: a target that is away for hours is asked again every five minutes.
const LONGEST: Duration = Duration::from_secs(300);
/// The whole share, in thousandths.
pub(super) const WHOLE: u32 = 1_000;
/// The share with which a slow start begins, in thousandths: with less, a quiet agent would never ask the target.
const FIRST_SHARE: u32 = 100;

/// In [`Standing::barred`]: its active checks fail.
const UNHEALTHY: u8 = 1;
/// In [`Standing::barred`]: an operator lets it take no new requests.
const DRAINED: u8 = 2;

/// When failures eject a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eject {
    /// So many in a row.
    pub failures: u32,
    /// How long the first ejection lasts; the next one in a row lasts twice as long, and so on.
    pub base: Duration,
    /// The most targets of an agent that are out at once, in hundredths of all.
    pub max_share: u8,
    /// What counts.
    pub on: Box<[TargetFault]>,
}

/// The last thing that went wrong at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// In the words of the log, or the status that it answered.
    pub what: Cow<'static, str>,
    /// When.
    pub at: Instant,
}

/// How one target stands. Readers on the warm path only load.
#[derive(Debug)]
pub struct Standing {
    /// Failures since the last good answer.
    failures: AtomicU32,
    /// Ejections in a row.
    times: AtomicU32,
    /// When the last ejection began, in milliseconds since 1970; 0 = there was none, or it was taken back.
    ejected_at: AtomicU64,
    /// How long it lasts, in milliseconds.
    ejected_for: AtomicU64,
    /// Since when it is used after a pause, or at all; 0 = since the start of the process.
    since: AtomicU64,
    /// Why it takes nothing new whatever its answers are: one word, so that a request looks once.
    barred: AtomicU8,
    last_error: Live<Option<LastError>>,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            failures: AtomicU32::new(0),
            times: AtomicU32::new(0),
            ejected_at: AtomicU64::new(0),
            ejected_for: AtomicU64::new(0),
            since: AtomicU64::new(0),
            barred: AtomicU8::new(0),
            last_error: Live::new(None),
        }
    }
}

impl Standing {
    /// It was added while the process runs.
    pub fn added(&self, now: Instant) {
        self.since.store(millis(now), Ordering::Relaxed);
    }

    /// Notes an answer that does not count against it.
    pub fn answered(&self) {
        // Nearly always there is nothing to forget, and shards share it.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a failure. Returns how long the target is out, when this failure ejects it.
    pub fn failed(&self, now: Instant, eject: &Eject) -> Option<Duration> {
        if self.ejected(now).is_some() {
            // Requests that were under way when it was ejected say nothing new.
            return None;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures < eject.failures {
            return None;
        }
        self.failures.store(0, Ordering::Relaxed);
        let before = self.ejected_at.load(Ordering::Relaxed);
        let times = self.next_times(now);
        let lasts = eject.base.saturating_mul(times).min(LONGEST.max(eject.base));
        if self
            .ejected_at
            .compare_exchange(before, millis(now), Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            // Another failure was faster.
            return None;
        }
        self.ejected_for.store(milliseconds(lasts), Ordering::Relaxed);
        self.times.store(times, Ordering::Relaxed);
        Some(lasts)
    }

    /// Notes what went wrong, for people.
    pub fn note(&self, what: impl Into<Cow<'static, str>>, at: Instant) {
        self.last_error.publish(Arc::new(Some(LastError { what: what.into(), at })));
    }

    /// Active checks say that it is well, or that it is not. Returns whether that is news.
    pub fn checked(&self, healthy: bool, now: Instant) -> bool {
        let before = match healthy {
            true => self.barred.fetch_and(!UNHEALTHY, Ordering::Relaxed),
            false => self.barred.fetch_or(UNHEALTHY, Ordering::Relaxed),
        };
        let was_unhealthy = before & UNHEALTHY != 0;
        let was_ejected = healthy && self.ejected(now).is_some();
        if was_ejected {
            self.ejected_at.store(0, Ordering::Relaxed);
        }
        if healthy && (was_unhealthy || was_ejected) {
            self.failures.store(0, Ordering::Relaxed);
            self.since.store(millis(now), Ordering::Relaxed);
        }
        was_unhealthy == healthy || was_ejected
    }

    /// Does what an operator says. Returns whether that is news. A target that takes requests again begins slowly: nothing there
    /// is warm any more.
    pub fn obey(&self, order: TargetOrder, now: Instant) -> bool {
        match order {
            TargetOrder::Drain => self.barred.fetch_or(DRAINED, Ordering::Relaxed) & DRAINED == 0,
            TargetOrder::Undrain => {
                let was_drained = self.barred.fetch_and(!DRAINED, Ordering::Relaxed) & DRAINED != 0;
                if was_drained {
                    self.since.store(millis(now), Ordering::Relaxed);
                }
                was_drained
            }
        }
    }

    /// Since when it is ejected, if it is.
    #[must_use]
    pub fn ejected(&self, now: Instant) -> Option<Instant> {
        let at = self.ejected_at.load(Ordering::Relaxed);
        if at == 0 {
            return None;
        }
        // A clock that was set back ends an ejection rather than to prolong it.
        let past = millis(now).checked_sub(at)?;
        let out = past < self.ejected_for.load(Ordering::Relaxed);
        out.then(|| Instant::from_duration(Duration::from_millis(at)))
    }

    /// Whether its active checks fail.
    #[must_use]
    pub fn is_unhealthy(&self) -> bool {
        self.barred.load(Ordering::Relaxed) & UNHEALTHY != 0
    }

    /// Whether an operator lets it take no new requests.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.barred.load(Ordering::Relaxed) & DRAINED != 0
    }

    /// Whether it takes nothing new for one of these reasons.
    pub(super) fn is_barred(&self) -> bool {
        self.barred.load(Ordering::Relaxed) != 0
    }

    /// The part of its weight that it is given now, in thousandths.
    #[must_use]
    pub fn share(&self, now: Instant, slow_start: Duration) -> u32 {
        self.begun().map_or(WHOLE, |begun| share(begun, millis(now), slow_start))
    }

    /// The last thing that went wrong.
    #[must_use]
    pub fn last_error(&self) -> Option<LastError> {
        (*self.last_error.get()).clone()
    }

    /// Since when it is used after a pause, in milliseconds; an ejection ends by itself.
    fn begun(&self) -> Option<u64> {
        let ejected = match self.ejected_at.load(Ordering::Relaxed) {
            0 => 0,
            at => at.saturating_add(self.ejected_for.load(Ordering::Relaxed)),
        };
        Some(ejected.max(self.since.load(Ordering::Relaxed))).filter(|begun| *begun > 0)
    }

    /// The number in its row of an ejection that begins now. A target that did well for as long as it was out begins anew.
    fn next_times(&self, now: Instant) -> u32 {
        let at = self.ejected_at.load(Ordering::Relaxed);
        let lasted = self.ejected_for.load(Ordering::Relaxed);
        let in_a_row = at != 0 && millis(now) < at.saturating_add(lasted.saturating_mul(2));
        if in_a_row { self.times.load(Ordering::Relaxed).saturating_add(1) } else { 1 }
    }
}

/// The part of its weight that something is given which began at that moment, in thousandths.
pub(super) fn share_since(begun: Instant, now: Instant, slow_start: Duration) -> u32 {
    share(millis(begun), millis(now), slow_start)
}

/// A clock that was set back ends a slow start.
fn share(begun: u64, now: u64, slow_start: Duration) -> u32 {
    let whole = milliseconds(slow_start);
    match now.checked_sub(begun) {
        Some(past) if past < whole => {
            let share = past.saturating_mul(u64::from(WHOLE)).checked_div(whole).unwrap_or(0);
            u32::try_from(share).unwrap_or(WHOLE).max(FIRST_SHARE)
        }
        Some(_) | None => WHOLE,
    }
}

fn millis(at: Instant) -> u64 {
    milliseconds(at.since_epoch())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    pub(crate) fn eject() -> Eject {
        Eject { failures: 5, base: SECOND * 10, max_share: 50, on: TargetFault::ALL.into() }
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_unix(1_000 + seconds)
    }

    /// Fails until it is out; returns for how long.
    fn fail(standing: &Standing, now: Instant) -> Option<Duration> {
        (0..5).filter_map(|_| standing.failed(now, &eject())).last()
    }

    #[test]
    fn the_fifth_failure_in_a_row_ejects_and_a_good_answer_begins_the_row_anew() {
        let standing = Standing::default();
        for _ in 0..3 {
            (0..4).for_each(|_| assert_eq!(standing.failed(at(0), &eject()), None));
            standing.answered();
        }
        (0..4).for_each(|_| assert_eq!(standing.failed(at(0), &eject()), None));
        assert_eq!(standing.ejected(at(0)), None);
        assert_eq!(standing.failed(at(0), &eject()), Some(SECOND * 10));
        assert_eq!(standing.ejected(at(9)), Some(at(0)));
        assert_eq!(standing.ejected(at(10)), None);
    }

    #[test]
    fn ejections_in_a_row_last_longer_each_time_and_never_longer_than_five_minutes() {
        let standing = Standing::default();
        let mut now = 0;
        for times in 1..40 {
            let wanted = (SECOND * 10 * times).min(LONGEST);
            assert_eq!(fail(&standing, at(now)), Some(wanted), "the {times}th");
            now += wanted.as_secs();
        }
        now += LONGEST.as_secs();
        assert_eq!(fail(&standing, at(now)), Some(SECOND * 10), "it did well for as long as it was out");
    }

    #[test]
    fn what_fails_while_it_is_out_prolongs_nothing() {
        let standing = Standing::default();
        assert!(fail(&standing, at(0)).is_some());
        assert_eq!(fail(&standing, at(5)), None);
        assert_eq!(standing.ejected(at(10)), None);
    }

    #[test]
    fn a_clock_that_was_set_back_ends_an_ejection() {
        let standing = Standing::default();
        assert!(fail(&standing, at(100)).is_some());
        assert_eq!(standing.ejected(at(0)), None);
        assert_eq!(standing.share(at(0), SECOND * 30), WHOLE);
    }

    #[test]
    fn a_target_begins_slowly_after_it_was_added_or_has_recovered_and_not_at_the_start() {
        let slow = SECOND * 30;
        let standing = Standing::default();
        assert_eq!(standing.share(at(0), slow), WHOLE);
        standing.added(at(0));
        let shares = [0, 15, 30].map(|second| standing.share(at(second), slow));
        assert_eq!(shares, [FIRST_SHARE, 500, WHOLE]);
        assert_eq!(standing.share(at(0), Duration::ZERO), WHOLE, "off");
        let standing = Standing::default();
        assert!(fail(&standing, at(100)).is_some());
        let shares = [110, 125, 140].map(|second| standing.share(at(second), slow));
        assert_eq!(shares, [FIRST_SHARE, 500, WHOLE]);
    }

    #[test]
    fn a_check_that_passes_brings_a_target_back_that_was_out() {
        let standing = Standing::default();
        assert!(fail(&standing, at(0)).is_some());
        assert!(standing.checked(true, at(1)), "news");
        assert_eq!(standing.ejected(at(1)), None);
        assert!(!standing.checked(true, at(2)), "no news");
        assert!(standing.checked(false, at(3)) && standing.is_unhealthy());
        assert!(standing.checked(true, at(4)) && !standing.is_unhealthy());
        assert_eq!(standing.share(at(4), SECOND * 30), FIRST_SHARE);
    }

    #[test]
    fn an_order_is_news_once_and_checks_do_not_take_it_back() {
        let standing = Standing::default();
        assert!(standing.obey(TargetOrder::Drain, at(0)) && !standing.obey(TargetOrder::Drain, at(1)));
        assert!(standing.checked(false, at(2)) && standing.checked(true, at(3)));
        assert!(standing.is_drained() && !standing.is_unhealthy());
        assert!(standing.obey(TargetOrder::Undrain, at(4)) && !standing.obey(TargetOrder::Undrain, at(30)));
        assert!(!standing.is_drained() && !standing.is_barred());
        assert_eq!(standing.share(at(4), SECOND * 30), FIRST_SHARE, "it begins slowly");
    }
}

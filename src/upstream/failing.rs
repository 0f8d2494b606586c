//! How the addresses of a target stand at which something failed. One at which requests fail several times in a row is left out for
//! a while, and one that fails its active checks until they pass, as a target is of an agent, so that one bad place behind a name does
//! not cost its part of all requests. What comes back begins slowly.
//!
//! Only addresses that have failed are here: a target that does well has none, and costs a look at that. An address to which no
//! connection can be made is left out sooner, by `addresses`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::model::{Instant, Live};

use super::addresses::Fit;
use super::endpoint::Endpoint;
use super::standing::{Eject, Standing, WHOLE};

/// How each stands that has failed.
#[derive(Debug)]
pub(super) struct Failing {
    is_any: AtomicBool,
    all: Live<Vec<(SocketAddr, Arc<Standing>)>>,
}

impl Default for Failing {
    fn default() -> Self {
        Self { is_any: AtomicBool::new(false), all: Live::new(Vec::new()) }
    }
}

impl Failing {
    /// A good answer came from an address.
    pub(super) fn answered(&self, at: SocketAddr) {
        if self.is_any.load(Ordering::Relaxed) {
            self.all.with(|all| {
                if let Some(standing) = find(all, at) {
                    standing.answered();
                }
            });
        }
    }

    /// A request failed at an address of this endpoint. Returns how long it is left out, when this failure is the reason: at most a
    /// part of the addresses are, and never the last.
    pub(super) fn failed(
        &self,
        at: SocketAddr,
        endpoint: &Endpoint,
        now: Instant,
        eject: &Eject,
    ) -> Option<Duration> {
        let all = self.all.get();
        let out = all
            .iter()
            .filter(|(other, standing)| *other != at && endpoint.has(*other) && is_out(standing, now));
        let (out, known) = (out.count() + 1, endpoint.len());
        if out >= known || out * 100 > known * usize::from(eject.max_share) {
            return None;
        }
        match find(&all, at) {
            Some(standing) => standing.failed(now, eject),
            None => self.added(at, &all, endpoint).failed(now, eject),
        }
    }

    /// Active checks say that an address is well, or that it is not. Returns whether that is news.
    pub(super) fn checked(&self, at: SocketAddr, endpoint: &Endpoint, healthy: bool, now: Instant) -> bool {
        let all = self.all.get();
        match find(&all, at) {
            Some(standing) => standing.checked(healthy, now),
            None => !healthy && self.added(at, &all, endpoint).checked(false, now),
        }
    }

    /// No checks are made any more, so that none speaks against an address.
    pub(super) fn unchecked(&self, now: Instant) {
        let all = self.all.get();
        all.iter().filter(|(_, standing)| standing.is_unhealthy()).for_each(|(_, standing)| {
            standing.checked(true, now);
        });
    }

    /// Whether a request may begin with an address at this turn, where the share of one that comes back grows for so long.
    pub(super) fn fit(&self, at: SocketAddr, turn: usize, now: Instant, slow_start: Duration) -> Fit {
        if !self.is_any.load(Ordering::Relaxed) {
            return Fit::Well;
        }
        self.all.with(|all| match find(all, at) {
            None => Fit::Well,
            Some(standing) if is_out(standing, now) => Fit::Out,
            Some(standing) => fit_by(standing.share(now, slow_start), turn),
        })
    }

    /// Whether an address is left out.
    pub(super) fn is_out(&self, at: SocketAddr, now: Instant) -> bool {
        self.is_any.load(Ordering::Relaxed)
            && self.all.with(|all| find(all, at).is_some_and(|standing| is_out(standing, now)))
    }

    /// Adds one, and forgets those that the name no longer has. Of two that are added at the same time one may be lost, and is
    /// added when it fails the next time.
    fn added(
        &self,
        at: SocketAddr,
        before: &[(SocketAddr, Arc<Standing>)],
        endpoint: &Endpoint,
    ) -> Arc<Standing> {
        let standing = Arc::<Standing>::default();
        let mut all: Vec<_> = before.iter().filter(|(other, _)| endpoint.has(*other)).cloned().collect();
        all.push((at, Arc::clone(&standing)));
        self.all.publish(Arc::new(all));
        self.is_any.store(true, Ordering::Relaxed);
        standing
    }
}

fn is_out(standing: &Standing, now: Instant) -> bool {
    standing.is_unhealthy() || standing.ejected(now).is_some()
}

/// Whether an address with this share of its requests may have that turn.
pub(super) fn fit_by(share: u32, turn: usize) -> Fit {
    if share >= WHOLE || lot(turn) < share { Fit::Well } else { Fit::Spared }
}

/// A number below [`WHOLE`] for a turn. Neighbouring turns are far apart: with two addresses, every other turn is the same one's.
fn lot(turn: usize) -> u32 {
    /// 2^32 divided by the golden ratio, so that the first turns are spread evenly already.
    const STEP: u32 = 0x9E37_79B9;
    let turn = u32::try_from(turn & 0xFFFF_FFFF).unwrap_or(0);
    let mixed = u64::from(turn.wrapping_mul(STEP));
    u32::try_from((mixed * u64::from(WHOLE)) >> 32).unwrap_or(0)
}

fn find(all: &[(SocketAddr, Arc<Standing>)], at: SocketAddr) -> Option<&Standing> {
    all.iter().find(|(address, _)| *address == at).map(|(_, standing)| &**standing)
}

#[cfg(test)]
mod tests {
    use super::super::standing::tests::eject;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const NOW: Instant = Instant::from_unix(1_000);

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 80))
    }

    fn endpoint(count: u8) -> Endpoint {
        let endpoint = Endpoint::new("agents.internal", 80);
        endpoint.resolved((1..=count).map(|last| (at(last), 1)).collect());
        endpoint
    }

    /// Fails until it is out; returns for how long.
    fn fail(failing: &Failing, last: u8, endpoint: &Endpoint) -> Option<Duration> {
        (0..5).filter_map(|_| failing.failed(at(last), endpoint, NOW, &eject())).last()
    }

    #[test]
    fn five_failures_in_a_row_leave_an_address_out_and_a_good_answer_begins_the_row_anew() {
        let (failing, endpoint) = (Failing::default(), endpoint(3));
        failing.answered(at(1));
        (0..4).for_each(|_| assert_eq!(failing.failed(at(1), &endpoint, NOW, &eject()), None));
        failing.answered(at(1));
        assert_eq!(failing.failed(at(1), &endpoint, NOW, &eject()), None);
        failing.answered(at(2));
        (0..3).for_each(|_| assert_eq!(failing.failed(at(1), &endpoint, NOW, &eject()), None));
        assert_eq!(failing.failed(at(1), &endpoint, NOW, &eject()), Some(SECOND * 10));
        assert!(failing.is_out(at(1), NOW) && !failing.is_out(at(2), NOW));
        assert!(!failing.is_out(at(1), Instant::from_unix(1_010)));
    }

    #[test]
    fn at_most_half_of_the_addresses_are_left_out_and_never_the_only_one() {
        for (count, outs) in [(1, 0), (2, 1), (3, 1), (4, 2)] {
            let (failing, endpoint) = (Failing::default(), endpoint(count));
            let out = (1..=count).filter(|last| fail(&failing, *last, &endpoint).is_some()).count();
            assert_eq!(out, outs, "of {count}");
        }
    }

    #[test]
    fn checks_leave_an_address_out_until_they_pass_and_it_begins_slowly() {
        let (failing, endpoint, slow) = (Failing::default(), endpoint(2), SECOND * 30);
        let fits = |last: u8, seconds: u64| {
            let now = Instant::from_unix(1_000 + seconds);
            (0..1_000).filter(|turn| failing.fit(at(last), *turn, now, slow) == Fit::Well).count()
        };
        assert!(!failing.checked(at(1), &endpoint, true, NOW), "no news");
        assert_eq!(fits(1, 0), 1_000);
        assert!(failing.checked(at(1), &endpoint, false, NOW));
        assert!(!failing.checked(at(1), &endpoint, false, NOW), "no news");
        assert_eq!(failing.fit(at(1), 0, Instant::from_unix(9_000), slow), Fit::Out, "no time ends that");
        assert_eq!((fits(1, 0), fits(2, 0)), (0, 1_000));
        assert!(failing.checked(at(1), &endpoint, true, NOW));
        for (seconds, wanted) in [(0, 100), (15, 500), (30, 1_000)] {
            let fits = fits(1, seconds);
            assert!(fits.abs_diff(wanted) <= 3, "{fits} after {seconds} s");
        }
        assert_eq!(failing.fit(at(1), 1, NOW, Duration::ZERO), Fit::Well, "without a slow start");
    }

    #[test]
    fn an_address_whose_ejection_is_over_begins_slowly_at_whichever_turns_are_its_own() {
        let (failing, endpoint) = (Failing::default(), endpoint(2));
        assert!(fail(&failing, 1, &endpoint).is_some());
        let now = Instant::from_unix(1_010 + 6);
        for first in [0, 1] {
            let turns = (first..2_000).step_by(2);
            let fits = turns.filter(|turn| failing.fit(at(1), *turn, now, SECOND * 30) == Fit::Well).count();
            assert!(fits.abs_diff(200) <= 5, "{fits}");
        }
    }

    #[test]
    fn without_checks_nothing_that_they_said_holds() {
        let (failing, endpoint) = (Failing::default(), endpoint(3));
        assert!(failing.checked(at(1), &endpoint, false, NOW) && fail(&failing, 2, &endpoint).is_none());
        assert!(failing.is_out(at(1), NOW), "one of three is out, which is all that may be");
        failing.unchecked(NOW);
        assert!(!failing.is_out(at(1), NOW) && fail(&failing, 2, &endpoint).is_some());
    }

    #[test]
    fn an_address_that_the_name_has_no_longer_is_forgotten_and_takes_no_room() {
        let (failing, endpoint) = (Failing::default(), endpoint(2));
        assert!(fail(&failing, 1, &endpoint).is_some());
        assert!(fail(&failing, 2, &endpoint).is_none(), "the last");
        endpoint.resolved(vec![(at(2), 1), (at(3), 1)]);
        assert!(fail(&failing, 3, &endpoint).is_some());
        assert_eq!(failing.all.get().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [at(3)]);
    }
}

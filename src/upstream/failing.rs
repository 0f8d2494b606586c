//! The addresses of a target at which requests failed. One that fails several times in a row is left out for a while, as a target
//! is of an agent, so that one bad place behind a name does not cost its part of all requests.
//!
//! Only addresses that have failed are here: a target that does well has none, and costs a look at that. An address to which no
//! connection can be made is left out sooner, by `addresses`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::model::{Instant, Live};

use super::endpoint::Endpoint;
use super::standing::{Eject, Standing};

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
        let out = all.iter().filter(|(other, standing)| {
            *other != at && endpoint.has(*other) && standing.ejected(now).is_some()
        });
        let (out, known) = (out.count() + 1, endpoint.len());
        if out >= known || out * 100 > known * usize::from(eject.max_share) {
            return None;
        }
        match find(&all, at) {
            Some(standing) => standing.failed(now, eject),
            None => self.added(at, &all, endpoint).failed(now, eject),
        }
    }

    /// Whether an address is left out.
    pub(super) fn is_out(&self, at: SocketAddr, now: Instant) -> bool {
        self.is_any.load(Ordering::Relaxed)
            && self.all.with(|all| find(all, at).is_some_and(|standing| standing.ejected(now).is_some()))
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
    fn an_address_that_the_name_has_no_longer_is_forgotten_and_takes_no_room() {
        let (failing, endpoint) = (Failing::default(), endpoint(2));
        assert!(fail(&failing, 1, &endpoint).is_some());
        assert!(fail(&failing, 2, &endpoint).is_none(), "the last");
        endpoint.resolved(vec![(at(2), 1), (at(3), 1)]);
        assert!(fail(&failing, 3, &endpoint).is_some());
        assert_eq!(failing.all.get().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [at(3)]);
    }
}

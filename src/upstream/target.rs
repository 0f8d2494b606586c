//! A target: one place where an agent runs, with its requests under way and how it stands. All agents that reach it in the same
//! way share it, and a change of the configuration keeps it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::{Instant, PerShard, Shard};

use super::addresses::Fit;
use super::endpoint::Endpoint;
use super::failing::{Failing, fit_by};
use super::protocol::UpstreamProtocol;
use super::standing::{Eject, Standing, share_since};

/// What makes two targets one: the place, how it is spoken to, whom to trust there, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetKey {
    /// Scheme, host and port, or the socket.
    pub place: String,
    /// How it is spoken to.
    pub protocol: UpstreamProtocol,
    /// The TLS settings: the name that is verified, the authorities, and the certificate that is shown.
    pub tls: Option<[Option<String>; 3]>,
    /// How long it may take to the head of its response.
    pub response_timeout: Duration,
}

/// One target.
#[derive(Debug)]
pub struct Target {
    /// Its scheme, host and port, or its socket, as metrics name it.
    pub name: Box<str>,
    /// Its addresses.
    pub endpoint: Arc<Endpoint>,
    /// How it stands.
    pub standing: Standing,
    /// How its addresses stand, where it has several.
    failing: Failing,
    /// Requests under way, streams among them, by the shard that has them.
    in_flight: OnceLock<PerShard<AtomicUsize>>,
}

impl Target {
    /// A target with nothing under way.
    #[must_use]
    pub fn new(name: &str, endpoint: Arc<Endpoint>) -> Self {
        let (standing, failing) = (Standing::default(), Failing::default());
        Self { name: name.into(), endpoint, standing, failing, in_flight: OnceLock::new() }
    }

    /// The index of the address with which the next request begins: another one than `tried`, where there is one. The share of
    /// an address that comes back, or is new, grows for as long as `slow_start` says.
    pub fn turn(&self, now: Instant, tried: Option<SocketAddr>, slow_start: Duration) -> usize {
        self.endpoint.turn_by(now, tried.is_some(), |at, new_since, turn| match tried {
            Some(tried) if tried == at => Fit::Out,
            Some(_) | None => match (self.failing.fit(at, turn, now, slow_start), new_since) {
                (Fit::Well, Some(since)) => fit_by(share_since(since, now, slow_start), turn),
                (fit, _) => fit,
            },
        })
    }

    /// Whether there is another address than this one that is not left out.
    #[must_use]
    pub fn has_another(&self, than: SocketAddr, now: Instant) -> bool {
        self.endpoint.has_another(than, now, |at| self.failing.is_out(at, now))
    }

    /// Active checks say that one of several addresses is well, or that it is not. Returns whether that is news.
    pub fn checked_at(&self, at: SocketAddr, healthy: bool, now: Instant) -> bool {
        self.failing.checked(at, &self.endpoint, healthy, now)
    }

    /// No checks are made any more: none speaks against the target, or an address of it.
    pub fn unchecked(&self, now: Instant) {
        self.standing.checked(true, now);
        self.failing.unchecked(now);
    }

    /// Notes an answer from this address that does not count against it.
    pub fn answered(&self, at: Option<SocketAddr>) {
        self.standing.answered();
        if let Some(at) = at {
            self.failing.answered(at);
        }
    }

    /// Notes a failure at this address. Returns how long the address is left out, when this failure is the reason.
    pub fn failed_at(&self, at: SocketAddr, now: Instant, eject: &Eject) -> Option<Duration> {
        self.failing.failed(at, &self.endpoint, now, eject)
    }

    /// A request begins there. Returns the shard that has it.
    #[must_use]
    pub fn enter(&self) -> Shard {
        let here = Shard::here();
        self.counts().at(here).fetch_add(1, Ordering::Relaxed);
        here
    }

    /// A request of that shard ends there.
    pub fn leave(&self, shard: Shard) {
        self.counts().at(shard).fetch_sub(1, Ordering::Relaxed);
    }

    /// The requests under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let all = self.in_flight.get();
        all.map_or(0, |all| all.iter().map(|count| count.load(Ordering::Relaxed)).sum())
    }

    fn counts(&self) -> &PerShard<AtomicUsize> {
        self.in_flight.get_or_init(|| PerShard::new(AtomicUsize::default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 80))
    }

    #[test]
    fn an_address_that_is_new_in_an_answer_gets_a_share_that_grows() {
        let endpoint = Arc::new(Endpoint::new("agents.internal", 80));
        let answer = |count: u8| (1..=count).map(|last| (at(last), 1)).collect::<Vec<_>>();
        endpoint.renewed(answer(2), Instant::from_unix(900));
        endpoint.renewed(answer(3), Instant::from_unix(1_000));
        let target = Target::new("http://agents.internal:80", endpoint);
        let requests = |second: u64, slow_start: u64| {
            let (now, slow_start) = (Instant::from_unix(second), Duration::from_secs(slow_start));
            let mut counts = [0_usize; 3];
            (0..3_000).for_each(|_| counts[target.turn(now, None, slow_start)] += 1);
            counts
        };
        for (second, slow_start, wanted) in
            [(1_000, 30, 100), (1_015, 30, 500), (1_030, 30, 1_000), (1_000, 0, 1_000), (999, 30, 1_000)]
        {
            let [first, second_one, new] = requests(second, slow_start);
            assert!(new.abs_diff(wanted) <= 20, "{new} of 3000 at {second} with {slow_start} s");
            assert!(first >= 990 && second_one >= 990, "{first} {second_one}");
        }
    }
}

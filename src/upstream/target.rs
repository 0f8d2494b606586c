//! A target: one place where an agent runs, with its requests under way and how it stands. All agents that reach it in the same
//! way share it, and a change of the configuration keeps it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::{Instant, PerShard, Shard};

use super::addresses::Fit;
use super::endpoint::Endpoint;
use super::failing::Failing;
use super::protocol::UpstreamProtocol;
use super::standing::{Eject, Standing};

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
    /// an address that comes back grows for as long as `slow_start` says.
    pub fn turn(&self, now: Instant, tried: Option<SocketAddr>, slow_start: Duration) -> usize {
        self.endpoint.turn_by(now, tried.is_some(), |at, turn| match tried {
            Some(tried) if tried == at => Fit::Out,
            Some(_) | None => self.failing.fit(at, turn, now, slow_start),
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

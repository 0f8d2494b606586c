//! An endpoint: a name and port, a service, or a socket. Its addresses are resolved in the background, and the request path uses
//! the last ones.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::{Instant, Live, PerShard, unbracketed};

use super::addresses::{Addresses, Fit};

/// A host and port with their present addresses, a service, or a unix socket. All agents with the same one share it.
#[derive(Debug)]
pub struct Endpoint {
    /// A name, or an address without brackets.
    pub host: String,
    /// The port; 0 for a service and a unix socket.
    pub port: u16,
    /// The path of the unix socket; `None` for a host and port, and for a service.
    pub socket: Option<Box<str>>,
    /// Whether the host names a service, whose records say hosts and ports (RFC 2782).
    pub is_service: bool,
    addresses: Live<Addresses>,
    /// Where the next request of each shard begins, once there are several addresses.
    next: OnceLock<PerShard<AtomicUsize>>,
    /// How long a connection may be idle by the upstream's last `Keep-Alive`, in milliseconds.
    rest: AtomicU64,
}

impl Endpoint {
    /// A host and port. The addresses of a name are unknown until [`resolved`](Self::resolved) publishes them.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        let bare = unbracketed(host);
        let known = bare.parse::<IpAddr>().ok().map(|ip| (SocketAddr::new(ip, port), 1));
        let addresses = Addresses::new(known.into_iter().collect(), &Addresses::default(), None);
        Self { port, addresses: Live::new(addresses), ..Self::unknown(bare.to_owned()) }
    }

    /// A service by its name, whose places are unknown until [`resolved`](Self::resolved) publishes them.
    #[must_use]
    pub fn of_service(name: &str) -> Self {
        Self { is_service: true, ..Self::unknown(name.to_owned()) }
    }

    /// A unix socket.
    #[must_use]
    pub fn at_socket(path: &str) -> Self {
        Self { socket: Some(path.into()), ..Self::unknown(format!("unix:{path}")) }
    }

    fn unknown(host: String) -> Self {
        Self {
            host,
            port: 0,
            socket: None,
            is_service: false,
            addresses: Live::new(Addresses::default()),
            next: OnceLock::new(),
            rest: AtomicU64::new(u64::MAX),
        }
    }

    /// Whether the host is a name that must be resolved.
    #[must_use]
    pub fn needs_resolving(&self) -> bool {
        self.socket.is_none() && self.host.parse::<IpAddr>().is_err()
    }

    /// Publishes the addresses of the name, with the part of the requests that each is to have beside the others. An empty list
    /// is not published: the last good one stays.
    pub fn resolved(&self, found: Vec<(SocketAddr, u16)>) {
        self.publish(found, None);
    }

    /// The same, where those that the name did not have before begin slowly from this moment on.
    pub fn renewed(&self, found: Vec<(SocketAddr, u16)>, now: Instant) {
        self.publish(found, Some(now));
    }

    fn publish(&self, found: Vec<(SocketAddr, u16)>, now: Option<Instant>) {
        if found.is_empty() {
            return;
        }
        let before = self.addresses.get();
        let now = Addresses::new(found, &before, now);
        if !now.are_same(&before) {
            self.addresses.publish(Arc::new(now));
        }
    }

    /// No connection to one of the addresses could be made: for a while the next requests begin with the others.
    pub fn failed(&self, address: SocketAddr, now: Instant) {
        self.addresses.with(|all| all.failed(address, now));
    }

    /// The number of known addresses; a unix socket counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.socket.is_some() { 1 } else { self.addresses.with(Addresses::len) }
    }

    /// Whether no address is known yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The known addresses.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.with(Addresses::to_vec)
    }

    /// `name[:port]` for a URL that is spoken to it by another name. The addresses of a service have their ports.
    #[must_use]
    pub fn authority_of(&self, name: &str) -> String {
        let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        if self.is_service { name } else { format!("{name}:{}", self.port) }
    }

    /// Whether this is one of the known addresses.
    #[must_use]
    pub fn has(&self, address: SocketAddr) -> bool {
        self.addresses.with(|all| all.contains(address))
    }

    /// Notes how long a connection may be idle, as the upstream says in `Keep-Alive`.
    pub fn keeps_for(&self, rest: Duration) {
        let rest = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
        // It is the same with every response, and shards share it.
        if self.rest.load(Ordering::Relaxed) != rest {
            self.rest.store(rest, Ordering::Relaxed);
        }
    }

    /// How long a connection may rest and still be used, by what the upstream has said of it.
    #[must_use]
    pub fn rest(&self) -> Duration {
        Duration::from_millis(self.rest.load(Ordering::Relaxed))
    }

    /// The index of the address with which the next request begins; each begins one further.
    pub fn turn(&self, now: Instant) -> usize {
        self.turn_by(now, false, |_, _, _| Fit::Well)
    }

    /// The same, where some addresses are left out or spared at some turns, as long as there is another. A retry takes no turn:
    /// the next request would meet the address again that has just failed.
    pub(super) fn turn_by(
        &self,
        now: Instant,
        is_retry: bool,
        fit: impl Fn(SocketAddr, Option<Instant>, usize) -> Fit,
    ) -> usize {
        if self.len() < 2 {
            return 0;
        }
        let next = self.next.get_or_init(|| PerShard::new(AtomicUsize::default)).here();
        let turn = if is_retry { next.load(Ordering::Relaxed) } else { next.fetch_add(1, Ordering::Relaxed) };
        self.addresses.with(|all| all.first(turn, now, |at, new_since| fit(at, new_since, turn)))
    }

    /// Whether there is another address than this one that took connections of late and is not left out.
    pub(super) fn has_another(
        &self,
        than: SocketAddr,
        now: Instant,
        is_out: impl Fn(SocketAddr) -> bool,
    ) -> bool {
        self.addresses.with(|all| all.fresh(now).any(|at| at != than && !is_out(at)))
    }

    /// The address for the `attempt`th try of a request that began with the one of index `turn`.
    #[must_use]
    pub fn address(&self, turn: usize, attempt: usize) -> Option<SocketAddr> {
        self.addresses.with(|all| all.of_attempt(turn, attempt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_tried_in_turn_and_requests_take_turns() {
        let endpoint = Endpoint::new("agents.internal", 80);
        assert!(endpoint.needs_resolving() && endpoint.is_empty());
        assert_eq!(endpoint.address(0, 0), None);
        let all: Vec<SocketAddr> = ["10.0.0.1:80", "10.0.0.2:80"].map(|a| a.parse().unwrap()).to_vec();
        endpoint.resolved(all.iter().map(|address| (*address, 1)).collect());
        endpoint.resolved(vec![]);
        assert_eq!(
            (endpoint.address(0, 0), endpoint.address(0, 1), endpoint.address(0, 2)),
            (Some(all[0]), Some(all[1]), Some(all[0]))
        );
        let now = Instant::from_unix(1_000);
        assert_ne!(endpoint.turn(now), endpoint.turn(now));
        endpoint.failed(all[0], now);
        assert_eq!([0; 3].map(|_| endpoint.turn(now)), [1; 3]);
    }

    #[test]
    fn a_socket_is_known_and_never_resolved() {
        let endpoint = Endpoint::at_socket("/run/agent.sock");
        assert!(!endpoint.needs_resolving() && !endpoint.is_empty());
        assert_eq!((endpoint.len(), endpoint.address(0, 0)), (1, None));
    }

    #[test]
    fn a_service_has_the_ports_of_its_records() {
        let endpoint = Endpoint::of_service("_agent._tcp.a.test");
        assert!(endpoint.needs_resolving() && endpoint.is_empty());
        assert_eq!(endpoint.authority_of("a.test"), "a.test");
        assert_eq!(Endpoint::new("::1", 9).authority_of("::1"), "[::1]:9");
    }

    #[test]
    fn an_address_is_its_own_answer() {
        for (host, wanted) in [("127.0.0.1", "127.0.0.1:9"), ("[::1]", "[::1]:9")] {
            let endpoint = Endpoint::new(host, 9);
            assert!(!endpoint.needs_resolving());
            assert_eq!(endpoint.address(3, 4), Some(wanted.parse().unwrap()));
        }
    }
}

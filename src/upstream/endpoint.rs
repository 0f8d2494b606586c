//! An endpoint: a name and port, or a socket. Its addresses are resolved in the background, and the request path uses the last
//! ones.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::{Live, PerShard, unbracketed};

/// A host and port with their present addresses, or a unix socket. All agents with the same one share it.
#[derive(Debug)]
pub struct Endpoint {
    /// A name, or an address without brackets.
    pub host: String,
    /// The port; 0 for a unix socket.
    pub port: u16,
    /// The path of the unix socket; `None` for a host and port.
    pub socket: Option<Box<str>>,
    addresses: Live<Vec<SocketAddr>>,
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
        let known = bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port));
        Self {
            host: bare.to_owned(),
            port,
            socket: None,
            addresses: Live::new(known.into_iter().collect()),
            next: OnceLock::new(),
            rest: AtomicU64::new(u64::MAX),
        }
    }

    /// A unix socket.
    #[must_use]
    pub fn at_socket(path: &str) -> Self {
        Self {
            host: format!("unix:{path}"),
            port: 0,
            socket: Some(path.into()),
            addresses: Live::new(Vec::new()),
            next: OnceLock::new(),
            rest: AtomicU64::new(u64::MAX),
        }
    }

    /// Whether the host is a name that must be resolved.
    #[must_use]
    pub fn needs_resolving(&self) -> bool {
        self.socket.is_none() && self.host.parse::<IpAddr>().is_err()
    }

    /// Publishes the addresses of the name. An empty list is not published: the last good one stays.
    pub fn resolved(&self, addresses: Vec<SocketAddr>) {
        if !addresses.is_empty() {
            self.addresses.publish(Arc::new(addresses));
        }
    }

    /// The number of known addresses; a unix socket counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.socket.is_some() { 1 } else { self.addresses.with(Vec::len) }
    }

    /// Whether no address is known yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The known addresses.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.with(Vec::clone)
    }

    /// Whether this is one of the known addresses.
    #[must_use]
    pub fn has(&self, address: SocketAddr) -> bool {
        self.addresses.with(|all| all.contains(&address))
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

    /// Where the next request begins; each begins one further.
    pub fn turn(&self) -> usize {
        if self.len() < 2 {
            return 0;
        }
        self.next.get_or_init(|| PerShard::new(AtomicUsize::default)).here().fetch_add(1, Ordering::Relaxed)
    }

    /// The address for the `attempt`th try of a request that began at `turn`.
    #[must_use]
    pub fn address(&self, turn: usize, attempt: usize) -> Option<SocketAddr> {
        self.addresses.with(|all| all.get(turn.wrapping_add(attempt).checked_rem(all.len())?).copied())
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
        endpoint.resolved(all.clone());
        endpoint.resolved(vec![]);
        assert_eq!(
            (endpoint.address(0, 0), endpoint.address(0, 1), endpoint.address(0, 2)),
            (Some(all[0]), Some(all[1]), Some(all[0]))
        );
        assert_ne!(endpoint.turn(), endpoint.turn());
    }

    #[test]
    fn a_socket_is_known_and_never_resolved() {
        let endpoint = Endpoint::at_socket("/run/agent.sock");
        assert!(!endpoint.needs_resolving() && !endpoint.is_empty());
        assert_eq!((endpoint.len(), endpoint.address(0, 0)), (1, None));
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

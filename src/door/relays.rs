//! The listeners at which proxies say for whom they connect, and the proxies that may. What they say is read in
//! `proxy_protocol`.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::tls::{UnknownListener, is_of};

/// How often a refusal is worth a line.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Which listeners want the PROXY protocol, and from whom. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Relays(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    listeners: Vec<SocketAddr>,
    trusted: Vec<IpNet>,
    said: Mutex<Option<Instant>>,
}

impl Relays {
    /// These listeners, and those who may connect to them.
    #[must_use]
    pub fn new(listeners: impl IntoIterator<Item = SocketAddr>, trusted: Vec<IpNet>) -> Self {
        let listeners = listeners.into_iter().collect();
        Self(Arc::new(Told { listeners, trusted, said: Mutex::default() }))
    }

    /// Whether a connection to the address `local` must begin with the protocol.
    pub(crate) fn speak_at(&self, local: Option<SocketAddr>) -> Result<bool, UnknownListener> {
        if self.0.listeners.is_empty() {
            return Ok(false);
        }
        let local = local.ok_or(UnknownListener)?;
        Ok(self.0.listeners.iter().any(|listener| is_of(*listener, local)))
    }

    /// Whether a peer may speak for others.
    pub(crate) fn trust(&self, peer: Option<IpAddr>) -> bool {
        let peer = peer.map(|ip| ip.to_canonical());
        peer.is_some_and(|ip| self.0.trusted.iter().any(|net| net.contains(&ip)))
    }

    /// Says why a connection was closed, once a minute at most: anybody may knock.
    pub(crate) fn refused(&self, peer: Option<IpAddr>, why: &dyn std::fmt::Display) {
        let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_some_and(|at| at.elapsed() < SAY_EVERY) {
            return;
        }
        *said = Some(Instant::now());
        drop(said);
        let peer = peer.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
        tracing::warn!(peer, error = %why, "a connection was closed at a listener with proxy_protocol");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_listeners_want_it_and_only_from_those_who_are_trusted() {
        let relays = Relays::new(["0.0.0.0:8080".parse().unwrap()], vec!["10.0.0.0/8".parse().unwrap()]);
        for (local, wanted) in [("10.0.0.1:8080", true), ("10.0.0.1:8081", false)] {
            assert_eq!(relays.speak_at(Some(local.parse().unwrap())).unwrap(), wanted, "{local}");
        }
        assert!(relays.speak_at(None).is_err(), "it cannot be taken for one without");
        assert!(!Relays::default().speak_at(None).unwrap());
        for (peer, wanted) in [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("203.0.113.7", false)] {
            assert_eq!(relays.trust(Some(peer.parse().unwrap())), wanted, "{peer}");
        }
        assert!(!relays.trust(None));
    }
}

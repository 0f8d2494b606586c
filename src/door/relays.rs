//! The listeners that speak the PROXY protocol, and the proxies that may connect to them. `proxy_protocol` parses it.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::tls::{UnknownListener, is_of};

/// The least time between two log lines about refusals: anybody can cause one, and one a minute is enough to notice a proxy
/// that is misconfigured. The metric counts them all.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// The listeners that require the PROXY protocol, and the peers that are trusted there.
#[derive(Debug, Default)]
pub struct Relays {
    listeners: Vec<SocketAddr>,
    trusted: Vec<IpNet>,
    last_logged: Mutex<Option<Instant>>,
}

impl Relays {
    /// These listeners, with the proxies that may connect to them.
    #[must_use]
    pub fn new(listeners: impl IntoIterator<Item = SocketAddr>, trusted: Vec<IpNet>) -> Self {
        Self { listeners: listeners.into_iter().collect(), trusted, last_logged: Mutex::default() }
    }

    /// Whether a connection to the address `local` must begin with the protocol.
    pub(crate) fn speak_at(&self, local: Option<SocketAddr>) -> Result<bool, UnknownListener> {
        if self.listeners.is_empty() {
            return Ok(false);
        }
        let local = local.ok_or(UnknownListener)?;
        Ok(self.listeners.iter().any(|listener| is_of(*listener, local)))
    }

    /// Whether a peer may name its client.
    pub(crate) fn trust(&self, peer: Option<IpAddr>) -> bool {
        let peer = peer.map(|ip| ip.to_canonical());
        peer.is_some_and(|ip| self.trusted.iter().any(|net| net.contains(&ip)))
    }

    /// Logs why a connection was closed, at most once a minute.
    pub(crate) fn refused(&self, peer: Option<IpAddr>, why: &dyn std::fmt::Display) {
        // The value is valid after any panic.
        let mut last_logged = self.last_logged.lock().unwrap_or_else(PoisonError::into_inner);
        if last_logged.is_some_and(|at| at.elapsed() < LOG_EVERY) {
            return;
        }
        *last_logged = Some(Instant::now());
        drop(last_logged);
        let peer = peer.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
        tracing::warn!(peer, error = %why, "a connection was closed at a listener with proxy_protocol");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configured_listeners_speak_it_and_only_with_trusted_peers() {
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

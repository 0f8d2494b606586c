//! The upstream of an agent: scheme, endpoint, timeouts and trust.
//!
//! An [`Endpoint`] is a name and port. Its addresses are resolved in the background, and the request path uses the last ones.

use std::any::Any;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderValue;

use crate::model::{Digest, Live, PerShard, unbracketed};

use super::set_headers::SetHeaders;

/// The upstream of one agent.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Host and port, or socket.
    pub endpoint: Arc<Endpoint>,
    /// TLS, when the URL says https.
    pub tls: Option<UpstreamTls>,
    /// `host[:port]` of its URL.
    pub authority: HeaderValue,
    /// The `Host` that it gets.
    pub host: UpstreamHost,
    /// Headers that it gets with every request, set last.
    pub set_headers: SetHeaders,
    /// The path of the URL, without a trailing slash: the prefix of every request path.
    pub base_path: String,
    /// The time for a connection, TLS included.
    pub connect_timeout: Duration,
    /// The time from the end of the request to the head of the response.
    pub response_timeout: Duration,
    /// How long a response or a tunnel may be silent; `None` = for ever.
    pub stream_idle_timeout: Option<Duration>,
    /// How long a kept connection may be idle and still be reused.
    pub idle_timeout: Duration,
}

impl Upstream {
    /// Its URL, for messages.
    #[must_use]
    pub fn url(&self) -> String {
        if let Some(path) = &self.endpoint.socket {
            let colon = if self.base_path.is_empty() { "" } else { ":" };
            return format!("unix:{path}{colon}{}", self.base_path);
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority.to_str().unwrap_or_default(), self.base_path)
    }
}

/// The `Host` of requests to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamHost {
    /// Always this: its own authority, or the name in the configuration.
    Fixed(HeaderValue),
    /// The client's `Host`.
    Preserve,
}

/// The verification of the upstream's certificate.
#[derive(Debug, Clone)]
pub struct UpstreamTls {
    /// The name that its certificate must have.
    pub server_name: String,
    /// The authorities to trust instead of the system's; `None` = the system's.
    pub trust: Option<Trust>,
}

/// The certificates of the authorities that may issue an upstream's certificate.
#[derive(Clone)]
pub struct Trust {
    /// The certificates in DER; each is a valid X.509 certificate.
    pub certificates: Arc<[Vec<u8>]>,
    /// A number that differs between different sets, so that a connection verified against one is never
    /// used for another.
    pub fingerprint: u64,
    /// By shard: connections of one shard share it.
    prepared: Arc<OnceLock<PerShard<Prepared>>>,
}

/// The same in the form of another library, once it was asked for.
type Prepared = OnceLock<Box<dyn Any + Send + Sync>>;

impl Trust {
    /// Trust in these certificates, which must be valid X.509.
    #[must_use]
    pub fn new(certificates: Vec<Vec<u8>>) -> Self {
        let hex = Digest::of(&certificates.concat()).to_hex();
        // 16 of the digest's 64 hexadecimal digits are always a `u64`, so nothing falls back to 1.
        let fingerprint = hex.get(..16).and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(1);
        Self { certificates: certificates.into(), fingerprint, prepared: Arc::default() }
    }

    /// The certificates in the form of the proxy's TLS library, parsed once: each connection would parse them again.
    pub fn prepared<T: Any + Send + Sync + Clone>(&self, make: impl Fn(&[Vec<u8>]) -> T) -> T {
        let here = self.prepared.get_or_init(|| PerShard::new(Prepared::new)).here();
        let value = here.get_or_init(|| Box::new(make(&self.certificates)));
        value.downcast_ref::<T>().cloned().unwrap_or_else(|| make(&self.certificates))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} certificates)", self.certificates.len())
    }
}

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

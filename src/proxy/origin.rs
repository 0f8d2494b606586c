//! The origin of a request: its peer, or the client that a trusted proxy names.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

use crate::model::RequestId;

/// The longest request id that is accepted from a proxy, in bytes: twice the longest in use (64 hexadecimal digits), and
/// short enough for a log line.
const MAX_REQUEST_ID: usize = 128;

/// The peer of a connection, and whether its forwarding fields are trusted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// The address of the connection.
    pub(super) peer: Option<IpAddr>,
    /// Whether it is a trusted proxy.
    pub(super) trusted: bool,
}

impl Origin {
    pub(super) fn of(peer: Option<IpAddr>, trusted_proxies: &[IpNet]) -> Self {
        let peer = peer.map(|ip| ip.to_canonical());
        let trusted = peer.is_some_and(|ip| trusted_proxies.iter().any(|net| net.contains(&ip)));
        Self { peer, trusted }
    }

    /// The client: the last address of `X-Forwarded-For` that is no trusted proxy, or the peer.
    pub(super) fn remote(&self, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> Option<IpAddr> {
        if !self.trusted {
            return self.peer;
        }
        let mut nearest = self.peer;
        let values: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect();
        for hop in values.iter().rev().flat_map(|v| v.rsplit(',')) {
            let Some(ip) = address(hop.trim()) else { break };
            nearest = Some(ip);
            if !trusted_proxies.iter().any(|net| net.contains(&ip)) {
                break;
            }
        }
        nearest
    }

    /// The request id of a trusted proxy, or a new one.
    pub(super) fn request_id(&self, headers: &HeaderMap) -> RequestId {
        if !self.trusted {
            return RequestId::Made(rand::random());
        }
        let plain = |id: &&str| {
            (1..=MAX_REQUEST_ID).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&b))
        };
        let given = headers.get("x-request-id").and_then(|v| v.to_str().ok()).filter(plain);
        given.map_or_else(|| RequestId::Made(rand::random()), |id| RequestId::Given(id.into()))
    }
}

/// The address of a hop. Some proxies add the port, or brackets around an IPv6 address (RFC 7239 section 6 has the same
/// forms).
fn address(hop: &str) -> Option<IpAddr> {
    let bracketed = |hop: &str| hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let ip = hop.parse::<IpAddr>().ok();
    let ip = ip.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    ip.or_else(|| bracketed(hop).map(IpAddr::V6)).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn only_a_trusted_proxy_names_the_client() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded, wanted) in [
            ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
            ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("10.0.0.1", "1.2.3.4, junk", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "203.0.113.7:51234", "203.0.113.7"),
            ("10.0.0.1", "9.9.9.9, 203.0.113.7:51234, 10.0.0.2:443", "203.0.113.7"),
            ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.1", "1.2.3.4, ::ffff:10.0.0.2", "1.2.3.4"),
            ("10.0.0.1", "1.2.3.4, 203.0.113.7:65536", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4, 203.0.113.7:", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4, [203.0.113.7]:80", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4, _hidden", "10.0.0.1"),
        ] {
            let origin = Origin::of(Some(peer.parse().unwrap()), &trusted);
            let remote = origin.remote(&headers(&[("x-forwarded-for", forwarded)]), &trusted);
            assert_eq!(remote, Some(wanted.parse().unwrap()), "{peer} {forwarded}");
        }
    }

    #[test]
    fn a_request_id_is_accepted_from_a_trusted_proxy_alone() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let near = Origin::of(Some("10.1.1.1".parse().unwrap()), &trusted);
        let far = Origin::of(Some("192.0.2.1".parse().unwrap()), &trusted);
        let given = headers(&[("x-request-id", "abc-1")]);
        assert_eq!(near.request_id(&given).to_string(), "abc-1");
        assert!(matches!(far.request_id(&given), RequestId::Made(_)));
        assert!(matches!(near.request_id(&headers(&[("x-request-id", "a b\"")])), RequestId::Made(_)));
        assert_ne!(far.request_id(&given), far.request_id(&given));
    }
}

//! Addresses and names of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Whether `address` is loopback (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3), also as an IPv4-mapped IPv6 address.
#[must_use]
pub const fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether `host` is `localhost` or a name below it (RFC 6761 section 6.3), with or without a trailing dot.
#[must_use]
pub fn is_loopback_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.rsplit('.').next().is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
}

/// The address to connect to, from this machine, for a socket that is bound to `bound`: the unspecified address is
/// reached at loopback.
#[must_use]
pub const fn reached_at(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for (address, wanted) in [
            ("127.0.0.1", true),
            ("127.255.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("10.0.0.1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(address.parse().unwrap()), wanted, "{address}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for name in ["localhost", "LOCALHOST", "localhost.", "idp.localhost", "idp.LocalHost."] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in ["localhost.example.com", "notlocalhost", "local", "localhost..", "", "."] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_bound_everywhere_is_reached_at_loopback() {
        for (bound, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(reached_at(bound.parse().unwrap()), reached.parse().unwrap(), "{bound}");
        }
    }
}

//! Which addresses a document may come from. The address that is checked here is the one connected to: names
//! are resolved through [`GuardedResolver`], which hands on only what passed, and literal addresses in a URL
//! are checked before the request.
//!
//! Private networks are fine (identity providers live there); what hands out credentials of the machine is not.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchError;

/// Cloud metadata services outside of the link-local range.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)];
/// A /64 in which the credentials of instances and those of containers stand side by side.
const METADATA_NETWORK_V6: [u16; 4] = [0xfd00, 0xec2, 0, 0];

const LINK_LOCAL: &str = "link-local, where metadata services live";
const METADATA: &str = "a metadata service";

/// What kind of address `address` is, when it is one that hands out the credentials of a machine: no agent listens
/// there, and a caller must not reach it.
#[must_use]
pub fn credential_service(address: IpAddr) -> Option<&'static str> {
    forbidden(address).filter(|kind| [LINK_LOCAL, METADATA].contains(kind))
}

/// Why nothing is fetched from `address`; `None` when it is fine.
pub(super) fn forbidden(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => forbidden_v4(v4),
        IpAddr::V6(v6) => forbidden_v6(v6),
    }
}

fn forbidden_v4(address: Ipv4Addr) -> Option<&'static str> {
    if address.is_link_local() {
        Some(LINK_LOCAL)
    } else if METADATA_V4.contains(&address) {
        Some(METADATA)
    } else if address.octets().first() == Some(&0) {
        Some("unspecified")
    } else if address.is_multicast() || address.is_broadcast() {
        Some("not the address of one host")
    } else {
        None
    }
}

fn forbidden_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_unspecified() {
        Some("unspecified")
    } else if address.is_unicast_link_local() {
        Some(LINK_LOCAL)
    } else if METADATA_V6.contains(&address) || address.segments().starts_with(&METADATA_NETWORK_V6) {
        Some(METADATA)
    } else if address.is_multicast() {
        Some("not the address of one host")
    } else {
        embedded_v4(address).and_then(forbidden_v4)
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped or compatible (RFC 4291 section 2.5.5), translated
/// (RFC 2765 section 2.1), NAT64 (RFC 6052 section 2.1, RFC 8215), 6to4 (RFC 3056 section 2), ISATAP (RFC 5214).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // `::1` is the loopback address and no form of 0.0.0.1.
        [0, 0, 0, 0, 0, 0, 0, 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low]
        | [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Whether `url` names this machine, by an address or by a name.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.to_canonical().is_loopback(),
        None => false,
    }
}

/// Whether `host` is a name of this machine (RFC 6761 section 6.3).
pub(super) fn is_loopback_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
}

/// How the addresses of a name are found.
pub(super) type Lookup = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Asks the system's resolver.
pub(super) fn system_lookup(host: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
}

/// Resolves names and hands on only addresses that may be connected to.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuardedResolver(pub(super) Lookup);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let host = name.as_str();
            let found = found
                .await
                .map_err(|e| FetchError::Unresolved { host: host.to_owned(), cause: e.to_string() })?;
            let fine = passable(host, found)?;
            Ok(Box::new(fine.into_iter()) as Addrs)
        })
    }
}

/// Those of `found` that may be connected to.
fn passable(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, FetchError> {
    let mut refused = None;
    let mut fine = Vec::new();
    for address in found {
        let kind = forbidden(address.ip()).or_else(|| {
            // Plain http is allowed to these names, so they must be what they say.
            (is_loopback_name(host) && !address.ip().to_canonical().is_loopback())
                .then_some("not loopback, as the name says")
        });
        match kind {
            None => fine.push(address),
            Some(kind) => {
                refused =
                    Some(FetchError::ForbiddenAddress { host: host.to_owned(), address: address.ip(), kind });
            }
        }
    }
    match refused {
        Some(error) if fine.is_empty() => Err(error),
        _ if fine.is_empty() => {
            Err(FetchError::Unresolved { host: host.to_owned(), cause: "the name has no address".to_owned() })
        }
        _ => Ok(fine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_hand_out_the_machines_credentials_are_refused() {
        for bad in [
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "ff02::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::23",
            "fd00:ec2::ffff:23",
            "fd00:42::42",
            "::ffff:0:169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:1:2:3:a9fe:a9fe",
            "2001:db8::5efe:169.254.169.254",
            "2001:db8::200:5efe:169.254.169.254",
            "::ffff:0.0.0.0",
        ] {
            assert!(forbidden(bad.parse().unwrap()).is_some(), "{bad}");
        }
    }

    #[test]
    fn what_hands_out_credentials_is_told_from_what_is_nobodys_address() {
        for (address, kind) in [
            ("169.254.169.254", Some(LINK_LOCAL)),
            ("::ffff:169.254.170.2", Some(LINK_LOCAL)),
            ("fe80::1", Some(LINK_LOCAL)),
            ("fd00:ec2::23", Some(METADATA)),
            ("64:ff9b::a83f:8110", Some(METADATA)),
            ("0.0.0.0", None),
            ("127.0.0.1", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(credential_service(address.parse().unwrap()), kind, "{address}");
        }
    }

    #[test]
    fn public_private_and_loopback_addresses_are_fine() {
        for good in [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "100.64.0.1",
            "8.8.8.8",
            "::1",
            "fd00::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "64:ff9b::808:808",
            "64:ff9b:1::808:808",
            "fd00:ec3::254",
            "fd00:42::43",
            "2001:db8::5efe:10.0.0.1",
        ] {
            assert_eq!(forbidden(good.parse().unwrap()), None, "{good}");
        }
    }

    #[test]
    fn of_a_names_addresses_only_those_that_pass_are_connected_to() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let mixed = passable("idp.test", vec![at("169.254.169.254"), at("10.0.0.1")]);
        assert_eq!(mixed, Ok(vec![at("10.0.0.1")]));
        let bad = passable("idp.test", vec![at("169.254.169.254")]).unwrap_err();
        assert!(bad.to_string().starts_with("address refused: idp.test is 169.254.169.254"), "{bad}");
        assert!(passable("idp.test", vec![]).is_err());
    }

    #[test]
    fn a_loopback_name_must_be_loopback() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        assert!(passable("localhost", vec![at("10.0.0.1")]).is_err());
        assert_eq!(passable("a.localhost", vec![at("::1"), at("10.0.0.1")]), Ok(vec![at("::1")]));
        for name in ["localhost", "LOCALHOST", "localhost.", "idp.localhost"] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in ["localhost.example.com", "notlocalhost", "local"] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}

//! Addresses to which the gateway never connects on behalf of a document or a client (server-side request forgery). Private
//! networks are allowed, because agents and identity providers run there; services that hand out the credentials of this
//! machine are not.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::loopback::is_loopback_name;

/// Metadata services outside of the link-local range: Alibaba Cloud, Oracle Cloud, Azure's WireServer.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
/// Metadata services over IPv6 outside of the link-local range: Google Cloud, Scaleway.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)];
/// The /64 of AWS in which the credentials of instances (`::254`) and of containers (`::23`) are served.
const METADATA_NETWORK_V6: [u16; 4] = [0xfd00, 0xec2, 0, 0];

/// Why an address is forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForbiddenAddress {
    /// Link-local (RFC 3927, RFC 4291 section 2.5.6): most metadata services listen there.
    LinkLocal,
    /// A metadata service outside of the link-local range.
    Metadata,
    /// Unspecified (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.2): a connection to it reaches this machine.
    Unspecified,
    /// Multicast or broadcast.
    NotOneHost,
    /// Not loopback, although the host is `localhost` or a name below it.
    NotLoopback,
    /// Loopback, although the host is neither `localhost` nor a name below it.
    Loopback,
}

impl fmt::Display for ForbiddenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkLocal => "link-local, where metadata services live",
            Self::Metadata => "a metadata service",
            Self::Unspecified => "unspecified",
            Self::NotOneHost => "not the address of one host",
            Self::NotLoopback => "not loopback, as the name says",
            Self::Loopback => "this machine, as only `localhost` may be",
        })
    }
}

impl ForbiddenAddress {
    /// Why no document may be fetched from `address`; `None` when it may.
    #[must_use]
    pub fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    /// Why no request may be forwarded to `address`: it hands out the credentials of a machine. `None` when it may.
    #[must_use]
    pub fn credential_service(address: IpAddr) -> Option<Self> {
        Self::of(address).filter(|kind| matches!(kind, Self::LinkLocal | Self::Metadata))
    }

    /// Why no request for an agent at the name `host` may be forwarded to `address`, which was looked up: whoever owns the name must
    /// not be able to send callers to services that listen for this machine alone. `None` when it may.
    #[must_use]
    pub fn of_answer(host: &str, address: IpAddr) -> Option<Self> {
        let here = match address {
            IpAddr::V4(v4) => v4.is_loopback(),
            IpAddr::V6(v6) => v6.is_loopback() || embedded_v4(v6).is_some_and(|v4| v4.is_loopback()),
        };
        Self::of(address).or_else(|| (here && !is_loopback_name(host)).then_some(Self::Loopback))
    }

    fn of_v4(address: Ipv4Addr) -> Option<Self> {
        if address.is_link_local() {
            Some(Self::LinkLocal)
        } else if METADATA_V4.contains(&address) {
            Some(Self::Metadata)
        } else if address.octets().first() == Some(&0) {
            Some(Self::Unspecified)
        } else if address.is_multicast() || address.is_broadcast() {
            Some(Self::NotOneHost)
        } else {
            None
        }
    }

    fn of_v6(address: Ipv6Addr) -> Option<Self> {
        if address.is_unspecified() {
            Some(Self::Unspecified)
        } else if address.is_unicast_link_local() {
            Some(Self::LinkLocal)
        } else if METADATA_V6.contains(&address) || address.segments().starts_with(&METADATA_NETWORK_V6) {
            Some(Self::Metadata)
        } else if address.is_multicast() {
            Some(Self::NotOneHost)
        } else {
            embedded_v4(address).and_then(Self::of_v4)
        }
    }
}

/// The addresses of `found` that may be connected to.
///
/// # Errors
/// When none may: the last forbidden address with its kind, or `None` when `found` was empty.
pub fn passable(
    found: impl IntoIterator<Item = SocketAddr>,
    forbidden: impl Fn(IpAddr) -> Option<ForbiddenAddress>,
) -> Result<Vec<SocketAddr>, Option<(IpAddr, ForbiddenAddress)>> {
    let mut refused = None;
    let mut fine = Vec::new();
    for address in found {
        match forbidden(address.ip()) {
            None => fine.push(address),
            Some(kind) => refused = Some((address.ip(), kind)),
        }
    }
    if fine.is_empty() { Err(refused) } else { Ok(fine) }
}

/// The IPv4 address that an IPv6 address embeds: mapped or compatible (RFC 4291 section 2.5.5), translated
/// (RFC 2765 section 2.1), NAT64 (RFC 6052 section 2.1, RFC 8215), 6to4 (RFC 3056 section 2), ISATAP (RFC 5214).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // `::1` is loopback, not the compatible form of 0.0.0.1.
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
            assert!(ForbiddenAddress::of(bad.parse().unwrap()).is_some(), "{bad}");
        }
    }

    #[test]
    fn credential_services_are_link_local_and_metadata_addresses_alone() {
        for (address, kind) in [
            ("169.254.169.254", Some(ForbiddenAddress::LinkLocal)),
            ("::ffff:169.254.170.2", Some(ForbiddenAddress::LinkLocal)),
            ("fe80::1", Some(ForbiddenAddress::LinkLocal)),
            ("fd00:ec2::23", Some(ForbiddenAddress::Metadata)),
            ("64:ff9b::a83f:8110", Some(ForbiddenAddress::Metadata)),
            ("0.0.0.0", None),
            ("127.0.0.1", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(ForbiddenAddress::credential_service(address.parse().unwrap()), kind, "{address}");
        }
    }

    #[test]
    fn an_answer_leads_to_this_machine_for_localhost_alone() {
        for (host, address, kind) in [
            ("a.test", "127.0.0.1", Some(ForbiddenAddress::Loopback)),
            ("a.test", "127.255.0.1", Some(ForbiddenAddress::Loopback)),
            ("a.test", "::1", Some(ForbiddenAddress::Loopback)),
            ("a.test", "::ffff:127.0.0.1", Some(ForbiddenAddress::Loopback)),
            ("a.test", "64:ff9b::7f00:1", Some(ForbiddenAddress::Loopback)),
            ("localhost.a.test", "127.0.0.1", Some(ForbiddenAddress::Loopback)),
            ("localhost", "127.0.0.1", None),
            ("LOCALHOST.", "::1", None),
            ("localhost", "169.254.169.254", Some(ForbiddenAddress::LinkLocal)),
            ("a.test", "fe80::1", Some(ForbiddenAddress::LinkLocal)),
            ("a.test", "0.0.0.0", Some(ForbiddenAddress::Unspecified)),
            ("a.test", "10.0.0.1", None),
            ("a.test", "fd00::1", None),
        ] {
            let forbidden = ForbiddenAddress::of_answer(host, address.parse().unwrap());
            assert_eq!(forbidden, kind, "{host} {address}");
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
            assert_eq!(ForbiddenAddress::of(good.parse().unwrap()), None, "{good}");
        }
    }

    #[test]
    fn forbidden_addresses_are_dropped_from_a_list_and_named_when_none_is_left() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let of = |texts: &[&str]| passable(texts.iter().map(|text| at(text)), ForbiddenAddress::of);
        assert_eq!(of(&["169.254.169.254", "10.0.0.1"]), Ok(vec![at("10.0.0.1")]));
        let refused = (at("fe80::1").ip(), ForbiddenAddress::LinkLocal);
        assert_eq!(of(&["0.0.0.0", "fe80::1"]), Err(Some(refused)));
        assert_eq!(of(&[]), Err(None));
    }
}

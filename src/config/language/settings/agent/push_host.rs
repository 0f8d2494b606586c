//! A host that an A2A agent may send push notifications to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::ExactHost;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;
use crate::model::{is_loopback_name, unbracketed};

/// A host without wildcards that is not of a private network.
pub(super) enum PushHost {}

impl Value for PushHost {
    type Read = String;
    const SHAPE: Shape = ExactHost::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let host = ExactHost::read(report, node)?;
        let address = unbracketed(&host).parse().ok();
        if is_loopback_name(&host) || address.is_some_and(is_private) {
            let message = format!("{} is not a host of the internet", node.shown());
            let help = "name the host by which the receiver of the notifications is known to everybody";
            report.say(Code::BadHost, node.place, message, help);
            return None;
        }
        Some(host)
    }
}

/// Whether an address means another machine in each network (RFC 6890).
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // The shared address space of carriers (RFC 6598) is private as well.
    let is_shared = first == 100 && (64..128).contains(&second);
    is_shared
        || first == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_address_is_known() {
        for (address, wanted) in [
            ("203.0.113.7", false),
            ("2001:db8::1", false),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("100.64.0.1", true),
            ("127.0.0.1", true),
            ("169.254.169.254", true),
            ("0.0.0.0", true),
            ("255.255.255.255", true),
            ("::1", true),
            ("::", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), wanted, "{address}");
        }
    }
}

//! Where something is: a file, an address, a network.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::super::shape::Shape;
use super::super::value::Value;
use super::{scalar, some_text};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

/// The path of a file, read against the one that names it.
pub(in crate::config) enum FilePath {}

impl Value for FilePath {
    type Read = PathBuf;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        path(report, node)
    }
}

/// An IP address with a port.
pub(in crate::config) enum SocketAddress {}

impl Value for SocketAddress {
    type Read = SocketAddr;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        address(report, node)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        Some(read.to_string())
    }
}

/// An address range; a bare address is a range of one.
pub(in crate::config) enum Network {}

impl Value for Network {
    type Read = IpNet;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        cidr(report, node)
    }
}

fn path(report: &Report<'_>, node: &Node) -> Option<PathBuf> {
    let text = some_text(report, node)?;
    if text.contains('\0') {
        report.say(Code::WrongType, node.place, "a path holds no NUL", "write the path of a file");
        return None;
    }
    let path = report.source().resolve(&text);
    if path.is_none() {
        let message = format!("{} is a file of one member, and this is shared by all", node.shown());
        let help = "write the content itself, or let each member have the file and name it in `store.etcd.shared_files`";
        report.say(Code::LocalReference, node.place, message, help);
    }
    path
}

fn address(report: &Report<'_>, node: &Node) -> Option<SocketAddr> {
    let scalar = scalar(report, node, "an address")?;
    let parsed = scalar.text.parse().ok();
    if parsed.is_none() {
        let port = scalar.text.strip_prefix(':').or(Some(&scalar.text)).filter(|p| p.parse::<u16>().is_ok());
        let host = scalar.text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let help = match (port, host) {
            (Some(port), _) => {
                format!("say on which addresses: `0.0.0.0:{port}` for all, `127.0.0.1:{port}` for this host")
            }
            (None, Some(("localhost", port))) => format!("write `127.0.0.1:{port}`"),
            _ => "write an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`".to_owned(),
        };
        let message = format!("{} is not an IP address with a port", node.shown());
        report.say(Code::BadAddress, node.place, message, help);
    }
    parsed
}

fn cidr(report: &Report<'_>, node: &Node) -> Option<IpNet> {
    let scalar = scalar(report, node, "an address range")?;
    let text = scalar.text.as_str();
    let bare = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    let net = text.parse::<IpNet>().ok().or_else(bare);
    if net.is_none() {
        let help = "write a range such as `10.0.0.0/8` or `fd00::/8`, or one address";
        report.say(Code::BadCidr, node.place, format!("{} is not an address range", node.shown()), help);
    }
    net.map(|net| net.trunc())
}

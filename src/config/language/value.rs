//! Readers of single values: text, numbers, durations, lists. Each reports what is wrong and gives nothing
//! then.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::units::{parse_duration, parse_size, show_duration, show_size};
use crate::config::text::code::Code;
use crate::config::text::report::{Report, suggest};
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node, Scalar};
use crate::model::check_label;

/// A single value that is there.
pub(in crate::config) fn scalar<'n>(report: &Report<'_>, node: &'n Node, wanted: &str) -> Option<&'n Scalar> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.broken => None,
        Kind::Scalar(scalar) if scalar.is_null() => {
            let message = format!("{wanted} is wanted, and this is empty");
            report.say(Code::WrongType, node.place, message, "give it a value, or remove the line");
            None
        }
        Kind::Scalar(scalar) => Some(scalar),
        Kind::List(_) | Kind::Map(_) => {
            let message = format!("{wanted} is wanted, and this is {}", node.shown());
            report.say(Code::WrongType, node.place, message, format!("write {wanted} here"));
            None
        }
    }
}

/// Text, which may be empty.
pub(in crate::config) fn text(report: &Report<'_>, node: &Node) -> Option<String> {
    scalar(report, node, "text").map(|s| s.text.clone())
}

/// Text with something in it.
pub(in crate::config) fn some_text(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = text(report, node)?;
    if text.trim().is_empty() {
        report.say(Code::EmptyValue, node.place, "this must not be empty", "give it a value");
        return None;
    }
    Some(text)
}

/// A name for people. What cannot be shown well is still a name.
pub(in crate::config) fn label(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = some_text(report, node)?;
    if let Err(help) = check_label(&text) {
        report.say(Code::BadLabel, node.place, "people may read this name as another one", help);
    }
    Some(text)
}

/// Text that is compared byte for byte, so that white space at its ends would match nothing, ever.
pub(in crate::config) fn exact_text(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = some_text(report, node)?;
    let bare = text.trim();
    if bare.len() == text.len() {
        return Some(text);
    }
    let from_env = matches!(&node.kind, Kind::Scalar(scalar) if scalar.from_env);
    let (message, help) = match from_env {
        true => (
            "the value from the environment has white space at its ends, and would match nothing".to_owned(),
            "take it away there: a value made with `echo` ends in a line break, one made with `printf %s` does not"
                .to_owned(),
        ),
        false => (
            format!("`{bare}` has white space at its ends, and would match nothing"),
            format!("write `{bare}`"),
        ),
    };
    report.say(Code::WhiteSpace, node.place, message, help);
    None
}

/// One of a few words.
pub(in crate::config) fn word(
    report: &Report<'_>,
    node: &Node,
    words: &[&'static str],
) -> Option<&'static str> {
    let text = text(report, node)?;
    let found = words.iter().copied().find(|word| *word == text);
    if found.is_none() {
        let message = format!("{} is not a word that can stand here", node.shown());
        report.say(Code::BadWord, node.place, message, suggest(&text, words.iter().copied()));
    }
    found
}

/// `true` or `false`.
pub(in crate::config) fn boolean(report: &Report<'_>, node: &Node) -> Option<bool> {
    let scalar = scalar(report, node, "`true` or `false`")?;
    match scalar.text.as_str() {
        "true" | "True" | "TRUE" if scalar.plain || scalar.from_env => Some(true),
        "false" | "False" | "FALSE" if scalar.plain || scalar.from_env => Some(false),
        _ => {
            let message = format!("{} is neither `true` nor `false`", node.shown());
            report.say(Code::WrongType, node.place, message, "write `true` or `false`, without quotes");
            None
        }
    }
}

/// A whole number within bounds.
pub(in crate::config) fn integer(
    report: &Report<'_>,
    node: &Node,
    bounds: RangeInclusive<u64>,
) -> Option<u64> {
    let scalar = scalar(report, node, "a whole number")?;
    let digits = !scalar.text.is_empty() && scalar.text.bytes().all(|b| b.is_ascii_digit());
    if !digits || !(scalar.plain || scalar.from_env) {
        let message = format!("{} is not a whole number", node.shown());
        report.say(Code::BadNumber, node.place, message, "write digits alone, without quotes");
        return None;
    }
    let value = scalar.text.parse().unwrap_or(u64::MAX);
    within(report, node, value, &bounds, |v| v.to_string())
}

/// A duration within bounds.
pub(in crate::config) fn duration(
    report: &Report<'_>,
    node: &Node,
    bounds: RangeInclusive<Duration>,
) -> Option<Duration> {
    let scalar = scalar(report, node, "a duration")?;
    match parse_duration(&scalar.text) {
        Ok(value) => within(report, node, value, &bounds, |v| show_duration(*v)),
        Err(help) => {
            report.say(Code::BadDuration, node.place, format!("{} is not a duration", node.shown()), help);
            None
        }
    }
}

/// A size in bytes within bounds.
pub(in crate::config) fn size(report: &Report<'_>, node: &Node, bounds: RangeInclusive<u64>) -> Option<u64> {
    let scalar = scalar(report, node, "a size")?;
    match parse_size(&scalar.text) {
        Ok(value) => within(report, node, value, &bounds, |v| show_size(*v)),
        Err(help) => {
            report.say(Code::BadSize, node.place, format!("{} is not a size", node.shown()), help);
            None
        }
    }
}

fn within<T: PartialOrd>(
    report: &Report<'_>,
    node: &Node,
    value: T,
    bounds: &RangeInclusive<T>,
    show: impl Fn(&T) -> String,
) -> Option<T> {
    if bounds.contains(&value) {
        return Some(value);
    }
    let help = format!("write something from {} to {}", show(bounds.start()), show(bounds.end()));
    report.say(Code::OutOfRange, node.place, format!("{} is out of bounds", node.shown()), help);
    None
}

/// A moment (RFC 3339).
pub(in crate::config) fn date(report: &Report<'_>, node: &Node) -> Option<jiff::Timestamp> {
    let scalar = scalar(report, node, "a moment")?;
    let parsed = scalar.text.parse().ok();
    if parsed.is_none() {
        let help = "write date, time and zone (RFC 3339), such as `2027-01-01T00:00:00Z`";
        report.say(Code::BadDate, node.place, format!("{} is not a moment", node.shown()), help);
    }
    parsed
}

/// A path, read against the file that names it.
pub(in crate::config) fn path(report: &Report<'_>, node: &Node) -> Option<PathBuf> {
    let text = some_text(report, node)?;
    if text.contains('\0') {
        report.say(Code::WrongType, node.place, "a path holds no NUL", "write the path of a file");
        return None;
    }
    report.sources().get(node.place.source()).map(|source| source.resolve(&text))
}

/// An IP address with a port.
pub(in crate::config) fn address(report: &Report<'_>, node: &Node) -> Option<SocketAddr> {
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

/// An address range; a bare address is a range of one.
pub(in crate::config) fn cidr(report: &Report<'_>, node: &Node) -> Option<IpNet> {
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

/// A list; entries that cannot be read are reported and left out.
pub(in crate::config) fn list<'a, T>(
    report: &'a Report<'a>,
    node: &'a Node,
    read: impl Fn(&'a Report<'a>, &'a Node) -> Option<T>,
) -> Option<Vec<Spanned<T>>> {
    match &node.kind {
        Kind::List(items) => {
            let read = |item: &'a Node| read(report, item).map(|value| item.spanned(value));
            let mut list: Vec<_> = items.iter().filter_map(read).collect();
            // It is kept for long, for each of thousands of agents.
            list.shrink_to_fit();
            Some(list)
        }
        Kind::Scalar(scalar) if scalar.broken => None,
        Kind::Scalar(_) | Kind::Map(_) => {
            let message = format!("a list is wanted, and this is {}", node.shown());
            let help = match &node.kind {
                Kind::Scalar(s) if !s.is_null() && !s.from_env => format!("write `[{}]`", s.text),
                _ => "write `[a, b]`, or `[]` for none".to_owned(),
            };
            report.say(Code::WrongType, node.place, message, help);
            None
        }
    }
}

/// A list with something in it.
pub(in crate::config) fn some_list<'a, T>(
    report: &'a Report<'a>,
    node: &'a Node,
    read: impl Fn(&'a Report<'a>, &'a Node) -> Option<T>,
) -> Option<Vec<Spanned<T>>> {
    if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
        report.say(Code::EmptyValue, node.place, "this list must not be empty", "write at least one entry");
        return None;
    }
    list(report, node, read)
}

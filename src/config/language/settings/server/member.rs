//! `server.member`: how the other members of a fleet see this one. What it is called without a name is for those who start
//! the gateway.

use std::collections::BTreeMap;

use super::super::super::fields::entries;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{Flag, text};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Key, Node};

/// The most labels, and the most bytes of a name or a value: as in Kubernetes, whose labels these often are.
const MOST_LABELS: usize = 8;
const MOST_BYTES: usize = 63;
/// The most bytes of all labels together, so that the report of a member, of at most 1 KiB, has room for its errors.
const MOST_BYTES_OF_ALL: usize = 384;

section! {
    /// `server.member`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Member = "`member`", default {
        /// the name of this gateway in a fleet, which no other has; absent is the name of the host
        name: Option<String> as MemberName;
        /// what this gateway is sorted by where a fleet is shown, such as `zone: a`; at most 8, with 384 bytes in all
        labels: BTreeMap<String, String> as Labels = BTreeMap::new();
        /// whether this gateway is there to try things out; it is shown, and changes nothing else
        canary: bool as Flag = false;
    }
}

/// The name of a member: that of a host or a pod.
pub(super) enum MemberName {}

impl MemberName {
    const PATTERN: &str = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$";
}

impl Value for MemberName {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern(Self::PATTERN);

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let name = text(report, node)?;
        let within = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
        let at_ends = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = name.as_bytes();
        if bytes.len() <= MOST_BYTES
            && bytes.iter().all(|b| within(*b))
            && at_ends(bytes.first())
            && at_ends(bytes.last())
        {
            return Some(name);
        }
        let message = format!("{} is not the name of a member", node.shown());
        let help = "write the name of a host or a pod: 1 to 63 lower-case letters, digits, dashes and dots";
        report.say(Code::BadName, node.place, message, help);
        None
    }

    fn shown(read: &String) -> Option<String> {
        Some(read.clone())
    }
}

/// Names and values; those that cannot be read are reported and left out.
enum Labels {}

impl Labels {
    const NAMES: &str = "^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$";
    const VALUES: &str = "^[A-Za-z0-9._/:-]{0,63}$";
}

impl Value for Labels {
    type Read = BTreeMap<String, String>;
    const SHAPE: Shape = Shape::Map(Self::NAMES, &Shape::Pattern(Self::VALUES));

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        let mut labels = BTreeMap::new();
        let written = entries(report, "`labels`", node)?;
        for (key, node) in written {
            let (Some(name), Some(value)) = (name(report, key), value(report, node)) else { continue };
            if labels.insert(name, value).is_some() {
                let message = format!("`{}` is there twice", key.text);
                report.say(Code::DuplicateKey, key.place, message, "remove one of them");
            }
        }
        let bytes: usize = labels.iter().map(|(name, value)| name.len() + value.len()).sum();
        if written.len() > MOST_LABELS || bytes > MOST_BYTES_OF_ALL {
            let message = format!(
                "expected at most {MOST_LABELS} labels with {MOST_BYTES_OF_ALL} bytes in all, found {} with {bytes}",
                written.len()
            );
            report.say(Code::BadMemberLabel, node.place, message, "remove some, or write shorter ones");
        }
        Some(labels)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        read.is_empty().then(|| "{}".to_owned())
    }
}

fn name(report: &Report<'_>, key: &Key) -> Option<String> {
    let begins = key.text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if begins && key.text.len() <= MOST_BYTES && key.text.bytes().all(|b| is_plain(b) && b != b':') {
        return Some(key.text.clone());
    }
    let message = "this is not the name of a label";
    let help =
        "write 1 to 63 letters, digits, `.`, `_`, `/`, `-`, with a letter or digit first, such as `zone`";
    report.say(Code::BadMemberLabel, key.place, message, help);
    None
}

fn value(report: &Report<'_>, node: &Node) -> Option<String> {
    let value = text(report, node)?;
    if value.len() <= MOST_BYTES && value.bytes().all(is_plain) {
        return Some(value);
    }
    let message = format!("{} is not the value of a label", node.shown());
    let help = "write at most 63 letters, digits, `.`, `_`, `/`, `:`, `-`";
    report.say(Code::BadMemberLabel, node.place, message, help);
    None
}

const fn is_plain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b':' | b'-')
}

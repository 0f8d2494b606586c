//! `upstream.health`: active checks of each target.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{Count, Time, scalar, some_text};
use super::super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

section! {
    /// `upstream.health`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Health = "`health`" {
        /// the path that is asked for with GET, and perhaps a query
        path: String as CheckPath, required;
        /// the `Host` of the request; default that of the target
        host: Option<String> as CheckHost;
        /// the time from one check to the next, of which up to a tenth is left out by chance
        interval: Duration as Time<{ SECOND / 10 }, HOUR> = Duration::from_secs(5);
        /// how long the answer may take
        timeout: Duration as Time<10, { 60 * SECOND }> = Duration::from_secs(1);
        /// so many that pass in a row bring a target back
        healthy: usize as Count<1, 100> = 2;
        /// so many that fail in a row take it out
        unhealthy: usize as Count<1, 100> = 3;
        /// the statuses that pass: one, or two with a dash between
        status: RangeInclusive<u16> as Statuses = 200..=399;
    }
    impl { const STRICT: bool = true; }
}

/// A path, and perhaps a query.
enum CheckPath {}

impl Value for CheckPath {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = some_text(report, node)?;
        if !text.starts_with('/') || !text.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            let help = "write a path such as `/healthz`, percent-encoded where it needs to be";
            report.say(Code::BadPath, node.place, format!("{} cannot be asked for", node.shown()), help);
            return None;
        }
        Some(text)
    }
}

/// A host, perhaps with a port.
enum CheckHost {}

impl Value for CheckHost {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = some_text(report, node)?;
        let bad =
            |help| report.say(Code::BadHost, node.place, format!("{} is not a host", node.shown()), help);
        web::authority(&text).map_err(bad).ok()
    }
}

/// A status of HTTP, or a range of them.
enum Statuses {}

impl Value for Statuses {
    type Read = RangeInclusive<u16>;
    const SHAPE: Shape =
        Shape::AnyOf(&[Shape::Pattern("^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$"), Shape::Integer(100, 599)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        let scalar = scalar(report, node, "a status, or a range")?;
        let status =
            |text: &str| text.parse().ok().filter(|status| text.len() == 3 && (100..600).contains(status));
        let (first, last) = scalar.text.split_once('-').unwrap_or((&scalar.text, &scalar.text));
        let read = status(first).zip(status(last)).filter(|(first, last)| first <= last);
        if read.is_none() {
            let message = format!("{} is neither a status nor a range of them", node.shown());
            report.say(Code::BadNumber, node.place, message, "write `200`, or `200-399`");
        }
        read.map(|(first, last)| first..=last)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        let (first, last) = (read.start(), read.end());
        Some(if first == last { first.to_string() } else { format!("{first}-{last}") })
    }
}

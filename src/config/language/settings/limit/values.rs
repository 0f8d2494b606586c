//! What stands in the fields of a limit: its name, what it counts by, and its rate.

use std::sync::Arc;
use std::time::Duration;

use super::super::super::shape::Shape;
use super::super::super::units::parse_duration;
use super::super::super::value::Value;
use super::super::super::values::{some_text, text};
use super::LimitSettings;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Place;
use crate::config::text::suggest::suggest;
use crate::config::text::yaml::Node;
use crate::limits::{Per, Period, Quota};

/// The most requests of a rate, and the most at once: beyond them a limit protects nothing.
pub(super) const MOST: u64 = 1_000_000;

/// The longest window: what is longer is a quota, and no rate.
const LONGEST: Duration = Duration::from_secs(31 * 86_400);

/// The most requests of a quota: all of a month of a busy agent.
const MOST_OF_QUOTA: u32 = 1_000_000_000;

/// The name of a limit.
pub(super) enum LimitName {}

impl Value for LimitName {
    type Read = Arc<str>;
    const SHAPE: Shape = Shape::Pattern(LimitSettings::NAME_PATTERN);

    fn read(report: &Report<'_>, node: &Node) -> Option<Arc<str>> {
        let text = text(report, node)?;
        Self::parse(report, &text, (node.place, &node.shown()))
    }
}

impl LimitName {
    /// The name that stands at a place, where it is shown like this.
    pub(super) fn parse(report: &Report<'_>, text: &str, (place, shown): (Place, &str)) -> Option<Arc<str>> {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=63).contains(&text.len()) || !text.bytes().all(is_plain) {
            let help = "a name has 1 to 63 characters, each a lower-case letter, a digit or a dash";
            report.say(Code::BadName, place, format!("{shown} is not a name"), help);
            return None;
        }
        Some(text.into())
    }
}

/// What a limit counts by.
pub(super) enum CountsBy {}

impl Value for CountsBy {
    type Read = Per;
    const SHAPE: Shape = Shape::Pattern("^(principal|client_id|api_key|address|agent|claim:.+)$");

    fn read(report: &Report<'_>, node: &Node) -> Option<Per> {
        let text = some_text(report, node)?;
        let read = Per::parse(&text);
        if read.is_none() {
            let message = format!("{} is nothing that a limit counts by", node.shown());
            let help = match text.starts_with(Per::CLAIM) {
                true => "write the name of the claim behind the colon, such as `claim:tenant`".to_owned(),
                false => suggest(&text, Per::PLAIN.iter().map(Per::word).chain(["claim:NAME"])),
            };
            report.say(Code::BadWord, node.place, message, help);
        }
        read
    }
}

/// A count and the window of it, in whole seconds.
pub(super) enum Window {}

impl Value for Window {
    type Read = (u32, Duration);
    const SHAPE: Shape = Shape::Pattern("^[0-9]+/([0-9]+(s|m|h|d))+$");

    fn read(report: &Report<'_>, node: &Node) -> Option<(u32, Duration)> {
        const HELP: &str =
            "write a number, a slash and a window of whole seconds, such as `100/1m` or `5/10s`";
        let text = some_text(report, node)?;
        let read = text.split_once('/').and_then(|(count, window)| {
            let count = number(count)?;
            let window = parse_duration(window).ok().filter(|window| window.subsec_nanos() == 0)?;
            Some((count, window))
        });
        let Some((count, window)) = read else {
            report.say(Code::BadRate, node.place, format!("{} is not a rate", node.shown()), HELP);
            return None;
        };
        if !(1..=MOST).contains(&count) || window.is_zero() || window > LONGEST {
            let message = format!("{} is out of bounds", node.shown());
            let help = format!("write 1 to {MOST} requests, and a window of 1s to 31d");
            report.say(Code::OutOfRange, node.place, message, help);
            return None;
        }
        u32::try_from(count).ok().map(|count| (count, window))
    }
}

/// A count, and the day or month of it.
pub(super) enum QuotaText {}

impl Value for QuotaText {
    type Read = Quota;
    const SHAPE: Shape = Shape::Pattern("^[0-9]+/(day|month)$");

    fn read(report: &Report<'_>, node: &Node) -> Option<Quota> {
        const HELP: &str = "write a number, a slash and `day` or `month`, such as `1000/day`; for any other window write `rate`";
        let text = some_text(report, node)?;
        let read = text.split_once('/').and_then(|(count, period)| {
            let period = Period::ALL.iter().copied().find(|known| known.as_str() == period)?;
            Some((number(count)?, period))
        });
        let Some((count, period)) = read else {
            report.say(Code::BadQuota, node.place, format!("{} is not a quota", node.shown()), HELP);
            return None;
        };
        let Some(count) = u32::try_from(count).ok().filter(|count| (1..=MOST_OF_QUOTA).contains(count))
        else {
            let message = format!("{} is out of bounds", node.shown());
            report.say(Code::OutOfRange, node.place, message, format!("write 1 to {MOST_OF_QUOTA} requests"));
            return None;
        };
        Some(Quota { count, period })
    }
}

/// A whole number; one that is too large reads as the largest.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

//! Numbers, sizes, durations, truth values and timestamps, each within bounds where it has some.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::shape::Shape;
use super::super::units::{parse_duration, parse_size, show_duration, show_size};
use super::super::value::Value;
use super::scalar;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

/// `true` or `false`.
pub(in crate::config) enum Flag {}

impl Value for Flag {
    type Read = bool;
    const SHAPE: Shape = Shape::Bool;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        boolean(report, node)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        Some(read.to_string())
    }
}

/// A whole number from `LEAST` to `MOST`.
pub(in crate::config) struct Count<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Value for Count<LEAST, MOST> {
    type Read = usize;
    const SHAPE: Shape = Shape::Integer(LEAST, MOST);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        usize::try_from(integer(report, node, LEAST..=MOST)?).ok()
    }

    fn shown(read: &Self::Read) -> Option<String> {
        Some(read.to_string())
    }
}

/// A size from `LEAST` to `MOST` bytes.
pub(in crate::config) struct Size<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Value for Size<LEAST, MOST> {
    type Read = u64;
    const SHAPE: Shape = Shape::Size(LEAST, MOST);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        size(report, node, LEAST..=MOST)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        Some(show_size(*read))
    }
}

/// A size of something in memory.
pub(in crate::config) struct Bytes<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Value for Bytes<LEAST, MOST> {
    type Read = usize;
    const SHAPE: Shape = Shape::Size(LEAST, MOST);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        usize::try_from(size(report, node, LEAST..=MOST)?).ok()
    }

    fn shown(read: &Self::Read) -> Option<String> {
        u64::try_from(*read).ok().map(show_size)
    }
}

/// A duration from `LEAST` to `MOST` milliseconds.
pub(in crate::config) struct Time<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Value for Time<LEAST, MOST> {
    type Read = Duration;
    const SHAPE: Shape = Shape::Duration(LEAST, MOST);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        duration(report, node, Duration::from_millis(LEAST)..=Duration::from_millis(MOST))
    }

    fn shown(read: &Self::Read) -> Option<String> {
        Some(show_duration(*read))
    }
}

/// A part of one, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part(u32);

impl Part {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The whole.
    pub const WHOLE: Self = Self(1_000_000);

    /// So many hundredths, at most the whole.
    #[must_use]
    pub const fn hundredths(hundredths: u8) -> Self {
        if hundredths < 100 { Self(hundredths as u32 * 10_000) } else { Self::WHOLE }
    }

    /// The millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Reads a number from 0 to 1, as JSON writes it. Less than a millionth is taken for one, so that nothing becomes nothing.
    fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+');
        let number: f64 = text.bytes().all(is_digit).then(|| text.parse().ok())??;
        if !(0.0..=1.0).contains(&number) {
            return None;
        }
        let millionths = (number * f64::from(Self::WHOLE.0)).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to a million"
        )]
        let millionths = millionths as u32;
        Some(Self(if number > 0.0 { millionths.max(1) } else { 0 }))
    }
}

impl Value for Part {
    type Read = Self;
    const SHAPE: Shape = Shape::Part;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let scalar = scalar(report, node, "a number from 0 to 1")?;
        let read = Self::parse(&scalar.text).filter(|_| scalar.plain || scalar.from_env);
        if read.is_none() {
            let message = format!("{} is not a number from 0 to 1", node.shown());
            report.say(
                Code::BadNumber,
                node.place,
                message,
                "write a decimal number such as `0.01`, without quotes",
            );
        }
        read
    }

    fn shown(read: &Self) -> Option<String> {
        let text = format!("{}.{:06}", read.0 / Self::WHOLE.0, read.0 % Self::WHOLE.0);
        Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
    }
}

/// A timestamp (RFC 3339).
pub(in crate::config) enum Date {}

impl Value for Date {
    type Read = jiff::Timestamp;
    const SHAPE: Shape = Shape::Date;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        date(report, node)
    }
}

fn boolean(report: &Report<'_>, node: &Node) -> Option<bool> {
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

fn integer(report: &Report<'_>, node: &Node, bounds: RangeInclusive<u64>) -> Option<u64> {
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

fn duration(report: &Report<'_>, node: &Node, bounds: RangeInclusive<Duration>) -> Option<Duration> {
    let scalar = scalar(report, node, "a duration")?;
    match parse_duration(&scalar.text) {
        Ok(value) => within(report, node, value, &bounds, |v| show_duration(*v)),
        Err(help) => {
            report.say(Code::BadDuration, node.place, format!("{} is not a duration", node.shown()), help);
            None
        }
    }
}

fn size(report: &Report<'_>, node: &Node, bounds: RangeInclusive<u64>) -> Option<u64> {
    let scalar = scalar(report, node, "a size")?;
    match parse_size(&scalar.text) {
        Ok(value) => within(report, node, value, &bounds, |v| show_size(*v)),
        Err(help) => {
            report.say(Code::BadSize, node.place, format!("{} is not a size", node.shown()), help);
            None
        }
    }
}

fn date(report: &Report<'_>, node: &Node) -> Option<jiff::Timestamp> {
    let scalar = scalar(report, node, "a moment")?;
    let parsed = scalar.text.parse().ok();
    if parsed.is_none() {
        let help = "write date, time and zone (RFC 3339), such as `2027-01-01T00:00:00Z`";
        report.say(Code::BadDate, node.place, format!("{} is not a moment", node.shown()), help);
    }
    parsed
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_decimal_number_from_0_to_1() {
        for (text, millionths, shown) in [
            ("0", 0, "0"),
            ("1", 1_000_000, "1"),
            ("1.0", 1_000_000, "1"),
            ("0.01", 10_000, "0.01"),
            ("0.000001", 1, "0.000001"),
            ("1e-2", 10_000, "0.01"),
            ("0.0000001", 1, "0.000001"),
            ("0.123456789", 123_457, "0.123457"),
        ] {
            let part = Part::parse(text).unwrap();
            assert_eq!(
                (part.millionths(), Part::shown(&part).as_deref()),
                (millionths, Some(shown)),
                "{text}"
            );
        }
        for text in ["", ".", "1.000001", "2", "-0.1", "0,5", "10%", "nan", "inf", "1e2", "0.5 "] {
            assert_eq!(Part::parse(text), None, "{text}");
        }
    }
}

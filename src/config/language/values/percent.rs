//! Hundredths, as people write them.

use super::super::shape::Shape;
use super::super::value::Value;
use super::scalar;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

/// A whole number of hundredths from `LEAST` to 100, such as `50%`.
pub(in crate::config) struct Percent<const LEAST: u8>;

impl<const LEAST: u8> Value for Percent<LEAST> {
    type Read = u8;
    const SHAPE: Shape = Shape::Pattern("^(100|[1-9]?[0-9])%$");

    fn read(report: &Report<'_>, node: &Node) -> Option<u8> {
        let scalar = scalar(report, node, "a part in hundredths")?;
        let digits = scalar.text.strip_suffix('%').filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let read = digits.and_then(|digits| digits.parse().ok()).filter(|read| (LEAST..=100).contains(read));
        if read.is_none() {
            let message = format!("{} is not a part in hundredths", node.shown());
            let help = format!("write something from {LEAST}% to 100%");
            report.say(Code::BadNumber, node.place, message, help);
        }
        read
    }

    fn shown(read: &u8) -> Option<String> {
        Some(format!("{read}%"))
    }
}

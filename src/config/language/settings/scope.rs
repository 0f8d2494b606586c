//! Scopes, as they are written wherever one may stand.

use super::super::shape::Shape;
use super::super::value::Value;
use super::super::values::ExactText;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Place;
use crate::config::text::yaml::Node;

/// A scope token (RFC 6749 section 3.3).
pub(in crate::config) enum Scope {}

impl Value for Scope {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern(SCOPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = ExactText::read(report, node)?;
        scope(report, node.place, &node.shown(), text)
    }
}

/// A scope token (RFC 6749 section 3.3), as a regular expression.
pub(super) const SCOPE: &str = r"^[!#-\[\]-~]+$";

/// A text that is a scope.
pub(super) fn scope(report: &Report<'_>, place: Place, shown: &str, text: String) -> Option<String> {
    let good = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if text.is_empty() || !text.bytes().all(good) {
        let help = "write one scope per entry: printable ASCII without blanks, quotes and backslashes";
        report.say(Code::BadClaim, place, format!("{shown} is not a scope"), help);
        return None;
    }
    Some(text)
}

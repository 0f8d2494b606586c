//! Texts.

use super::super::shape::Shape;
use super::super::value::Value;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node, Scalar};
use crate::model::check_label;

/// A name for people. What cannot be shown well is still a name.
pub(in crate::config) enum Label {}

impl Value for Label {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        label(report, node)
    }
}

/// Text that is compared byte for byte, so that white space at its ends would match nothing, ever.
pub(in crate::config) enum ExactText {}

impl Value for ExactText {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        exact_text(report, node)
    }
}

/// A single value that is there.
pub(in crate::config) fn scalar<'n>(report: &Report<'_>, node: &'n Node, wanted: &str) -> Option<&'n Scalar> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.broken => None,
        Kind::Scalar(scalar) if scalar.is_null() => {
            let message = format!("expected {wanted}, found nothing");
            report.say(Code::WrongType, node.place, message, "give it a value, or remove the line");
            None
        }
        Kind::Scalar(scalar) => Some(scalar),
        Kind::List(_) | Kind::Map(_) => {
            let message = format!("expected {wanted}, found {}", node.shown());
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

fn label(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = some_text(report, node)?;
    if let Err(help) = check_label(&text) {
        report.say(Code::BadLabel, node.place, "people may read this name as another one", help);
    }
    Some(text)
}

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

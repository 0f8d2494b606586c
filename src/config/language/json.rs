//! Values that keep their JSON type: what claims are compared with, and key sets.

use serde_json::Value;

use super::shape::Shape;
use super::value;
use super::values::scalar;
use crate::authz::is_exact;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node, Scalar};

/// Text, a number or a truth value, by the rules of YAML 1.2.
pub(in crate::config) enum Single {}

impl value::Value for Single {
    type Read = Value;
    const SHAPE: Shape = Shape::Single;

    fn read(report: &Report<'_>, node: &Node) -> Option<Value> {
        single(report, node)
    }
}

fn single(report: &Report<'_>, node: &Node) -> Option<Value> {
    let scalar = scalar(report, node, "text, a number, `true` or `false`")?;
    let value = json_scalar(report, node, scalar)?;
    if matches!(&value, Value::Number(number) if !is_exact(number)) {
        let message = format!("{} has more digits than a number can hold", node.shown());
        report.say(Code::BadNumber, node.place, message, "if the claim is text, put it in quotes");
        return None;
    }
    Some(value)
}

/// Any JSON value.
pub(in crate::config) fn json(report: &Report<'_>, node: &Node) -> Option<Value> {
    Some(match &node.kind {
        Kind::Scalar(scalar) if scalar.broken => return None,
        Kind::Scalar(scalar) if scalar.is_null() => Value::Null,
        Kind::Scalar(scalar) => json_scalar(report, node, scalar)?,
        Kind::List(items) => Value::Array(items.iter().filter_map(|item| json(report, item)).collect()),
        Kind::Map(entries) => Value::Object(
            entries
                .iter()
                .filter_map(|(key, value)| Some((key.text.clone(), json(report, value)?)))
                .collect(),
        ),
    })
}

fn json_scalar(report: &Report<'_>, node: &Node, scalar: &Scalar) -> Option<Value> {
    let text = scalar.text.as_str();
    if !scalar.plain || scalar.from_env {
        return Some(Value::String(text.to_owned()));
    }
    match text {
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    if let Ok(number @ Value::Number(_)) = serde_json::from_str(text) {
        return Some(number);
    }
    if is_yaml_number(text) {
        let message = format!("{} is a number in YAML and none in JSON", node.shown());
        report.say(Code::BadNumber, node.place, message, "write it as JSON does, or put it in quotes");
        return None;
    }
    Some(Value::String(text.to_owned()))
}

/// Whether a YAML 1.2 reader may take unquoted `text` for a number.
pub(in crate::config) fn is_yaml_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, radix: u32| {
        unsigned.strip_prefix(prefix).is_some_and(|d| !d.is_empty() && d.chars().all(|c| c.is_digit(radix)))
    };
    matches!(unsigned.to_ascii_lowercase().as_str(), ".inf" | ".nan")
        || radix("0x", 16)
        || radix("0o", 8)
        || (unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && unsigned.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_words_as_yaml_does() {
        for number in ["1", "-1", "1.5", ".5", "1e5", "007", "0x1f", "0o17", "+1", ".inf", "-.Inf", "1e999"] {
            assert!(is_yaml_number(number), "{number}");
        }
        for word in ["", "-", ".", "inf", "nan", "1a", "9f86d", "e5", "1_000", "0x", "0xg", "1.2.3"] {
            assert!(!is_yaml_number(word), "{word}");
        }
    }
}

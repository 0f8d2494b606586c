//! Lists.

use super::super::shape::Shape;
use super::super::value::Value;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node};

/// A list; entries that cannot be read are reported and left out.
pub(in crate::config) struct List<V>(V);

/// A list with something in it.
pub(in crate::config) struct SomeList<V>(V);

impl<V: Value> Value for List<V> {
    type Read = Vec<V::Read>;
    const SHAPE: Shape = Shape::List(&V::SHAPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        list(report, node, V::read)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        read.is_empty().then(|| "[]".to_owned())
    }
}

impl<V: Value> Value for SomeList<V> {
    type Read = Vec<V::Read>;
    const SHAPE: Shape = Shape::SomeList(&V::SHAPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            report.say(
                Code::EmptyValue,
                node.place,
                "this list must not be empty",
                "write at least one entry",
            );
            return None;
        }
        list(report, node, V::read)
    }
}

/// The entries of a list that can be read.
fn list<T>(
    report: &Report<'_>,
    node: &Node,
    read: impl Fn(&Report<'_>, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    match &node.kind {
        Kind::List(items) => {
            let mut list: Vec<_> = items.iter().filter_map(|item| read(report, item)).collect();
            // It is kept for long, for each of thousands of agents.
            list.shrink_to_fit();
            Some(list)
        }
        Kind::Scalar(scalar) if scalar.broken => None,
        Kind::Scalar(_) | Kind::Map(_) => {
            let message = format!("expected a list, found {}", node.shown());
            let help = match &node.kind {
                Kind::Scalar(s) if !s.is_null() && !s.from_env => format!("write `[{}]`", s.text),
                _ => "write `[a, b]`, or `[]` for none".to_owned(),
            };
            report.say(Code::WrongType, node.place, message, help);
            None
        }
    }
}

//! Values that are read as others are, and kept in another way.

use super::fields::Fields;
pub(in crate::config) use super::fields::Value;
use super::shape::{Field, Shape};
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;

/// A value of which it is kept where it stands.
pub(in crate::config) struct Placed<V>(V);

impl<V: Value> Value for Placed<V> {
    type Read = Spanned<V::Read>;
    const SHAPE: Shape = V::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        V::read(report, node).map(|value| node.spanned(value))
    }

    fn read_under(report: &Report<'_>, owner: Place, node: &Node) -> Option<Self::Read> {
        V::read_under(report, owner, node).map(|value| node.spanned(value))
    }

    fn missing(fields: &Fields<'_>, field: &Field) {
        V::missing(fields, field);
    }

    fn shown(read: &Self::Read) -> Option<String> {
        V::shown(&read.value)
    }
}

/// A value that is large, and mostly absent or one of many.
pub(in crate::config) struct Boxed<V>(V);

impl<V: Value> Value for Boxed<V> {
    type Read = Box<V::Read>;
    const SHAPE: Shape = V::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        V::read(report, node).map(Box::new)
    }

    fn read_under(report: &Report<'_>, owner: Place, node: &Node) -> Option<Self::Read> {
        V::read_under(report, owner, node).map(Box::new)
    }

    fn missing(fields: &Fields<'_>, field: &Field) {
        V::missing(fields, field);
    }

    fn shown(read: &Self::Read) -> Option<String> {
        V::shown(read)
    }
}

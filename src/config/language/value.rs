//! What a value of the configuration is: what may stand in a field and how it is read, in one.

use super::fields::Fields;
use super::shape::{Field, Shape};
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;

/// A kind of value. Those that are read to a type of their own implement it there; several ways to write one type, such
/// as the texts, are types without values.
pub(in crate::config) trait Value {
    /// What it is read to.
    type Read;

    /// What may stand there.
    const SHAPE: Shape;

    /// Reads it. What is wrong with it is reported, and gives nothing.
    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read>;

    /// Reads it where the key at `owner` is what it is missed by.
    fn read_under(report: &Report<'_>, _owner: Place, node: &Node) -> Option<Self::Read> {
        Self::read(report, node)
    }

    /// Reads it from the fields that it is made of.
    fn read_inline(_fields: &Fields<'_>) -> Option<Self::Read> {
        None
    }

    /// Reports that it is missing.
    fn missing(fields: &Fields<'_>, field: &Field) {
        fields.say_missing(field);
    }

    /// What an operator would write for it, where that is a word or two.
    fn shown(_read: &Self::Read) -> Option<String> {
        None
    }
}

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

/// A value that is large and mostly absent.
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
}

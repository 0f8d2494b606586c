//! A value with its members in the order of the reference, as people would write it.

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;

use super::settings::root::{ROOT, section_of};
use super::shape::{Section, Shape};
use crate::model::ResourceKind;

/// A value of this shape; what the shape does not know comes last.
pub(in crate::config) struct Ordered<'v> {
    value: &'v Value,
    shape: Option<Shape>,
}

impl<'v> Ordered<'v> {
    /// A whole document.
    pub(in crate::config) const fn document(value: &'v Value) -> Self {
        Self { value, shape: Some(Shape::Section(ROOT)) }
    }

    /// A resource of this kind.
    pub(in crate::config) const fn resource(kind: ResourceKind, value: &'v Value) -> Self {
        Self { value, shape: Some(Shape::Section(section_of(kind))) }
    }
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for value in items {
                    seq.serialize_element(&Ordered { value, shape: self.shape.and_then(item) })?;
                }
                seq.end()
            }
            Value::Object(members) => {
                let section = self.shape.and_then(section);
                let known: Vec<&str> =
                    section.map(|s| s.fields().map(|field| field.name).collect()).unwrap_or_default();
                let place = |name: &str| known.iter().position(|k| *k == name).unwrap_or(known.len());
                let mut in_order: Vec<(&String, &Value)> = members.iter().collect();
                in_order.sort_by_key(|(name, _)| place(name));
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in in_order {
                    let field = section.and_then(|s| s.field(name));
                    let shape = field.map(|field| field.shape).or_else(|| self.shape.and_then(member));
                    map.serialize_entry(name, &Ordered { value, shape })?;
                }
                map.end()
            }
            single => single.serialize(serializer),
        }
    }
}

fn section(shape: Shape) -> Option<&'static Section> {
    match shape {
        Shape::Section(section) => Some(section),
        Shape::AnyOf(shapes) => shapes.iter().find_map(|shape| section(*shape)),
        _ => None,
    }
}

fn item(shape: Shape) -> Option<Shape> {
    match shape {
        Shape::List(item) | Shape::SomeList(item) => Some(*item),
        Shape::AnyOf(shapes) => shapes.iter().find_map(|shape| item(*shape)),
        _ => None,
    }
}

fn member(shape: Shape) -> Option<Shape> {
    match shape {
        Shape::Map(_, value) => Some(*value),
        _ => None,
    }
}

//! What may stand in a field, as data: the JSON Schema, the reference page, "did you mean" and the order in which
//! settings are written are made from it.

use std::time::Duration;

use super::units::{show_duration, show_size};

/// What may stand in a field.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text, which may be empty.
    Text,
    /// Text that is not empty.
    SomeText,
    /// Text that matches this regular expression (ECMA-262), which is anchored.
    Pattern(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Integer(u64, u64),
    /// One of these whole numbers.
    OneOf(&'static [u64]),
    /// A part of one, such as 0.01.
    Part,
    /// A duration such as `30s`, within bounds in milliseconds.
    Duration(u64, u64),
    /// A size such as `10MiB`, or a number of bytes, within bounds.
    Size(u64, u64),
    /// A timestamp such as `2027-01-01T00:00:00Z`.
    Date,
    /// Text, a number or a truth value.
    Single,
    /// A JSON value with a mapping at its top.
    Json,
    /// A list of such values.
    List(&'static Shape),
    /// A list of such values with at least one of them.
    SomeList(&'static Shape),
    /// A mapping from free keys, which match this regular expression, to such values.
    Map(&'static str, &'static Shape),
    /// A mapping with the fields of a section.
    Section(&'static Section),
    /// One of several.
    AnyOf(&'static [Shape]),
}

/// One field of a section.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, in one line.
    pub doc: &'static str,
    /// What an operator would write for what it is when it is absent.
    pub default: Option<fn() -> Option<String>>,
    /// Whether the fields of its section stand in the place of the field itself.
    pub inline: bool,
}

/// The fields that one kind of mapping may have.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// What the mapping is called in messages.
    pub name: &'static str,
    /// Whether exactly one of the fields must be there.
    pub one_of: bool,
    /// The fields as they are declared; [`Self::fields`] are those that can be written.
    pub declared: &'static [Field],
}

/// The least and the greatest value of a setting, as an operator writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The least value.
    pub least: String,
    /// The greatest value.
    pub most: String,
}

impl Shape {
    /// The bounds of a number, a duration or a size, also where a word may stand instead.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        let within = |(least, most): (&u64, &u64), show: fn(u64) -> String| {
            Some(Bounds { least: show(*least), most: show(*most) })
        };
        match self {
            Self::Integer(least, most) => within((least, most), |number| number.to_string()),
            Self::Duration(least, most) => {
                within((least, most), |millis| show_duration(Duration::from_millis(millis)))
            }
            Self::Size(least, most) => within((least, most), show_size),
            Self::AnyOf(shapes) => shapes.iter().find_map(Self::bounds),
            Self::Text
            | Self::SomeText
            | Self::Pattern(_)
            | Self::Word(_)
            | Self::Bool
            | Self::OneOf(_)
            | Self::Part
            | Self::Date
            | Self::Single
            | Self::Json
            | Self::List(_)
            | Self::SomeList(_)
            | Self::Map(..)
            | Self::Section(_) => None,
        }
    }
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { least, most } = self;
        if least == most { f.write_str(least) } else { write!(f, "{least} to {most}") }
    }
}

impl Section {
    /// The fields, in the order of the reference.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + Clone {
        self.declared.iter().flat_map(Field::written)
    }

    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }
}

impl Field {
    /// A field that may be absent.
    pub(in crate::config) const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, required: false, doc, default: None, inline: false }
    }

    /// What can be written for it: itself, or what stands in its place.
    fn written(&'static self) -> &'static [Self] {
        match self.shape {
            Shape::Section(section) if self.inline => section.declared,
            _ => std::slice::from_ref(self),
        }
    }

    /// What an operator would write for the default, where there is one that can be written.
    #[must_use]
    pub fn shown_default(&self) -> Option<String> {
        self.default.and_then(|shown| shown())
    }
}

//! What may stand in a field, as data: the JSON Schema, the reference page, "did you mean" and the order in which
//! settings are written are made from it.

/// What may stand in a field.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Integer(u64, u64),
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
    /// A mapping from free keys to such values.
    Map(&'static Shape),
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

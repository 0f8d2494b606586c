//! What a value of the configuration is, and a cursor over one mapping of them: reads the fields that its section
//! declares, and reports all others.

use std::cell::Cell;

use super::shape::{Field, Section, Shape};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Place;
use crate::config::text::suggest::suggest;
use crate::config::text::yaml::{Key, Kind, Node};

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

/// The fields of one mapping.
pub(in crate::config) struct Fields<'a> {
    report: &'a Report<'a>,
    section: &'static Section,
    owner: Place,
    written: Written<'a>,
    failed: Cell<bool>,
}

enum Written<'a> {
    Mapping(&'a [(Key, Node)]),
    /// One value, which stands for this field.
    Short(&'static str, &'a Node),
}

impl<'a> Fields<'a> {
    /// Opens `node`, which stands under the key at `owner`; reports and gives nothing when it is no mapping.
    pub(in crate::config) fn open(
        report: &'a Report<'a>,
        section: &'static Section,
        owner: Place,
        node: &'a Node,
    ) -> Option<Self> {
        let written = Written::Mapping(entries(report, section.name, node)?);
        Some(Self { report, section, owner, written, failed: Cell::new(false) })
    }

    /// The mapping in which `node` stands under `name` and nothing else is written.
    pub(super) const fn short(
        report: &'a Report<'a>,
        section: &'static Section,
        name: &'static str,
        node: &'a Node,
    ) -> Self {
        let written = Written::Short(name, node);
        Self { report, section, owner: node.place, written, failed: Cell::new(false) }
    }

    /// Where findings go.
    pub(in crate::config) const fn report(&self) -> &'a Report<'a> {
        self.report
    }

    /// The key to which this mapping belongs.
    pub(in crate::config) const fn owner(&self) -> Place {
        self.owner
    }

    /// Whether a field was written and could not be read.
    pub(in crate::config) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// The value of a field, as it was written.
    pub(in crate::config) fn node(&self, name: &'static str) -> Option<&'a Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// Where the key of a field stands, and its value, as it was written.
    pub(in crate::config) fn entry(&self, name: &'static str) -> Option<(Place, &'a Node)> {
        debug_assert!(
            self.section.field(name).is_some(),
            "`{name}` is not declared in {}",
            self.section.name
        );
        self.stranger(name)
    }

    /// The same for a key that need not be a field.
    pub(in crate::config) fn stranger(&self, name: &str) -> Option<(Place, &'a Node)> {
        match self.written {
            Written::Mapping(entries) => {
                entries.iter().find(|(key, _)| key.text == name).map(|(key, node)| (key.place, node))
            }
            Written::Short(field, node) => (field == name).then_some((node.place, node)),
        }
    }

    /// Whether the field was written, whatever it holds.
    pub(in crate::config) fn has(&self, name: &'static str) -> bool {
        self.entry(name).is_some()
    }

    /// Reports that one of two fields was written without the other.
    pub(in crate::config) fn both_or_none(&self, one: &'static str, other: &'static str) {
        for (there, missing) in [(one, other), (other, one)] {
            if let Some((place, _)) = self.entry(there).filter(|_| !self.has(missing)) {
                let message = format!("`{there}` needs `{missing}`");
                self.report().say(Code::MissingField, place, message, format!("write `{missing}` as well"));
            }
        }
    }

    /// A field that may be absent. Nothing also when it was there and bad, which was reported.
    pub(in crate::config) fn optional<V: Value>(&self, name: &'static str) -> Option<V::Read> {
        let (owner, node) = self.entry(name)?;
        let read = V::read_under(self.report, owner, node);
        if read.is_none() {
            self.failed.set(true);
        }
        read
    }

    /// A field that must be there.
    pub(in crate::config) fn required<V: Value>(&self, name: &'static str) -> Option<V::Read> {
        if !self.has(name)
            && let Some(field) = self.section.field(name)
        {
            V::missing(self, field);
        }
        self.optional::<V>(name)
    }

    /// A value that several fields make together.
    pub(in crate::config) fn inline<V: Value>(&self) -> Option<V::Read> {
        let read = V::read_inline(self);
        if read.is_none() {
            self.failed.set(true);
        }
        read
    }

    /// Reports that a field is missing.
    pub(in crate::config) fn say_missing(&self, field: &Field) {
        let message = format!("{} needs `{}`", self.section.name, field.name);
        let help = format!("add `{}`: {}", field.name, field.doc);
        self.report.say(Code::MissingField, self.owner, message, help);
    }

    /// Reports the fields that nobody knows.
    pub(in crate::config) fn close(self) {
        self.say_unknown(&[], &[]);
    }

    /// Reports the fields that nobody knows, but for those that the reader has dealt with.
    pub(in crate::config) fn close_but(self, known: &[&str]) {
        self.say_unknown(known, &[]);
    }

    /// Reports the fields that nobody knows; `instead` says of some what to write in their place.
    pub(in crate::config) fn close_with(self, instead: &[(&str, &str)]) {
        self.say_unknown(&[], instead);
    }

    fn say_unknown(&self, known: &[&str], instead: &[(&str, &str)]) {
        let Written::Mapping(entries) = self.written else { return };
        for (key, _) in entries.iter().filter(|(key, _)| self.section.field(&key.text).is_none()) {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let message = format!("no field `{}` in {}", key.text, self.section.name);
            let help = instead.iter().find(|(name, _)| *name == key.text).map(|(_, help)| *help);
            self.report.find(Code::UnknownField, key.place, message, |finding| match help {
                Some(help) => finding.help(help),
                None => finding.help(suggest(&key.text, self.section.fields().map(|field| field.name))),
            });
        }
    }
}

/// The entries of a mapping with free keys.
pub(in crate::config) fn entries<'a>(
    report: &Report<'_>,
    what: &str,
    node: &'a Node,
) -> Option<&'a [(Key, Node)]> {
    match &node.kind {
        Kind::Map(entries) => Some(entries),
        Kind::Scalar(scalar) if scalar.broken => None,
        Kind::Scalar(_) | Kind::List(_) => {
            let message = format!("{what} is a mapping, and this is {}", node.shown());
            let help = "write fields below it, or `{}` for none";
            report.say(Code::WrongType, node.place, message, help);
            None
        }
    }
}

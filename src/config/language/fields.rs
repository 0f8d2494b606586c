//! A cursor over one mapping: hands out the fields that a reader asks for and reports all others.
//!
//! Which fields there are is the table of the section in `sections`; the JSON Schema is made from the same
//! table, so that the two cannot disagree.

use std::cell::RefCell;

use super::sections::Section;
use crate::config::text::code::Code;
use crate::config::text::report::{Report, suggest};
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Key, Kind, Node};

/// The fields of one mapping.
pub(in crate::config) struct Fields<'a> {
    report: &'a Report<'a>,
    section: &'static Section,
    owner: Place,
    entries: &'a [(Key, Node)],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// Opens `node`, which stands under the key at `owner`; reports and gives nothing when it is no mapping.
    pub(in crate::config) fn open(
        report: &'a Report<'a>,
        section: &'static Section,
        owner: Place,
        node: &'a Node,
    ) -> Option<Self> {
        let entries = entries(report, section.name, node)?;
        Some(Self { report, section, owner, entries, asked: RefCell::default() })
    }

    /// Where findings go.
    pub(in crate::config) const fn report(&self) -> &'a Report<'a> {
        self.report
    }

    /// The key to which this mapping belongs.
    pub(in crate::config) const fn owner(&self) -> Place {
        self.owner
    }

    /// The value of a field, as it was written.
    pub(in crate::config) fn node(&self, name: &'static str) -> Option<&'a Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// The key and the value of a field, as they were written.
    pub(in crate::config) fn entry(&self, name: &'static str) -> Option<(&'a Key, &'a Node)> {
        debug_assert!(self.section.has(name), "`{name}` is not in the table of `{}`", self.section.name);
        self.asked.borrow_mut().push(name);
        self.entries.iter().find(|(key, _)| key.text == name).map(|(key, node)| (key, node))
    }

    /// Whether the field was written, whatever it holds.
    pub(in crate::config) fn has(&self, name: &'static str) -> bool {
        self.entry(name).is_some()
    }

    /// A field that may be absent. Nothing also when it was there and bad, which `read` has reported.
    pub(in crate::config) fn optional<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'a Report<'a>, &'a Node) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let node = self.node(name)?;
        read(self.report, node).map(|value| node.spanned(value))
    }

    /// A field that must be there.
    pub(in crate::config) fn required<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'a Report<'a>, &'a Node) -> Option<T>,
    ) -> Option<Spanned<T>> {
        if !self.has(name) {
            let message = format!("{} needs `{name}`", self.section.name);
            let help = format!("add `{name}`: {}", self.section.doc_of(name));
            self.report.say(Code::MissingField, self.owner, message, help);
        }
        self.optional(name, read)
    }

    /// A field that is a mapping of its own.
    pub(in crate::config) fn section(&self, name: &'static str, section: &'static Section) -> Option<Self> {
        let (key, node) = self.entry(name)?;
        Fields::open(self.report, section, key.place, node)
    }

    /// Reports the fields that nobody knows.
    pub(in crate::config) fn close(self) {
        self.close_but(&[]);
    }

    /// A key of this mapping that is in no table.
    pub(in crate::config) fn stranger(&self, name: &str) -> Option<&'a Key> {
        self.entries.iter().map(|(key, _)| key).find(|key| key.text == name)
    }

    /// Reports the fields that nobody knows, but for those that the reader has dealt with.
    pub(in crate::config) fn close_but(self, known: &[&str]) {
        let asked = self.asked.into_inner();
        for field in self.section.fields {
            debug_assert!(
                asked.contains(&field.name),
                "`{}.{}` is never read",
                self.section.name,
                field.name
            );
        }
        for (key, _) in self.entries.iter().filter(|(key, _)| !self.section.has(&key.text)) {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let message = format!("no field `{}` in {}", key.text, self.section.name);
            self.report.find(Code::UnknownField, key.place, message, |finding| {
                finding.help(suggest(&key.text, self.section.fields.iter().map(|f| f.name)))
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

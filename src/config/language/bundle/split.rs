//! One document to many texts: each is what stands under a name, moved to the left.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::fields::{Fields, entries};
use super::super::settings::root::ROOT;
use super::super::written::{NAME, as_json, to_yaml};
use super::value_of;
use crate::config::text::code::Code;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Source};
use crate::config::text::yaml::{self, Key, Kind, Node};
use crate::model::{ResourceId, ResourceKind};

/// The resources of a document, each as a text of its own, with references to the environment as they stand. What else
/// stands in the document is left out.
///
/// # Errors
/// When it is no YAML or no document, and where a name cannot be that of a resource.
pub fn split(source: &Source) -> Result<BTreeMap<ResourceId, String>, Diagnostics> {
    let findings = Findings::default();
    let report = &Report::new(&findings, source);
    let found = yaml::read_raw(report).and_then(|tree| {
        let root = Fields::open(report, ROOT, Place::new(1, 1, 1), &tree)?;
        let lines = Lines::of(source, &root);
        let mut found = BTreeMap::new();
        for kind in ResourceKind::ALL {
            let Some(node) = root.node(kind.section()) else { continue };
            if kind == ResourceKind::Limit {
                found.extend(limits(report, &lines, node));
                continue;
            }
            let entries = entries(report, &format!("`{}`", kind.section()), node).unwrap_or_default();
            for (index, (key, node)) in entries.iter().enumerate() {
                let next = entries.get(index + 1).map(|(key, _)| key.place.line());
                found.extend(resource(report, kind, &lines, (key, node, next)));
            }
        }
        root.close();
        Some(found)
    });
    let findings = findings.finish(std::slice::from_ref(source));
    match found {
        Some(found) if !findings.has_errors() => Ok(found),
        Some(_) | None => Err(findings),
    }
}

/// One entry of a section: its key, its value, and the line of the next key.
type Entry<'n> = (&'n Key, &'n Node, Option<usize>);

/// The limits of a list, each without its name.
fn limits(report: &Report<'_>, lines: &Lines<'_>, list: &Node) -> Vec<(ResourceId, String)> {
    let Kind::List(items) = &list.kind else {
        let message = format!("`limits` is a list, and this is {}", list.shown());
        report.say(Code::WrongType, list.place, message, "write entries below it, each with `-` before it");
        return Vec::new();
    };
    let after = |index: usize| items.get(index + 1).map(|next| next.place.line());
    let each = items.iter().enumerate();
    each.filter_map(|(index, item)| limit(report, lines, (item, after(index)))).collect()
}

fn limit(
    report: &Report<'_>,
    lines: &Lines<'_>,
    (item, next): (&Node, Option<usize>),
) -> Option<(ResourceId, String)> {
    let Some(Value::Object(mut fields)) = as_json(item) else {
        report.say(Code::WrongType, item.place, "its value cannot be read", "write a mapping");
        return None;
    };
    let Some(name) = fields.remove(NAME).and_then(|name| Some(name.as_str()?.to_owned())) else {
        report.say(Code::MissingField, item.place, "a limit needs `name`", "add `name`");
        return None;
    };
    let id = id(report, ResourceKind::Limit, &name, item.place)?;
    let value = Value::Object(fields);
    let kept = lines.listed(item, next).filter(|text| value_of(text).as_ref() == Some(&value));
    match kept.map_or_else(|| to_yaml(ResourceKind::Limit, &value), Ok) {
        Ok(text) => Some((id, text)),
        Err(_) => {
            report.say(Code::WrongType, item.place, "its value cannot be read", "write a mapping");
            None
        }
    }
}

fn id(report: &Report<'_>, kind: ResourceKind, name: &str, place: Place) -> Option<ResourceId> {
    let id = ResourceId::new(kind, name);
    if id.is_none() {
        let message = format!("`{name}` cannot be the name of a resource");
        report.say(Code::BadName, place, message, "use letters, digits and `-`, at most 63 of them");
    }
    id
}

fn resource(
    report: &Report<'_>,
    kind: ResourceKind,
    lines: &Lines<'_>,
    (key, node, next): Entry<'_>,
) -> Option<(ResourceId, String)> {
    let id = id(report, kind, &key.text, key.place)?;
    let unreadable = || report.say(Code::WrongType, key.place, "its value cannot be read", "write a mapping");
    let Some(value) = as_json(node) else {
        unreadable();
        return None;
    };
    let kept = lines.under(key, node, next).filter(|text| value_of(text).as_ref() == Some(&value));
    match kept.map_or_else(|| to_yaml(kind, &value), Ok) {
        Ok(text) => Some((id, text)),
        Err(_) => {
            unreadable();
            None
        }
    }
}

/// The lines of a document.
struct Lines<'s> {
    lines: Vec<&'s str>,
    /// The lines of the keys at the top.
    top: Vec<usize>,
    /// Whether every line ends where this type thinks that it does.
    is_plain: bool,
}

impl<'s> Lines<'s> {
    fn of(source: &'s Source, root: &Fields<'_>) -> Self {
        let text = &*source.text;
        let lines = text.split_inclusive('\n').collect();
        let top = ROOT.fields().filter_map(|field| Some(root.entry(field.name)?.0.line())).collect();
        Self { lines, top, is_plain: !text.replace("\r\n", "").contains('\r') }
    }

    /// The text under a key, moved to the left, with the comment above the key; `None` when it does not stand on lines of
    /// its own.
    fn under(&self, key: &Key, node: &Node, next: Option<usize>) -> Option<String> {
        let (key_line, indent) = (key.place.line(), node.place.column().checked_sub(1)?);
        if !self.is_plain || node.place.line() <= key_line {
            return None;
        }
        self.moved(self.comment_above(key_line, key.place.column()), key_line, (indent, next))
    }

    /// The text of an entry of a list after its name, moved to the left, with the comment above the entry; `None` when the
    /// name does not come first, on a line of its own.
    fn listed(&self, item: &Node, next: Option<usize>) -> Option<String> {
        let Kind::Map(fields) = &item.kind else { return None };
        let (name, second) = (&fields.first()?.0, &fields.get(1)?.0);
        let (line, indent) = (name.place.line(), name.place.column().checked_sub(1)?);
        let is_block = name.text == NAME && second.place.column() == name.place.column();
        if !self.is_plain || !is_block || second.place.line() <= line {
            return None;
        }
        let dash = self.lines.get(line.checked_sub(1)?).map(|line| indent_of(line) + 1)?;
        self.moved(self.comment_above(line, dash), line, (indent, next))
    }

    /// The lines after one, up to the next entry or section, moved to the left, under the comment `above`.
    fn moved(&self, above: &[&str], line: usize, (indent, next): (usize, Option<usize>)) -> Option<String> {
        let top = self.top.iter().copied().filter(|top| *top > line).min();
        let end = next.or(top).map_or(self.lines.len(), |line| line - 1);
        let mut body = self.lines.get(line..end)?;
        while let Some((last, rest)) = body.split_last()
            && is_outside(last, indent)
        {
            body = rest;
        }
        let mut text: String = above.iter().map(|line| line.trim_start()).collect();
        for line in body {
            match line.strip_prefix(&" ".repeat(indent)) {
                Some(line) => text.push_str(line),
                None if line.trim().is_empty() => text.push('\n'),
                None => text.push_str(line.trim_start()),
            }
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Some(text)
    }

    /// The comment directly above a key, indented as the key is.
    fn comment_above(&self, key_line: usize, column: usize) -> &[&'s str] {
        let before = self.lines.get(..key_line.saturating_sub(1)).unwrap_or_default();
        let is_comment = |line: &&&str| indent_of(line) + 1 == column && line.trim_start().starts_with('#');
        let count = before.iter().rev().take_while(is_comment).count();
        before.get(before.len() - count..).unwrap_or_default()
    }
}

/// Whether a line at the end of a resource is no part of it: it is empty, or a comment further to the left.
fn is_outside(line: &str, indent: usize) -> bool {
    let content = line.trim();
    content.is_empty() || (content.starts_with('#') && indent_of(line) < indent)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

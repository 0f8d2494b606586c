//! Many texts to one document: each is indented under its name.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::written::{NAME, to_yaml};
use super::value_of;
use crate::model::{ResourceId, ResourceKind};

/// What a document begins with.
const HEAD: &str = "# Agents, identity providers, API keys and limits of a store. API keys stand here as hashes.\nversion: 1\n";

/// How far the fields of a resource are indented: under a section and a name, two blanks each.
const INDENT: &str = "    ";

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// Its text.
    pub text: String,
    /// Resources whose comments and layout are lost: indented, their texts would mean something else.
    pub rewritten: Vec<ResourceId>,
}

/// Writes texts into one document.
///
/// # Errors
/// The resource whose text is not YAML.
pub fn gather<'r>(
    resources: impl IntoIterator<Item = (&'r ResourceId, &'r str)>,
) -> Result<Gathered, ResourceId> {
    let mut sections: Vec<(ResourceKind, String)> =
        ResourceKind::ALL.into_iter().map(|kind| (kind, String::new())).collect();
    let mut rewritten = Vec::new();
    for (id, text) in resources {
        let (entry, is_kept) = entry(id, text).ok_or_else(|| id.clone())?;
        if !is_kept {
            rewritten.push(id.clone());
        }
        for (_, section) in sections.iter_mut().filter(|(kind, _)| *kind == id.kind()) {
            section.push_str(&entry);
        }
    }
    let mut text = HEAD.to_owned();
    for (kind, section) in sections.into_iter().filter(|(_, section)| !section.is_empty()) {
        // Writing to a string does not fail.
        let _ = write!(text, "{}:\n{section}", kind.section());
    }
    Ok(Gathered { text, rewritten })
}

/// The lines of one resource, and whether its text is kept in them.
fn entry(id: &ResourceId, text: &str) -> Option<(String, bool)> {
    let value = value_of(text)?;
    let (begin, next, value) = match id.kind() {
        ResourceKind::Limit => {
            (format!("  - {NAME}: {}\n", key(id.name())), "  - next", without_name(value)?)
        }
        ResourceKind::Agent | ResourceKind::IdentityProvider | ResourceKind::ApiKey => {
            (format!("  {}:\n", key(id.name())), "  next: 1", value)
        }
    };
    let kept = format!("{begin}{}", indented(text));
    // What follows must not become part of it.
    let within = value_of(&format!("section:\n{kept}{next}\n"));
    if within.is_some_and(|within| alone(id, within).as_ref() == Some(&value)) {
        return Some((kept, true));
    }
    let plain = to_yaml(id.kind(), &value).ok()?;
    Some((format!("{begin}{}", indented(&plain)), false))
}

/// What a section says of a resource, when that and what follows is all of it.
fn alone(id: &ResourceId, mut within: Value) -> Option<Value> {
    match within.get_mut("section")? {
        Value::Object(section) if section.len() == 2 => section.remove(id.name()),
        Value::Array(list) => match list.as_mut_slice() {
            [first, Value::String(_)] if first.get(NAME)? == id.name() => without_name(first.take()),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// An entry of a list, whose name stands before it.
fn without_name(mut value: Value) -> Option<Value> {
    value.as_object_mut()?.remove(NAME);
    Some(value)
}

/// A name as a key of YAML: in quotes where it could be read as a number, a truth value or nothing.
fn key(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
            .contains(&name.to_ascii_lowercase().as_str());
    if is_word { name.to_owned() } else { format!("\"{name}\"") }
}

fn indented(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut before_content = true;
    let mut lines = String::with_capacity(text.len() + text.len() / 4);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if before_content && content == "---" {
            before_content = false;
            continue;
        }
        before_content &= content.is_empty() || content.starts_with('#');
        if !line.trim_end_matches(['\n', '\r']).is_empty() {
            lines.push_str(INDENT);
        }
        lines.push_str(line);
    }
    if !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines
}

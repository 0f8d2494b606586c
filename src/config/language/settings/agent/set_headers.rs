//! `upstream.set_headers`: what an agent is given with every request. No value is ever shown.

use std::path::PathBuf;

use http::{HeaderName, HeaderValue};

use super::super::super::fields::entries;
use super::super::super::section::{Settings, read_section, section};
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{FilePath, TOKEN, text};
use super::super::super::web;
use crate::config::text::code::Code;
use crate::config::text::masked::MASK;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Key, Kind, Node};
use crate::model::{is_token, reduced};

/// One of `upstream.set_headers`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetHeader {
    /// Its name.
    pub name: Spanned<HeaderName>,
    /// Its value.
    pub value: SetValue,
}

/// The value of a header that is set. It is a secret, and its `Debug` says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetValue {
    /// This text.
    Text(HeaderValue),
    /// What stands in this file.
    File(Spanned<PathBuf>),
}

section! {
    /// One of `upstream.set_headers`, written as a mapping
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct InFile = "a header that is set" {
        /// the file that holds the value; read again when it changes
        file: Spanned<PathBuf> as Placed<FilePath>, required;
    }
}

/// Headers and their values; those that cannot be read are reported and left out.
pub(super) enum SetHeaders {}

impl Value for SetHeaders {
    type Read = Vec<SetHeader>;
    const SHAPE: Shape = Shape::Map(TOKEN, &Shape::AnyOf(&[Shape::Text, Shape::Section(InFile::SECTION)]));

    fn read(report: &Report<'_>, node: &Node) -> Option<Vec<SetHeader>> {
        if let Kind::Scalar(_) | Kind::List(_) = node.kind {
            let help = "write names and values below it, such as `X-Agent-Key: ${AGENT_KEY}`";
            report.say(Code::WrongType, node.place, "`set_headers` is a mapping, and this is none", help);
            return None;
        }
        let mut taken: Vec<(String, Place)> = Vec::new();
        let mut headers = Vec::new();
        for (key, node) in entries(report, "`set_headers`", node)? {
            let (Some(name), Some(value)) = (name(report, key), value(report, key, node)) else { continue };
            let spelled = reduced(name.as_str());
            if let Some((_, first)) = taken.iter().find(|(other, _)| *other == spelled) {
                let message = format!("`{name}` is set twice");
                let help = "remove one of them; `_`, `.`, `-` and case make no difference";
                report.clash(Code::HeaderConflict, key.place, *first, message, help);
                continue;
            }
            taken.push((spelled, key.place));
            headers.push(SetHeader { name: Spanned::new(name, key.place), value });
        }
        headers.shrink_to_fit();
        Some(headers)
    }
}

fn name(report: &Report<'_>, key: &Key) -> Option<HeaderName> {
    let bad = |help| {
        // What is no name may be a value in the wrong place.
        let shown = if is_token(key.text.as_bytes()) { format!("`{}`", key.text) } else { "this".to_owned() };
        let message = format!("{shown} is not a valid header name here");
        report.find(Code::BadHeader, key.place, message, |finding| finding.help(help).without_line());
    };
    web::header_name(&key.text).map_err(bad).ok()
}

fn value(report: &Report<'_>, key: &Key, node: &Node) -> Option<SetValue> {
    if node.is_map() {
        return read_section::<InFile>(report, key.place, node).map(|read| SetValue::File(read.file));
    }
    let text = text(report, node)?;
    let bad = |help| {
        let message = format!("this cannot be the value of `{}`", key.text);
        report.find(Code::BadHeader, node.place, message, |finding| finding.help(help).without_line());
    };
    header_value(&text).map(SetValue::Text).map_err(bad).ok()
}

/// A value for a header, marked as a secret.
///
/// # Errors
/// What to write instead.
fn header_value(text: &str) -> Result<HeaderValue, &'static str> {
    if text == MASK {
        return Err("this is what is shown in the place of a value; write the value, or `{ file: PATH }`");
    }
    web::header_value(text.as_bytes())
}

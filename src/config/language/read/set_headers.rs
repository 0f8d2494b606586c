//! `upstream.set_headers`: what an agent is given with every request. No value is ever shown.

use http::HeaderValue;

use super::super::document::{SetHeader, SetValue};
use super::super::fields::{Fields, entries};
use super::super::sections::SET_HEADER;
use super::super::value;
use super::super::web;
use crate::config::text::code::Code;
use crate::config::text::masked::MASK;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Key, Kind, Node};
use crate::model::{is_token, reduced};

/// Reads the headers; those that cannot be read are reported and left out.
pub(super) fn read<'a>(report: &'a Report<'a>, node: &'a Node) -> Vec<SetHeader> {
    if let Kind::Scalar(_) | Kind::List(_) = node.kind {
        let help = "write names and values below it, such as `X-Agent-Key: ${AGENT_KEY}`";
        report.say(Code::WrongType, node.place, "`set_headers` is a mapping, and this is none", help);
        return Vec::new();
    }
    let mut taken: Vec<(String, Place)> = Vec::new();
    let mut out = Vec::new();
    for (key, node) in entries(report, "`set_headers`", node).unwrap_or_default() {
        let (Some(name), Some(value)) = (name(report, key), value(report, key, node)) else { continue };
        let spelled = reduced(name.as_str());
        if let Some((_, first)) = taken.iter().find(|(other, _)| *other == spelled) {
            let message = format!("`{name}` is set twice");
            let help = "remove one of them; `_`, `.`, `-` and case make no difference";
            report.clash(Code::HeaderConflict, key.place, *first, message, help);
            continue;
        }
        taken.push((spelled, key.place));
        out.push(SetHeader { name: Spanned::new(name, key.place), value });
    }
    out.shrink_to_fit();
    out
}

fn name(report: &Report<'_>, key: &Key) -> Option<http::HeaderName> {
    let name = web::header_name(&key.text);
    if let Err(help) = name {
        // What is no name may be a value in the wrong place.
        let shown = if is_token(key.text.as_bytes()) { format!("`{}`", key.text) } else { "this".to_owned() };
        let message = format!("{shown} is not a header name that can stand here");
        report.find(Code::BadHeader, key.place, message, |finding| finding.help(help).without_line());
    }
    name.ok()
}

fn value<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<SetValue> {
    if let Kind::Map(_) = node.kind {
        let fields = Fields::open(report, &SET_HEADER, key.place, node)?;
        let file = fields.required("file", value::path);
        fields.close();
        return file.map(SetValue::File);
    }
    let text = value::text(report, node)?;
    match header_value(&text) {
        Ok(value) => Some(SetValue::Text(value)),
        Err(help) => {
            let message = format!("this cannot be the value of `{}`", key.text);
            report.find(Code::BadHeader, node.place, message, |finding| finding.help(help).without_line());
            None
        }
    }
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

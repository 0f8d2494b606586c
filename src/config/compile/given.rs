//! Headers that agents are given, those among them whose values stand in files.

use std::collections::HashMap;
use std::path::PathBuf;

use http::HeaderValue;

use crate::upstream::SetHeaders;

use super::Input;
use crate::config::language::document::{SetHeader, SetValue, Upstream};
use crate::config::language::web;
use crate::config::text::source::Spanned;

/// Values of headers that agents are given, by the file that holds them.
pub(super) type Given = HashMap<PathBuf, HeaderValue>;

/// Reads the files of such values; what is wrong with them is reported.
pub(super) fn read(input: &Input<'_>) -> Given {
    let headers = input.document.agents.iter().flat_map(|agent| &agent.upstream.set_headers);
    let files = headers.filter_map(|header| match &header.value {
        SetValue::File(path) => Some(path),
        SetValue::Text(_) => None,
    });
    files.filter_map(|path| Some((path.value.clone(), header_value(input, path)?))).collect()
}

/// The headers that an agent is given; nothing when one of the files could not be read, which was reported.
pub(super) fn set_headers(given: &Given, written: &Upstream) -> Option<SetHeaders> {
    let value = |value: &SetValue| match value {
        SetValue::Text(value) => Some(value.clone()),
        SetValue::File(path) => given.get(&path.value).cloned(),
    };
    let pair = |header: &SetHeader| Some((header.name.value.clone(), value(&header.value)?));
    Some(SetHeaders::new(written.set_headers.iter().map(pair).collect::<Option<_>>()?))
}

/// The value of a header, in a file of its own; a line end at its end is not part of it.
fn header_value(input: &Input<'_>, path: &Spanned<PathBuf>) -> Option<HeaderValue> {
    let bytes = input.file(path)?;
    match web::header_value(bytes.trim_ascii_end()) {
        Ok(value) => Some(value),
        Err(help) => {
            input.bad_file(path, "holds no value for a header", help);
            None
        }
    }
}

//! Headers that agents are given, those among them whose values stand in files.

use http::HeaderValue;

use crate::upstream::SetHeaders;

use super::input::{Input, Mention};
use super::made::Given;
use crate::config::language::settings::agent::{SetHeader, SetValue, Upstream};
use crate::config::language::web;

/// Reads the files of such values; what is wrong with them is reported.
pub(super) fn read(input: &Input<'_>) -> Given {
    let mut given = Given::new();
    for agent in &input.document.agents {
        for header in &agent.upstream.set_headers {
            let SetValue::File(path) = &header.value else { continue };
            if let Some(value) = header_value(input, Mention::new(&agent.source, path)) {
                given.insert(path.value.clone(), value);
            }
        }
    }
    given
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
fn header_value<'a>(input: &Input<'a>, file: Mention<'a>) -> Option<HeaderValue> {
    let bytes = input.file(file)?;
    match web::header_value(bytes.trim_ascii_end()) {
        Ok(value) => Some(value),
        Err(help) => {
            input.bad_file(file, "holds no value for a header", help);
            None
        }
    }
}

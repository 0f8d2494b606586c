//! A list in what an MCP server sends, as JSON and in a stream of events. Whatever passes, no reader finds an entry in it
//! that is hidden, and it does not matter in which pieces a stream comes.

use portcullis::protocol::mcp::list::{Events, Filtered, ListKind, Shape, filter};
use serde_json::Value;

use super::message::Json;

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "data:",
    "data: ",
    "data",
    "id: 1",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\u{feff}",
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1",
    "\"result\":{",
    "\"Result\":{",
    "\"method\":\"m\"",
    "\"tools\":[",
    "\"Tools\":[",
    "\"to\\u006fls\":[",
    "\"tool\u{17f}\":[",
    "\"prompts\":[",
    "\"resources\":[",
    "\"resourceTemplates\":[",
    "{\"name\":\"a\"}",
    "{\"name\":\"b\"}",
    "{\"uri\":\"b\"}",
    "{\"uriTemplate\":\"b\"}",
    "\"name\":\"b\"",
    "\"Name\":\"b\"",
    "\"n\\u0061me\":\"b\"",
    "\"cacheScope\":\"public\"",
    "\"ttlMs\":1",
    "\\u0000",
    "\\\"",
    "1e999",
    " ",
];

/// The most bytes of an event that are held.
const MOST: usize = 200;

/// What is shown. No name that is looked for has a `b` that is shown.
fn shows(_: ListKind, name: &str) -> bool {
    !name.contains('b')
}

/// The names of entries, over every member that a reader could mean.
fn names(text: &[u8]) -> Vec<String> {
    let Ok(all) = serde_json::from_slice::<Json>(text) else { return Vec::new() };
    let of =
        [("tools", "name"), ("prompts", "name"), ("resources", "uri"), ("resourceTemplates", "uriTemplate")];
    let mut found = Vec::new();
    for (list, name) in of {
        for result in all.members("result") {
            for list in result.members(list) {
                let Json::List(entries) = list else { continue };
                found.extend(entries.iter().flat_map(|entry| entry.texts(&[name])).map(str::to_owned));
            }
        }
    }
    found
}

/// What passes of a stream in pieces of this size, and whether it can be read.
fn passed(stream: &[u8], size: usize) -> (Vec<u8>, bool) {
    let (mut events, mut out) = (Events::new(MOST), Vec::new());
    let mut pieces = stream.chunks(size);
    let read = pieces.try_for_each(|piece| events.pass(piece, &mut out, &mut shows));
    let read = read.and_then(|()| events.end(&mut out));
    (out, read.is_ok())
}

/// The data of the events, by another reader than the gateway's.
fn data(stream: &str) -> Vec<String> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream).replace("\r\n", "\n").replace('\r', "\n");
    let (mut all, mut data) = (Vec::new(), Vec::new());
    for line in stream.split('\n') {
        if line.is_empty() {
            all.push(data.join("\n"));
            data.clear();
        } else if line == "data" {
            data.push(String::new());
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push(value.strip_prefix(' ').unwrap_or(value).to_owned());
        }
    }
    // Also one that is not whole: a client could be that generous.
    all.push(data.join("\n"));
    all
}

fn shows_nothing_hidden(stream: &[u8]) {
    for data in data(&String::from_utf8_lossy(stream)) {
        let shown = names(data.as_bytes());
        assert!(shown.iter().all(|name| !name.contains('b')), "{shown:?} in a stream");
    }
}

pub(crate) fn run(input: &[u8]) -> String {
    let (out, is_read) = passed(input, input.len().max(1));
    shows_nothing_hidden(&out);
    for size in [1, 3] {
        let (other, is_other_read) = passed(input, size);
        assert_eq!(is_other_read, is_read, "pieces change whether a stream can be read");
        // Of an event that is too long to be held, small pieces have passed before it turns out to be a list.
        let is_same = if is_read { other == out } else { other.starts_with(&out) };
        assert!(is_same, "pieces change what passes");
        shows_nothing_hidden(&other);
    }
    let mut shape = Shape::default();
    shape.pass(input);
    let Ok(Filtered { text, shown, hidden }) = filter(input, &mut shows) else {
        return format!("unreadable {} {is_read}", shape.is_list());
    };
    assert!(names(input).is_empty() || shape.is_list(), "a list was not seen");
    let Some(text) = text else { return format!("other {is_read}") };
    let value: Value = serde_json::from_slice(&text).expect("a list is JSON");
    assert_eq!((&value["result"]["cacheScope"], &value["result"]["ttlMs"]), (&"private".into(), &0.into()));
    let all: Json = serde_json::from_slice(&text).expect("a list is JSON");
    assert!(!all.has_doubles());
    let left = names(&text);
    assert!(left.iter().all(|name| !name.contains('b')), "{left:?}");
    assert_eq!(names(input).len(), shown + hidden);
    assert_eq!(left.len(), shown);
    format!("list {} {} {is_read}", shown.min(2), hidden.min(2))
}

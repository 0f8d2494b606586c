//! A message of MCP. Whatever the gateway accepts, a reader that takes the last of two members, one that takes the first,
//! and one that does not mind case read alike: method, name, URI and what a completion refers to.

use std::fmt;

use portcullis::protocol::json_rpc::{Kind, Spelling, Text, Unreadable, read};
use portcullis::protocol::mcp::{PARAMS, operation};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1",
    "\"id\":null",
    "\"id\":1.0",
    "\"method\":\"tools/call\"",
    "\"method\":\"resources/read\"",
    "\"method\":\"completion/complete\"",
    "\"method\":\"subscriptions/listen\"",
    "\"params\":{\"name\":\"a\"}",
    "\"params\":{\"uri\":\"file:///a\"}",
    "\"params\":{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"a\"}}",
    "\"params\":{\"notifications\":{\"resourceSubscriptions\":[\"a\"]}}",
    "\"params\":[]",
    "\"params\":null",
    "\"name\":\"b\"",
    "\"Name\":\"b\"",
    "\"n\\u0061me\":\"b\"",
    "\"uri\":\"b\"",
    "\"Method\":\"b\"",
    "\"para\u{212a}\":{}",
    "\"paramſ\":{}",
    "\"result\":{}",
    "\"error\":{}",
    "\"arguments\":{\"name\":\"c\",\"Name\":\"d\"}",
    "\"_meta\":{}",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "\u{feff}",
    "\0",
    "[[[[[[[[[[[[[[[[",
    "]]]]]]]]]]]]]]]]",
    "1e999",
    "-0",
    "18446744073709551616",
    " ",
    "\n",
];

/// The most objects and lists in one another.
const DEPTH: usize = 64;

/// JSON with every member that stands there.
pub(crate) enum Json {
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Other)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
                Ok(Json::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
                Ok(Json::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
                Ok(Json::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Other)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Json::List(all))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = members.next_entry()? {
                    all.push(member);
                }
                Ok(Json::Object(all))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl Json {
    /// The members that have the name for a reader that does not mind case.
    pub(crate) fn members(&self, name: &str) -> Vec<&Self> {
        let Self::Object(members) = self else { return Vec::new() };
        let same = |other: &str| other.chars().map(folded).eq(name.chars().map(folded));
        members.iter().filter(|(other, _)| same(other)).map(|(_, value)| value).collect()
    }

    /// The texts at the end of a path, over every member on the way that could be meant.
    pub(crate) fn texts(&self, path: &[&str]) -> Vec<&str> {
        match (path, self) {
            ([], Self::Text(text)) => vec![text],
            (_, Self::List(items)) => items.iter().flat_map(|item| item.texts(path)).collect(),
            ([], _) => Vec::new(),
            ([name, rest @ ..], _) => {
                self.members(name).into_iter().flat_map(|value| value.texts(rest)).collect()
            }
        }
    }

    /// The same for a reader that does not mind underscores, as one of protocol buffers.
    pub(super) fn without_underscores(self) -> Self {
        match self {
            Self::Object(members) => {
                let each = members.into_iter();
                Self::Object(each.map(|(name, v)| (name.replace('_', ""), v.without_underscores())).collect())
            }
            Self::List(items) => Self::List(items.into_iter().map(Self::without_underscores).collect()),
            other @ (Self::Text(_) | Self::Other) => other,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Object(members) => {
                1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or_default()
            }
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Text(_) | Self::Other => 0,
        }
    }

    pub(crate) fn has_doubles(&self) -> bool {
        match self {
            Self::Object(members) => {
                let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
                names.sort_unstable();
                names.windows(2).any(|two| two[0] == two[1])
                    || members.iter().any(|(_, value)| value.has_doubles())
            }
            Self::List(items) => items.iter().any(Self::has_doubles),
            Self::Text(_) | Self::Other => false,
        }
    }
}

/// Simple case folding, by another way than the gateway's.
fn folded(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (c, lower.next(), lower.next()) {
        ('ſ', ..) => 's',
        (_, Some(one), None) => one,
        _ => c,
    }
}

pub(crate) fn run(input: &[u8]) -> String {
    let message = match read(input, PARAMS, Spelling::Case) {
        Ok(message) => message,
        Err(Unreadable::Batch) => {
            assert_eq!(input.trim_ascii_start().first(), Some(&b'['), "a list of messages is a list");
            return "batch".to_owned();
        }
        Err(Unreadable::Malformed) => {
            return format!("malformed {}", serde_json::from_slice::<Value>(input).is_ok());
        }
    };
    let value: Value = serde_json::from_slice(input).expect("a message is JSON");
    let all: Json = serde_json::from_slice(input).expect("a message is JSON");
    assert!(!all.has_doubles() && all.depth() <= DEPTH);
    assert_eq!(all.texts(&["jsonrpc"]), ["2.0"]);
    // One whose case is another is no way around: nothing but the spelling of the protocol was there.
    let known: Vec<&str> = message.method().into_iter().map(|method| &**method).collect();
    assert_eq!(all.texts(&["method"]), known);
    assert_eq!(value["method"].as_str(), message.method().map(|method| &**method));
    for (which, pointer, path) in [
        (Text::Name, "/params/name", &["params", "name"] as &[_]),
        (Text::Uri, "/params/uri", &["params", "uri"]),
        (Text::ReferenceType, "/params/ref/type", &["params", "ref", "type"]),
        (Text::ReferenceName, "/params/ref/name", &["params", "ref", "name"]),
        (Text::ReferenceUri, "/params/ref/uri", &["params", "ref", "uri"]),
    ] {
        let read = message.text(which).map(|text| &**text);
        assert_eq!(value.pointer(pointer).and_then(Value::as_str), read, "{pointer}");
        assert_eq!(all.texts(path), read.into_iter().collect::<Vec<_>>(), "{pointer}");
    }
    let subscriptions: Vec<&str> = message.texts(Text::Subscription).map(|text| &**text).collect();
    assert_eq!(all.texts(&["params", "notifications", "resourceSubscriptions"]), subscriptions);
    let kind = match message.kind {
        Kind::Request { .. } => "request",
        Kind::Notification { .. } => "notification",
        Kind::Response => "response",
    };
    match operation(&message) {
        Ok(operation) => format!("{kind} {:?} {}", operation.class, operation.targets.len().min(3)),
        Err(unreadable) => format!("{kind} {unreadable:?}"),
    }
}

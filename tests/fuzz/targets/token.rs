//! A token. A text that begins with `{` is header, payload and signature in three lines, still to be encoded, so that
//! the JSON is fuzzed as well; anything else is a token as it stands. What is well-formed has one spelling, and
//! nobody gets in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use portcullis::authn::Token;
use serde_json::Value;

use super::stage;

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\n",
    ".",
    "..",
    "=",
    "-",
    "_",
    "+",
    "/",
    "\\u0061",
    "\\ud800",
    "null",
    "true",
    "1e999",
    "-0",
    "9007199254740992",
    "0.1",
    "NaN",
    "\"alg\":\"EdDSA\"",
    "\"alg\":\"none\"",
    "\"alg\":\"HS256\"",
    "\"kid\":\"k1\"",
    "\"typ\":\"at+jwt\"",
    "\"crit\":[\"b64\"]",
    "\"b64\":false",
    "\"jwk\":{}",
    "\"iss\":\"https://idp.example\"",
    "\"iss\":\"https://other.example\"",
    "\"aud\":\"x\"",
    "\"aud\":[\"x\"]",
    "\"exp\":2000000300",
    "\"nbf\":1",
    "\"iat\":1999999999",
    "\"sub\":\"a\"",
    "\"scp\":[\"a\"]",
    "[[[[[[[[",
    "{\"a\":",
    "\u{feff}",
    "\u{e4}",
    "\0",
];

/// The deepest nesting that a token may have.
const DEEPEST: usize = 32;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn text_of(input: &[u8]) -> Option<String> {
    if !input.starts_with(b"{") {
        return std::str::from_utf8(input).ok().map(str::to_owned);
    }
    let mut parts = input.splitn(3, |b| *b == b'\n').map(|part| URL_SAFE_NO_PAD.encode(part));
    let mut part = || parts.next().unwrap_or_default();
    Some(format!("{}.{}.{}", part(), part(), part()))
}

pub(crate) fn run(input: &[u8]) -> String {
    let Some(text) = text_of(input) else { return "not text".to_owned() };
    let parsed = Token::parse(&text);
    if parsed.is_ok() {
        let parts: Vec<_> = text.split('.').collect();
        assert_eq!(parts.len(), 3, "{text}");
        for (i, part) in parts.iter().enumerate() {
            let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
            assert_eq!(URL_SAFE_NO_PAD.encode(&bytes), *part, "two spellings of one part");
            if i < 2 {
                let value: Value = serde_json::from_slice(&bytes).expect("JSON");
                assert!(value.is_object() && depth(&value) <= DEEPEST, "{value}");
            }
        }
        let again = text.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).unwrap_or_default();
        assert!(Token::parse(&again).is_ok(), "the signature decides on the form of the rest");
    }
    let word = parsed.as_ref().map_or_else(|error| error.0, |_| "ok");
    let Ok(value) = HeaderValue::from_str(&format!("Bearer {text}")) else { return word.to_owned() };
    let headers: HeaderMap = [(header::AUTHORIZATION, value)].into_iter().collect();
    let reason = stage::refused_by("bearer", &headers);
    if parsed.is_err() {
        let early =
            matches!(reason, "token_malformed" | "token_too_large" | "token_missing" | "multiple_tokens");
        assert!(early, "{reason} for a text that is no token: {word}");
    }
    format!("{word} {reason}")
}

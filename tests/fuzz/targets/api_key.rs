//! An API key: its form is what the contract says, by a second reading of it, and no text opens an agent.

use http::{HeaderMap, HeaderValue};
use portcullis::authn::ApiKeyText;

use super::stage;

pub(crate) const WORDS: &[&str] = &[
    "pck_",
    "_",
    "Yq3Zk81b",
    "0",
    "zzzzzz",
    "000000",
    "\u{e4}",
    " ",
    "-",
    ",",
    "\0",
    "PCK_",
    "012345678901234567890123456789",
];

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn check_digits(body: &[u8]) -> [u8; 6] {
    let mut rest = crc32fast::hash(body);
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// `pck_`, 8, `_`, 30 and 6 check digits.
fn is_key(text: &[u8]) -> bool {
    text.len() == 49
        && text.starts_with(b"pck_")
        && text[12] == b'_'
        && text.iter().enumerate().all(|(i, b)| b.is_ascii_alphanumeric() || i == 3 || i == 12)
        && text[43..] == check_digits(&text[..43])
}

pub(crate) fn run(input: &[u8]) -> String {
    // Check digits that fit are not found by chance: a text that begins with `+` gets them.
    let text = match input.strip_prefix(b"+") {
        Some(body) => [body, &check_digits(body)].concat(),
        None => input.to_vec(),
    };
    let Ok(text) = std::str::from_utf8(&text) else { return "not text".to_owned() };
    let parsed = ApiKeyText::parse(text);
    assert_eq!(parsed.is_some(), is_key(text.as_bytes()), "{text:?}");
    if let Some(key) = parsed {
        assert!(ApiKeyText::is_id(key.id()) && text.contains(key.id()));
        assert_eq!(key.digest(), portcullis::model::Digest::of(text.as_bytes()));
    }
    let Ok(value) = HeaderValue::from_str(text) else { return "no header".to_owned() };
    let headers: HeaderMap = [(http::HeaderName::from_static("x-token"), value)].into_iter().collect();
    format!("{} {}", parsed.is_some(), stage::refused_by("key", &headers))
}

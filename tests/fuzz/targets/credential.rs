//! The credential of a request: its first byte chooses an agent, each line after it is one value of the header that
//! the agent reads. Nobody gets in, and what is taken for one credential stands alone.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::stage;

pub(crate) const WORDS: &[&str] = &[
    "Bearer ",
    "bearer",
    "BEARER\t",
    "Basic ",
    "Token ",
    "Token",
    ",",
    ", ",
    "\n",
    " ",
    "  ",
    "\t",
    "pck_",
    ".",
    "..",
    "a.b.c",
    "=",
    "eyJhbGciOiJFZERTQSJ9",
    ".eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.",
    "\u{e4}",
    "\u{7f}",
    "Bearer Bearer ",
    "Digest a=b, Bearer x",
];

const AGENTS: [(&str, &str, &str); 4] = [
    ("bearer", "authorization", "Bearer"),
    ("bare", "x-token", ""),
    ("word", "x-token", "Token"),
    ("key", "x-token", ""),
];

pub(crate) fn run(input: &[u8]) -> String {
    let (choice, rest) = input.split_first().unwrap_or((&0, &[]));
    let (agent, header, prefix) = AGENTS[usize::from(*choice) % AGENTS.len()];
    let mut headers = HeaderMap::new();
    for value in rest.split(|b| *b == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(header), value);
        }
    }
    let reason = stage::refused_by(agent, &headers);
    let kind_fits = reason == "multiple_tokens" || (agent == "key") == reason.starts_with("api_key");
    assert!(kind_fits, "{agent}: {reason}");
    let values: Vec<_> = headers.get_all(header).iter().map(HeaderValue::as_bytes).collect();
    if values.len() > 1 {
        assert_eq!(reason, "multiple_tokens", "{values:?}");
    }
    if let [value] = values.as_slice() {
        let text = std::str::from_utf8(value).unwrap_or_default().trim();
        let printable = text.bytes().all(|b| (0x20..0x7f).contains(&b));
        let of_ours = prefix.is_empty()
            || text.to_ascii_lowercase().starts_with(&format!("{} ", prefix.to_ascii_lowercase()));
        if printable && of_ours && text.contains(',') {
            assert_eq!(reason, "multiple_tokens", "{text:?}");
        }
    }
    // What got as far as a check of the credential itself: one value, printable, with the word before it, no comma.
    let missing = matches!(reason, "multiple_tokens" | "token_missing" | "api_key_missing");
    if !missing && !matches!(reason, "token_malformed" | "api_key_invalid") {
        let [value] = values.as_slice() else { panic!("{reason} for {values:?}") };
        let text = std::str::from_utf8(value).expect("printable").trim();
        assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains(','), "{text:?}");
        let word = text.get(..prefix.len()).unwrap_or_default();
        assert!(word.eq_ignore_ascii_case(prefix), "{text:?}");
        assert!(prefix.is_empty() || text[prefix.len()..].starts_with(' '), "{text:?}");
    }
    format!("{agent} {reason} {}", values.len().min(3))
}

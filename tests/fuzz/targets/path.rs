//! The one form of a path: stable, with the meaning of what was sent, and without anything that two servers read
//! differently.

use portcullis::model::CanonicalPath;

pub(crate) const WORDS: &[&str] = &[
    "/",
    "//",
    ".",
    "..",
    "/./",
    "/../",
    "..;",
    ";",
    "%",
    "%2",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%00",
    "%25",
    "%252e",
    "%61",
    "%7e",
    "%7f",
    "%0d%0a",
    "%c0%ae",
    "%e2%82%ac",
    "%+1",
    "%u002e",
    "\\",
    "?",
    "#",
    " ",
    "\t",
    "\0",
    "\u{e4}",
    "~",
    "a:b",
    "@",
    "*",
];

/// What each escape stands for, once.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = path;
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%');
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    out
}

pub(crate) fn run(input: &[u8]) -> String {
    let path = match CanonicalPath::parse(input) {
        Ok(path) => path,
        Err(error) => return format!("{error:?}"),
    };
    let text = path.as_str();
    assert_eq!(path.is_as_sent(), text.as_bytes() == input, "whether it came so");
    let again = CanonicalPath::parse(text.as_bytes()).expect("its own form");
    assert!(again.is_as_sent() && again.as_str() == text, "not stable: {text}");
    let meaning = decoded(text.as_bytes());
    assert_eq!(meaning, decoded(input), "another meaning: {text}");
    let slashes = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'/').count();
    assert_eq!(slashes(&meaning), slashes(text.as_bytes()), "a hidden slash: {text}");
    assert!(!meaning.iter().any(|b| *b < 0x20 || matches!(b, b'\\' | 0x7f)), "a hidden byte: {text}");
    for segment in meaning.split(|b| *b == b'/') {
        let name = segment.split(|b| *b == b';').next().unwrap_or_default();
        assert!(!matches!(name, b"." | b".."), "a dot segment: {text}");
    }
    assert!(!text.contains("//"), "an empty segment: {text}");
    format!("ok {} {}", path.is_as_sent(), text.contains('%'))
}

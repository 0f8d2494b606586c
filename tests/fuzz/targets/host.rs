//! The one form of a host: stable, and one name only.

use portcullis::model::Host;

pub(crate) const WORDS: &[&str] = &[
    "a.example",
    "A.Example",
    ".",
    ":",
    ":80",
    ":99999",
    ":0",
    "[::1]",
    "[",
    "]",
    "[::ffff:127.0.0.1]",
    "127.0.0.1",
    "0x7f.1",
    "@",
    "u:p@",
    ",",
    " ",
    "/",
    "?",
    "#",
    "%",
    "%41",
    "-",
    "_",
    "\u{e4}",
    "xn--4ca",
    "\0",
    "[fe80::1%25eth0]",
    "..",
];

pub(crate) fn run(input: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(input) else { return "not text".to_owned() };
    let Ok(host) = Host::parse(text) else { return "refused".to_owned() };
    let name = host.as_str();
    assert_eq!(Host::parse(name).map(|again| again.as_str().to_owned()), Ok(name.to_owned()), "not stable");
    let shouted = text.to_ascii_uppercase();
    assert_eq!(Host::parse(&shouted).map(|h| h.as_str().to_owned()), Ok(name.to_owned()), "case tells");
    assert!(
        !name.bytes().any(|b| b"@/\\?#%, \t\r\n".contains(&b) || b >= 0x7f || b.is_ascii_uppercase()),
        "{name:?}"
    );
    format!("ok {} {}", name.starts_with('['), name.len() == text.len())
}

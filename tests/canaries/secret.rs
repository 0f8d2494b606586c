//! Secrets that can be told from everything else, and the search for them in whatever spelling.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use rand::Rng as _;

/// What a refused token said that its record may repeat to the operator, as what the failing check saw. It stands there
/// and nowhere else.
const TOLD: [&str; 6] = [
    "another audience",
    "an unknown issuer",
    "another scope",
    "another tenant",
    "an unknown kid",
    "another type",
];

/// So many leaks are shown.
const SHOWN: usize = 20;

/// A new secret of letters and digits, 24 long.
pub(crate) fn new() -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut random = rand::rng();
    (0..24).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// Where something came out: a name for people, and the text.
#[derive(Default)]
pub(crate) struct Places(Vec<(String, String)>);

impl Places {
    pub(crate) fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    pub(crate) fn lines(&mut self, place: &str, lines: &[String]) {
        self.add(place, lines.join("\n"));
    }

    /// Every file below a folder, but those of these names.
    pub(crate) fn files(&mut self, folder: &Path, but: &[&str]) {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if entry.is_dir() {
                self.files(&entry, but);
            } else if !but.contains(&name.as_str()) && entry.is_file() {
                let bytes = std::fs::read(&entry).expect("a file");
                self.add(entry.display().to_string(), String::from_utf8_lossy(&bytes));
            }
        }
    }

    /// Panics when one of [`TOLD`] is in no record of a refusal, so that the list has nothing but what is told.
    pub(crate) fn tell_what_was_refused(&self, secrets: &[(String, String)], when: &str) {
        for name in TOLD {
            let (_, secret) = secrets.iter().find(|(other, _)| other == name).expect("it was sent");
            let is_told =
                self.0.iter().any(|(place, text)| tells_of_refusals(place) && text.contains(secret));
            assert!(is_told, "{when}: {name} is in no record of a refusal: take it off the list");
        }
    }

    /// Panics when one of these secrets is somewhere; says how much was searched.
    pub(crate) fn hold_none_of(&self, secrets: &[(String, String)], when: &str) {
        let mut found = Vec::new();
        let mut searched = 0;
        for (name, secret) in secrets {
            assert!(secret.len() >= 8, "{name} is too short to be told from chance: {secret}");
            for (how, needle) in spellings(secret) {
                searched += 1;
                let told = TOLD.contains(&name.as_str()) && how == "as it is";
                for (place, text) in self.0.iter().filter(|(place, _)| !(told && tells_of_refusals(place))) {
                    for line in text.lines().filter(|line| line.contains(&needle)) {
                        let line: String = line.chars().take(600).collect();
                        found.push(format!("{name} ({how}) is in {place}: {line}"));
                    }
                }
            }
        }
        let bytes: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let count = found.len();
        found.truncate(SHOWN);
        assert!(count == 0, "{when}: {count} leaks\n{}", found.join("\n"));
        eprintln!(
            "{when}: 0 leaks of {} secrets in {searched} spellings, {} places, {bytes} bytes",
            secrets.len(),
            self.0.len()
        );
    }
}

/// Whether a place is the record of refusals: the API's page of it, or its files.
fn tells_of_refusals(place: &str) -> bool {
    place == "the admin API on /decisions" || place.contains("/state/refusals/")
}

/// The ways in which a text comes out of a program: as it is, in Base64 at each of its three offsets, in hexadecimal, as
/// the numbers of its bytes, with every byte escaped, and backwards.
fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let each = |form: fn(u8) -> String, between: &str| -> String {
        bytes.iter().map(|b| form(*b)).collect::<Vec<_>>().join(between)
    };
    let mut all = vec![
        ("as it is", secret.to_owned()),
        ("hexadecimal", each(|b| format!("{b:02x}"), "")),
        ("hexadecimal in capitals", each(|b| format!("{b:02X}"), "")),
        ("escaped for a URL", each(|b| format!("%{b:02X}"), "")),
        ("escaped for JSON", each(|b| format!("\\u{b:04x}"), "")),
        ("escaped for C", each(|b| format!("\\x{b:02x}"), "")),
        ("numbers", each(|b| b.to_string(), ", ")),
        ("numbers without blanks", each(|b| b.to_string(), ",")),
        ("backwards", secret.chars().rev().collect()),
    ];
    let lower = secret.to_ascii_lowercase();
    if lower != secret && !secret.contains('_') {
        all.push(("in small letters", lower));
    }
    for (how, engine) in [("Base64", STANDARD), ("Base64 for a URL", URL_SAFE)] {
        for offset in 0..3 {
            let mut padded = vec![0; offset];
            padded.extend_from_slice(bytes);
            // What the neighbours decide is left out on both sides.
            let text = engine.encode(&padded);
            let start = if offset == 0 { 0 } else { 4 };
            let end = (padded.len() / 3) * 4;
            all.push((how, text[start..end].to_owned()));
        }
    }
    all
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    let secret = new();
    let inside = |prefix: &str| STANDARD.encode(format!("{prefix}{secret}tail"));
    for text in [
        format!("x {secret} y"),
        format!("{:?}", secret.as_bytes()),
        secret.bytes().map(|b| format!("%{b:02X}")).collect(),
        inside(""),
        inside("a"),
        inside("ab"),
        inside("abc"),
        secret.bytes().map(|b| format!("{b:02x}")).collect(),
    ] {
        let found = spellings(&secret).into_iter().any(|(_, needle)| text.contains(&needle));
        assert!(found, "{secret} in {text}");
    }
    let other = new();
    assert!(!spellings(&secret).into_iter().any(|(_, needle)| other.contains(&needle)));
}

//! What is fuzzed: one function for each text that a stranger writes. A function gets any bytes at all, holds what it
//! reads to its properties, and gives back a word for what became of the input, so that a driver without coverage
//! can tell inputs apart.
//!
//! Two drivers call them: `tests/fuzz.rs` for a short time on stable Rust, `fuzz/` for long with libFuzzer.

pub(crate) mod a2a_message;
pub(crate) mod api_key;
pub(crate) mod card;
pub(crate) mod certificate_header;
pub(crate) mod credential;
pub(crate) mod document;
pub(crate) mod foreign;
pub(crate) mod head;
pub(crate) mod host;
pub(crate) mod key_set;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod path;
pub(crate) mod pem;
pub(crate) mod resource;
pub(crate) mod stage;
pub(crate) mod token;

/// A target: its name, which is that of its folder of seeds as well, and the words of its grammar.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]) -> String,
    pub(crate) words: &'static [&'static str],
}

/// Every target.
pub(crate) const ALL: &[Target] = &[
    Target { name: "a2a_message", run: a2a_message::run, words: a2a_message::WORDS },
    Target { name: "api_key", run: api_key::run, words: api_key::WORDS },
    Target { name: "card", run: card::run, words: card::WORDS },
    Target { name: "certificate_header", run: certificate_header::run, words: certificate_header::WORDS },
    Target { name: "credential", run: credential::run, words: credential::WORDS },
    Target { name: "document", run: document::run, words: document::WORDS },
    Target { name: "foreign", run: foreign::run, words: foreign::WORDS },
    Target { name: "head", run: head::run, words: head::WORDS },
    Target { name: "host", run: host::run, words: host::WORDS },
    Target { name: "key_set", run: key_set::run, words: key_set::WORDS },
    Target { name: "list", run: list::run, words: list::WORDS },
    Target { name: "message", run: message::run, words: message::WORDS },
    Target { name: "path", run: path::run, words: path::WORDS },
    Target { name: "pem", run: pem::run, words: pem::WORDS },
    Target { name: "resource", run: resource::run, words: resource::WORDS },
    Target { name: "token", run: token::run, words: token::WORDS },
];

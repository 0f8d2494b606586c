//! `api_keys`: the hashes of the keys that we made. The keys themselves are nowhere.

use super::super::json;
use super::super::section::section;
use super::super::shape::Shape;
use super::super::value::{Placed, Value};
use super::super::values::{Date, Label, text};
use super::agent::NameOf;
use super::resource::{Id, Resource};
use crate::authn::{ApiKeyText, KEY_PREFIX};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Key, Kind, Node};
use crate::model::{AgentName, Digest};

/// One of `api_keys`
pub type ApiKeyEntry = Resource<KeyId, ApiKeySettings>;

section! {
    /// One of `api_keys`
    #[derive(Debug, Clone)]
    pub struct ApiKeySettings = "an API key" {
        /// the agent that the key opens
        agent: Spanned<AgentName> as Placed<NameOf<AgentName>>, required;
        /// who has it, for people
        name: Option<String> as Label;
        /// the SHA-256 of the whole key, 64 hexadecimal digits in quotes
        sha256: Spanned<Digest> as Placed<HashOfKey>, required;
        /// when it was made, for people and for the end of a key that replaces it
        created_at: Option<jiff::Timestamp> as Date;
        /// refused as expired from then on
        expires_at: Option<jiff::Timestamp> as Date;
        /// refused as revoked from then on
        revoked_at: Option<jiff::Timestamp> as Date;
    }
}

/// The id inside a key: 8 base62 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    /// What an id is, as a regular expression.
    pub(super) const PATTERN: &str = "^[0-9A-Za-z]{8}$";

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Id for KeyId {
    fn read(report: &Report<'_>, key: &Key) -> Option<Self> {
        if ApiKeyText::is_id(&key.text) {
            return Some(Self(key.text.clone()));
        }
        let message = format!("`{}` is not the id of an API key", key.text);
        let help = "write the 8 letters and digits that stand between `pck_` and the next `_` of the key";
        report.say(Code::BadKeyId, key.place, message, help);
        None
    }
}

/// A SHA-256 in hexadecimal.
const SHA256: &str = "^[0-9A-Fa-f]{64}$";

/// The SHA-256 of a whole key.
enum HashOfKey {}

impl Value for HashOfKey {
    type Read = Digest;
    const SHAPE: Shape = Shape::Pattern(SHA256);

    fn read(report: &Report<'_>, node: &Node) -> Option<Digest> {
        let text = text(report, node)?;
        let is_number = |s: &str| json::is_yaml_number(s);
        if matches!(&node.kind, Kind::Scalar(s) if s.plain && !s.from_env && is_number(&s.text)) {
            let help = "put it in quotes; other YAML readers and writers would change it";
            report.say(Code::UnquotedHash, node.place, "this hash reads as a number", help);
            return None;
        }
        let digest = Digest::from_hex(&text);
        if digest.is_none() {
            let message = match text.starts_with(KEY_PREFIX) {
                true => "this is a key, and the place of its hash",
                false => "this is not a SHA-256",
            };
            let help = "write the 64 hexadecimal digits that `portcullis api-key create` printed, in quotes";
            // What stands here may be the key itself.
            report.find(Code::BadHash, node.place, message, |finding| finding.help(help).without_line());
        }
        digest
    }
}

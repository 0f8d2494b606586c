//! Parses a JWK set (RFC 7517 section 5): the usable keys, and the reasons for skipping the others.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::model::{AlgorithmSet, without_mark};

use super::jwk::Entry;
use super::{KeySet, SkipReason, Skipped, VerificationKey};

/// At most this many keys of a set are read: the largest providers publish some dozens, and each one is validated for
/// every algorithm of its type.
const MAX_KEYS: usize = 1000;
/// At most this many skipped keys are named in an error, so that its line stays readable.
const SHOWN: usize = 5;

/// The keys of a document.
#[derive(Debug)]
pub struct ParsedKeys {
    /// The usable keys, at least one.
    pub keys: KeySet,
    /// The skipped keys.
    pub skipped: Vec<Skipped>,
}

/// Why a document has no usable keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not JSON, or not an object with one array `keys`.
    #[error("not a JSON key set: {0}")]
    NotAKeySet(String),
    /// All keys were skipped, or the set is empty.
    #[error("no usable key: {}", describe(.0))]
    NoUsableKey(Vec<Skipped>),
}

impl KeySetError {
    /// The skipped keys.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        match self {
            Self::NotAKeySet(_) => &[],
            Self::NoUsableKey(skipped) => skipped,
        }
    }
}

/// Reads a key set for a provider that may use the algorithms `allowed`.
///
/// # Errors
/// When the document is not a key set, or has no usable key.
pub fn parse_key_set(json: &[u8], allowed: AlgorithmSet) -> Result<ParsedKeys, KeySetError> {
    parse(json, |entry| entry.into_key(allowed))
}

/// Reads the keys of JWT-SVIDs in a SPIFFE bundle, likewise. Its other keys are for certificates.
///
/// # Errors
/// When the document is not a key set, or has no usable key.
pub fn parse_bundle(json: &[u8], allowed: AlgorithmSet) -> Result<ParsedKeys, KeySetError> {
    parse(json, |entry| entry.of_bundle()?.into_key(allowed))
}

fn parse(
    json: &[u8],
    key: impl Fn(Entry) -> Result<VerificationKey, SkipReason>,
) -> Result<ParsedKeys, KeySetError> {
    let document: Document =
        serde_json::from_slice(without_mark(json)).map_err(|e| KeySetError::NotAKeySet(e.to_string()))?;
    let (mut keys, mut skipped) = (Vec::new(), Vec::new());
    for (entry, position) in document.entries.into_iter().zip(1..) {
        let kid = entry.kid();
        match key(entry) {
            Ok(key) if keys.iter().any(|k: &Arc<_>| **k == key) => {
                skipped.push(Skipped { position, kid, reason: SkipReason::Duplicate });
            }
            Ok(key) => keys.push(Arc::new(key)),
            Err(reason) => skipped.push(Skipped { position, kid, reason }),
        }
    }
    if document.beyond > 0 {
        skipped.push(Skipped { position: MAX_KEYS + 1, kid: None, reason: SkipReason::TooMany });
    }
    if keys.is_empty() {
        return Err(KeySetError::NoUsableKey(skipped));
    }
    Ok(ParsedKeys { keys: KeySet::new(keys), skipped })
}

fn describe(skipped: &[Skipped]) -> String {
    if skipped.is_empty() {
        return "the set is empty".to_owned();
    }
    let mut text = skipped.iter().take(SHOWN).map(Skipped::to_string).collect::<Vec<_>>().join("; ");
    if skipped.len() > SHOWN {
        text.push_str(&format!("; and {} more", skipped.len() - SHOWN));
    }
    text
}

struct Document {
    entries: Vec<Entry>,
    beyond: usize,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an array `keys`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = None;
        while let Some(name) = map.next_key::<String>()? {
            if name != "keys" {
                map.next_value::<IgnoredAny>()?;
            } else if document.is_some() {
                return Err(A::Error::duplicate_field("keys"));
            } else {
                document = Some(map.next_value::<Entries>()?.0);
            }
        }
        document.ok_or_else(|| A::Error::missing_field("keys"))
    }
}

struct Entries(Document);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EntriesVisitor).map(Self)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Document, A::Error> {
        let mut document = Document { entries: Vec::new(), beyond: 0 };
        while document.entries.len() < MAX_KEYS {
            match seq.next_element()? {
                Some(entry) => document.entries.push(entry),
                None => return Ok(document),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            document.beyond += 1;
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests;

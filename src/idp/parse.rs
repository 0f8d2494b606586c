//! Parses a JWK set (RFC 7517 section 5): the usable keys, and the reasons for skipping the others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
    /// How soon whoever published them wants to be asked again; `None` where it does not say so.
    pub refresh_hint: Option<Duration>,
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
    // The hint is one of bundles alone.
    parse(json, |entry| entry.into_key(allowed)).map(|keys| ParsedKeys { refresh_hint: None, ..keys })
}

/// Reads the keys of JWT-SVIDs in a SPIFFE bundle, likewise. Its other keys are for certificates. `spiffe_sequence` is not read: what is
/// published now counts, also where an operator has put an older bundle back.
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
    Ok(ParsedKeys { keys: KeySet::new(keys), skipped, refresh_hint: document.refresh_hint })
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
    refresh_hint: Option<Duration>,
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
        let (mut document, mut refresh_hint) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            if name == "spiffe_refresh_hint" {
                refresh_hint = map.next_value::<Hint>()?.0;
            } else if name != "keys" {
                map.next_value::<IgnoredAny>()?;
            } else if document.is_some() {
                return Err(A::Error::duplicate_field("keys"));
            } else {
                document = Some(map.next_value::<Entries>()?.0);
            }
        }
        let document: Document = document.ok_or_else(|| A::Error::missing_field("keys"))?;
        Ok(Document { refresh_hint, ..document })
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
        let mut document = Document { entries: Vec::new(), beyond: 0, refresh_hint: None };
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

/// `spiffe_refresh_hint`: whole seconds (SPIFFE Trust Domain and Bundle section 4.1.2). Zero says nothing, and what is no such number is
/// passed over: keys are worth more than a hint.
struct Hint(Option<Duration>);

impl<'de> Deserialize<'de> for Hint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HintVisitor).map(Self)
    }
}

struct HintVisitor;

impl<'de> Visitor<'de> for HintVisitor {
    type Value = Option<Duration>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds")
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(items).map(|_| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(members).map(|_| None)
    }
}

#[cfg(test)]
mod tests;

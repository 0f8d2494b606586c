//! One denial as a store keeps it: a JSON object under an id. What it means for a request is for `model`.
//!
//! A newer version may write entries that this one does not understand: they are kept, and enforced by nobody here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{DenialKind, Digest, Instant, Until};

/// The word of [`Until::Never`] in an entry.
const NEVER: &str = "never";
/// The only `issued_before` that an entry about an API key can have: keys have no time of issue that a caller shows.
const ALL: &str = "all";

/// A denial to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What it names.
    pub kind: DenialKind,
    /// Its name.
    pub value: String,
    /// When it ends.
    pub until: Until,
    /// Why it was made, in a few words.
    pub reason: String,
    /// Who made it.
    pub actor: String,
    /// When it was made.
    pub at: Timestamp,
}

/// An entry, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialEntry {
    /// Its text, byte for byte.
    pub text: Box<str>,
    /// What it denies; `None` when this version does not understand it.
    pub denies: Option<(DenialKind, Box<str>)>,
    /// When it ends; an end that cannot be read is none.
    pub until: Until,
}

/// The members of an entry. Without a provider it is about those of all.
#[derive(Serialize)]
struct Written<'a> {
    by: DenialKind,
    value: &'a str,
    issued_before: &'a str,
    until: &'a str,
    reason: &'a str,
    actor: &'a str,
    at: Timestamp,
}

/// What this version reads of an entry.
#[derive(Deserialize)]
struct Read {
    by: String,
    value: String,
}

impl Denial {
    /// The id of its entry. The same denial has the same id, so that it is there once.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.kind, self.value)
    }

    /// The text of its entry.
    #[must_use]
    pub fn text(&self) -> String {
        let until = match self.until {
            Until::Never => NEVER.to_owned(),
            Until::At(end) => end.timestamp().to_string(),
        };
        let written = Written {
            by: self.kind,
            value: &self.value,
            issued_before: ALL,
            until: &until,
            reason: &self.reason,
            actor: &self.actor,
            at: self.at,
        };
        // Text and a timestamp always are JSON.
        serde_json::to_string(&written).unwrap_or_default()
    }
}

impl DenialEntry {
    /// Reads an entry. Every text is one: a damaged entry is kept, like one of a newer version.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let until = until(&value);
        let read: Option<Read> = serde_json::from_value(value).ok();
        let denies = read.and_then(|read| Some((DenialKind::parse(&read.by)?, read.value.into())));
        Self { text: text.into(), denies, until }
    }

    /// The digest of its text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

fn until(entry: &Value) -> Until {
    let end = entry.get("until").and_then(Value::as_str).and_then(|end| end.parse::<Timestamp>().ok());
    let end = end.map(|end| std::time::Duration::try_from(end.as_duration()).unwrap_or_default());
    end.map_or(Until::Never, |end| Until::At(Instant::from_duration(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(until: Until) -> Denial {
        Denial {
            kind: DenialKind::ApiKey,
            value: "Yq3Zk81b".to_owned(),
            until,
            reason: "revoke \"x\"".to_owned(),
            actor: "token:ops".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let end = Until::At(Instant::from_unix(1_800_000_000));
        for (until, word) in [(Until::Never, "never"), (end, "2027-01-15T08:00:00Z")] {
            let written = denial(until);
            let wanted = format!(
                r#"{{"by":"api_key","value":"Yq3Zk81b","issued_before":"all","until":"{word}","reason":"revoke \"x\"","actor":"token:ops","at":"1970-01-01T00:00:00Z"}}"#
            );
            assert_eq!((written.text(), written.id()), (wanted, "api_key-Yq3Zk81b".to_owned()));
            let read = DenialEntry::read(&written.text());
            assert_eq!(read.denies, Some((DenialKind::ApiKey, "Yq3Zk81b".into())));
            assert_eq!((read.until, &*read.text), (until, written.text().as_str()));
        }
    }

    #[test]
    fn what_is_not_understood_is_kept_and_denies_nothing_and_doubt_about_the_end_denies_for_ever() {
        let at = Until::At(Instant::from_unix(1));
        for (text, denies, until) in [
            (r#"{"by":"sub","value":"u","until":"1970-01-01T00:00:01Z"}"#, false, at),
            (r#"{"by":"api_key","value":"a","until":"1970-01-01T00:00:01Z","later":[1]}"#, true, at),
            (r#"{"by":"api_key","value":"a","until":"soon"}"#, true, Until::Never),
            (r#"{"by":"api_key","value":"a"}"#, true, Until::Never),
            (r#"{"by":"api_key","value":7}"#, false, Until::Never),
            ("[]", false, Until::Never),
            ("{", false, Until::Never),
            ("", false, Until::Never),
        ] {
            let entry = DenialEntry::read(text);
            assert_eq!((entry.denies.is_some(), entry.until, &*entry.text), (denies, until, text), "{text}");
        }
    }
}

//! One denial as a store keeps it: a JSON object under an id. What it means for a request is for `model`.
//!
//! A newer version may write entries that this one does not understand: they are kept, and enforced by nobody here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{DenialKind, Denied, Digest, Instant, IssuedBefore, Until};

/// The word of [`Until::Never`] in an entry.
const NEVER: &str = "never";
/// The word of [`IssuedBefore::All`] in an entry. The only one about API keys, which have no time of issue that a caller shows.
const ALL: &str = "all";

/// A denial to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What it denies.
    pub denied: Denied,
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
    pub denies: Option<Denied>,
    /// When it ends; an end that cannot be read is none.
    pub until: Until,
}

/// What an entry says of itself beside what it denies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DenialNote {
    /// Why it was made.
    pub reason: String,
    /// Who made it.
    pub actor: String,
    /// When it was made.
    pub at: Option<Timestamp>,
}

/// The members of an entry. Without a provider, which is an issuer, it is about those of all.
#[derive(Serialize)]
struct Written<'a> {
    by: DenialKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
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
    #[serde(default)]
    provider: Option<String>,
}

impl Denial {
    /// The id of its entry. The same denial has the same id, so that it is there once.
    #[must_use]
    pub fn id(&self) -> String {
        let Denied { kind, issuer, value, issued_before, until } = &self.denied;
        if *kind == DenialKind::ApiKey {
            return format!("{kind}-{value}");
        }
        let terms = (before_text(*issued_before), until_text(*until));
        let all = format!("{}\0{value}\0{}\0{}", issuer.as_deref().unwrap_or_default(), terms.0, terms.1);
        let hash = Digest::of(all.as_bytes()).to_hex();
        // Half of it, of which nobody finds two names with the same: callers choose theirs.
        format!("{kind}-{}", hash.get(..32).unwrap_or_default())
    }

    /// The text of its entry.
    #[must_use]
    pub fn text(&self) -> String {
        let Denied { kind, issuer, value, issued_before, until } = &self.denied;
        let written = Written {
            by: *kind,
            provider: issuer.as_deref(),
            value,
            issued_before: &before_text(*issued_before),
            until: &until_text(*until),
            reason: &self.reason,
            actor: &self.actor,
            at: self.at,
        };
        // Text and a timestamp always are JSON.
        serde_json::to_string(&written).unwrap_or_default()
    }
}

fn before_text(issued_before: IssuedBefore) -> String {
    match issued_before {
        IssuedBefore::All => ALL.to_owned(),
        IssuedBefore::At(at) => at.timestamp().to_string(),
    }
}

fn until_text(until: Until) -> String {
    match until {
        Until::Never => NEVER.to_owned(),
        Until::At(end) => end.timestamp().to_string(),
    }
}

impl DenialEntry {
    /// Reads an entry. Every text is one: a damaged entry is kept, like one of a newer version.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let until = instant(&value, "until").map_or(Until::Never, Until::At);
        let issued_before = instant(&value, "issued_before").map_or(IssuedBefore::All, IssuedBefore::At);
        let read: Option<Read> = serde_json::from_value(value).ok();
        let denies = read.and_then(|Read { by, value, provider }| {
            let kind = DenialKind::parse(&by)?;
            // Those about API keys of earlier versions have no other terms.
            let (issuer, issued_before) = match kind {
                DenialKind::ApiKey => (None, IssuedBefore::All),
                DenialKind::Sub
                | DenialKind::ClientId
                | DenialKind::Jti
                | DenialKind::Sid
                | DenialKind::Act
                | DenialKind::Kid
                | DenialKind::TokenSha256 => (provider.map(String::into_boxed_str), issued_before),
            };
            Some(Denied { kind, issuer, value: value.into(), issued_before, until })
        });
        Self { text: text.into(), denies, until }
    }

    /// Whether it denies all that an entry of this denial, which has the same id, would deny from `now` on. The id of one about
    /// an API key says nothing of its end.
    #[must_use]
    pub fn covers(&self, denial: &Denial, now: Instant) -> bool {
        !self.until.has_passed(now) && !self.until.is_before(denial.denied.until)
    }

    /// The digest of its text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// What it says of itself.
    #[must_use]
    pub fn note(&self) -> DenialNote {
        let value: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        DenialNote {
            reason: text("reason").to_owned(),
            actor: text("actor").to_owned(),
            at: text("at").parse().ok(),
        }
    }
}

/// A point in time in an entry. What is there and is none is doubt, which denies for longer.
fn instant(entry: &Value, name: &str) -> Option<Instant> {
    let at: Timestamp = entry.get(name)?.as_str()?.parse().ok()?;
    Some(Instant::from_duration(std::time::Duration::try_from(at.as_duration()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Instant = Instant::from_unix(1_800_000_000);

    fn denial(denied: Denied) -> Denial {
        let (reason, actor) = ("revoke \"x\"".to_owned(), "token:ops".to_owned());
        Denial { denied, reason, actor, at: Timestamp::UNIX_EPOCH }
    }

    fn sub(issuer: Option<&str>, issued_before: IssuedBefore, until: Until) -> Denied {
        let issuer = issuer.map(Box::from);
        Denied { kind: DenialKind::Sub, issuer, value: "mallory".into(), issued_before, until }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let note = r#""reason":"revoke \"x\"","actor":"token:ops","at":"1970-01-01T00:00:00Z""#;
        let end = "2027-01-15T08:00:00Z";
        for (denied, members) in [
            (
                Denied::api_key("Yq3Zk81b", Until::Never),
                r#""by":"api_key","value":"Yq3Zk81b","issued_before":"all","until":"never""#.to_owned(),
            ),
            (
                Denied::api_key("Yq3Zk81b", Until::At(END)),
                format!(r#""by":"api_key","value":"Yq3Zk81b","issued_before":"all","until":"{end}""#),
            ),
            (
                sub(Some("https://idp.example"), IssuedBefore::At(END), Until::Never),
                format!(
                    r#""by":"sub","provider":"https://idp.example","value":"mallory","issued_before":"{end}","until":"never""#
                ),
            ),
            (
                sub(None, IssuedBefore::All, Until::At(END)),
                format!(r#""by":"sub","value":"mallory","issued_before":"all","until":"{end}""#),
            ),
        ] {
            let (written, until) = (denial(denied.clone()), denied.until);
            assert_eq!(written.text(), format!("{{{members},{note}}}"));
            let read = DenialEntry::read(&written.text());
            assert_eq!((read.denies.as_ref(), read.until), (Some(&denied), until));
            assert_eq!(&*read.text, written.text());
            let DenialNote { reason, actor, at } = read.note();
            assert_eq!((reason, actor, at), (written.reason, written.actor, Some(written.at)));
        }
    }

    #[test]
    fn the_same_denial_has_the_same_id_and_other_terms_have_another() {
        let id = |denied: Denied| denial(denied).id();
        assert_eq!(id(Denied::api_key("Yq3Zk81b", Until::Never)), "api_key-Yq3Zk81b");
        let all = [
            sub(None, IssuedBefore::All, Until::Never),
            sub(None, IssuedBefore::At(END), Until::Never),
            sub(None, IssuedBefore::All, Until::At(END)),
            sub(Some("https://idp.example"), IssuedBefore::All, Until::Never),
            Denied { kind: DenialKind::Jti, ..sub(None, IssuedBefore::All, Until::Never) },
        ];
        let ids: std::collections::BTreeSet<_> = all.iter().cloned().map(id).collect();
        assert_eq!(ids.len(), all.len());
        let bits = |id: &String| id.rsplit('-').next().map_or(0, |hash| hash.len() * 4);
        assert!(
            ids.iter().all(|id| bits(id) == 128),
            "whoever chooses two names must not find one id: {ids:?}"
        );
        let [first, ..] = all;
        let again = Denial { reason: "again".to_owned(), ..denial(first.clone()) };
        assert_eq!(again.id(), denial(first).id());
    }

    #[test]
    fn what_is_not_understood_is_kept_and_denies_nothing_and_doubt_denies_for_longer() {
        let at = Until::At(Instant::from_unix(1));
        let ended = "\"until\":\"1970-01-01T00:00:01Z\"";
        for (text, denies, until, before) in [
            (format!(r#"{{"by":"tool","value":"u",{ended}}}"#), false, at, None),
            (format!(r#"{{"by":"api_key","value":"a",{ended},"later":[1]}}"#), true, at, None),
            (r#"{"by":"api_key","value":"a","until":"soon"}"#.to_owned(), true, Until::Never, None),
            (r#"{"by":"api_key","value":"a"}"#.to_owned(), true, Until::Never, None),
            (r#"{"by":"api_key","value":7}"#.to_owned(), false, Until::Never, None),
            (r#"{"by":"sub","value":"u","provider":7}"#.to_owned(), false, Until::Never, None),
            (r#"{"by":"sub","value":"u","issued_before":"now"}"#.to_owned(), true, Until::Never, None),
            (
                format!(r#"{{"by":"sub","value":"u","issued_before":"1970-01-01T00:00:07Z",{ended}}}"#),
                true,
                at,
                Some(7),
            ),
            (
                format!(
                    r#"{{"by":"api_key","value":"u","provider":"i","issued_before":"1970-01-01T00:00:07Z",{ended}}}"#
                ),
                true,
                at,
                None,
            ),
            ("[]".to_owned(), false, Until::Never, None),
            ("{".to_owned(), false, Until::Never, None),
            (String::new(), false, Until::Never, None),
        ] {
            let entry = DenialEntry::read(&text);
            assert_eq!(
                (entry.denies.is_some(), entry.until, &*entry.text),
                (denies, until, &*text),
                "{text}"
            );
            let before = before.map_or(IssuedBefore::All, |at| IssuedBefore::At(Instant::from_unix(at)));
            assert!(entry.denies.is_none_or(|denied| denied.issued_before == before), "{text}");
        }
    }
}

//! The grounds of a refusal, for an operator who asks later: the check that failed, and what the token said of itself.
//! Foreign text is cut and escaped; no token and no key is part of it.

use std::borrow::Cow;

use serde_json::Value;

use super::Claims;
use super::inert::inert;

/// The longest foreign text that is kept, in characters. It fits issuer URLs, audiences and client ids in use, and bounds
/// what a client can make a kept refusal cost. `docs/API.md` promises it.
const LONGEST: usize = 200;

/// The grounds of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grounds {
    /// The first check that failed.
    pub failed: Option<FailedCheck>,
    /// What the token said of itself, when it could be read.
    pub said: Option<TokenSaid>,
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    /// The word for the check, as `explain` writes it.
    pub check: Cow<'static, str>,
    /// The value that was found; `None` when it was absent, or when it must not be shown.
    pub seen: Option<Box<str>>,
    /// The values that would have passed.
    pub wanted: Box<str>,
    /// How to fix the most likely cause.
    pub fix: Cow<'static, str>,
}

impl FailedCheck {
    /// A failed check, with its foreign texts cut and escaped.
    #[must_use]
    pub fn new(check: &'static str, seen: Option<&str>, wanted: &str, fix: &'static str) -> Self {
        Self {
            check: Cow::Borrowed(check),
            seen: seen.map(|seen| inert(seen, LONGEST)),
            wanted: inert(wanted, LONGEST),
            fix: Cow::Borrowed(fix),
        }
    }
}

/// What a token said of itself, unverified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenSaid {
    /// `iss`.
    pub iss: Option<Box<str>>,
    /// `aud`; several are joined by commas.
    pub aud: Option<Box<str>>,
    /// `kid` of its header.
    pub kid: Option<Box<str>>,
    /// The client, as [`Claims::client`] finds it where no claim is configured.
    pub client_id: Option<Box<str>>,
}

impl TokenSaid {
    /// What a token with these claims and this `kid` says of itself.
    #[must_use]
    pub fn of(claims: &Claims, kid: Option<&str>) -> Self {
        let short = |text: &str| inert(text, LONGEST);
        Self {
            iss: claims.text("iss").map(short),
            aud: claims.get("aud").and_then(audiences).map(|aud| short(&aud)),
            kid: kid.map(short),
            client_id: claims.client(None).map(short),
        }
    }
}

fn audiences(aud: &Value) -> Option<Cow<'_, str>> {
    match aud {
        Value::String(one) => Some(Cow::Borrowed(one)),
        Value::Array(several) => {
            // Each takes at least two characters with its separator, so the text is cut before more of them.
            let names = several.iter().filter_map(Value::as_str).take(LONGEST);
            Some(Cow::Owned(names.collect::<Vec<_>>().join(", ")))
        }
        _ => None,
    }
}

impl Grounds {
    /// The memory that it takes, in bytes, as an estimate for the weight of a cache entry.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let failed = self.failed.as_ref().map_or(0, |failed| text(&failed.seen) + failed.wanted.len());
        let said = self.said.as_ref();
        let said =
            said.map_or(0, |said| [&said.iss, &said.aud, &said.kid, &said.client_id].map(text).iter().sum());
        size_of::<Self>() + failed + said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(claims: &Value) -> TokenSaid {
        TokenSaid::of(&Claims::new(claims.as_object().cloned().unwrap()), Some("k\u{7}1"))
    }

    #[test]
    fn statements_of_a_token_are_cut_and_escaped() {
        let long = "x".repeat(10_000);
        let full = said(&json!({"iss": long, "aud": ["a", 1, "b\n"], "azp": "app", "sub": "alice"}));
        assert_eq!(full.iss.as_deref().map(|iss| iss.chars().count()), Some(LONGEST + 1));
        assert_eq!(full.aud.as_deref(), Some("a, b\\u{a}"));
        assert_eq!(full.kid.as_deref(), Some("k\\u{7}1"));
        assert_eq!(full.client_id.as_deref(), Some("app"));
        assert!(!format!("{full:?}").contains("alice"));
        let none = said(&json!({"aud": 7, "iss": null}));
        assert_eq!((none.iss, none.aud, none.client_id), (None, None, None));
    }
}

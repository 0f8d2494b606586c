//! What a refusal rests on, in words for an operator who asks later: the check that failed, and what the token said
//! of itself. Foreign words are cut and cannot act; no token and no key is among them.

use std::borrow::Cow;

use serde_json::Value;

use super::Claims;
use super::inert::inert;

/// The longest foreign text that is kept, in characters.
const LONGEST: usize = 200;

/// What a refusal rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grounds {
    /// The check that failed first.
    pub failed: Option<FailedCheck>,
    /// What the token said of itself.
    pub said: Option<TokenSaid>,
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    /// The word for the check, as `explain` writes it.
    pub check: Cow<'static, str>,
    /// What was there; absent when nothing was, or when it must not be shown.
    pub seen: Option<Box<str>>,
    /// What would have passed.
    pub wanted: Box<str>,
    /// The nearest thing to do.
    pub fix: Cow<'static, str>,
}

impl FailedCheck {
    /// A check with its texts cut and made harmless.
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

/// What a token said of itself. Whether it is true is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenSaid {
    /// `iss`.
    pub iss: Option<Box<str>>,
    /// `aud`; several are joined by commas.
    pub aud: Option<Box<str>>,
    /// `kid` of its header.
    pub kid: Option<Box<str>>,
    /// `client_id`, else `azp`.
    pub client_id: Option<Box<str>>,
}

impl TokenSaid {
    /// The words of a token with these claims and this `kid`.
    #[must_use]
    pub fn of(claims: &Claims, kid: Option<&str>) -> Self {
        let short = |text: &str| inert(text, LONGEST);
        Self {
            iss: claims.text("iss").map(short),
            aud: claims.get("aud").and_then(audiences).map(|aud| short(&aud)),
            kid: kid.map(short),
            client_id: claims.text("client_id").or_else(|| claims.text("azp")).map(short),
        }
    }
}

fn audiences(aud: &Value) -> Option<Cow<'_, str>> {
    match aud {
        Value::String(one) => Some(Cow::Borrowed(one)),
        Value::Array(several) => {
            // Each takes two characters at least, so no more of them can be shown.
            let names = several.iter().filter_map(Value::as_str).take(LONGEST);
            Some(Cow::Owned(names.collect::<Vec<_>>().join(", ")))
        }
        _ => None,
    }
}

impl Grounds {
    /// About how many bytes it takes.
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
    fn what_a_token_says_is_kept_short_and_harmless() {
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

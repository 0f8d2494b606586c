//! The claims of an assertion for one caller at one agent, and the last assertion that was signed with them.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use serde_json::{Map, Value};

use crate::model::{Instant, Live};

/// What one agent is told of one caller.
pub struct Asserted {
    /// The claims, as the text of an object without the brace at its end.
    claims: Box<str>,
    /// When the caller's own right ends, where it does.
    ends: Option<Instant>,
    last: Live<Option<SignedAssertion>>,
}

/// The claims of one assertion, with their times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedClaims {
    /// The claims as JSON.
    pub text: String,
    /// `iat`
    pub from: Instant,
    /// `exp`
    pub until: Instant,
}

/// An assertion, as the agent gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAssertion {
    /// The value of its header.
    pub value: HeaderValue,
    /// The thumbprint of the key that signed it.
    pub key: [u8; 32],
    /// Its `iat`.
    pub from: Instant,
    /// Its `exp`.
    pub until: Instant,
}

impl Asserted {
    pub(super) fn new(said: &Map<String, Value>, ends: Option<Instant>) -> Self {
        let mut claims = Value::from(said.clone()).to_string();
        claims.pop();
        Self { claims: claims.into(), ends, last: Live::new(None) }
    }

    /// The claims of an assertion that is made at `now`: it is good for `ttl`, and not longer than the caller's own right.
    #[must_use]
    pub fn at(&self, now: Instant, ttl: Duration, jti: &str) -> DatedClaims {
        let until = now.plus(ttl);
        let until = self.ends.map_or(until, |ends| until.min(ends));
        let (from, to) = (now.unix(), until.unix());
        // Issuer and audience are always there, so a comma is due. A `jti` is base64url.
        let text = format!(r#"{},"iat":{from},"exp":{to},"jti":"{jti}"}}"#, self.claims);
        DatedClaims { text, from: now, until }
    }

    /// The last assertion, while more than half of its time is left, and the key that signed it is the one that signs now, with
    /// this thumbprint.
    #[must_use]
    pub fn kept(&self, now: Instant, key: &[u8; 32]) -> Option<HeaderValue> {
        self.last.with(|last| {
            let last = last.as_ref().filter(|last| last.key == *key && last.from <= now)?;
            let (all, left) = (last.until.since(last.from), last.until.since(now));
            (left * 2 > all).then(|| last.value.clone())
        })
    }

    /// Keeps an assertion for the requests that follow.
    pub fn keep(&self, signed: SignedAssertion) {
        self.last.publish(Some(signed).into());
    }
}

impl fmt::Debug for Asserted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asserted")
            .field("claims", &self.claims)
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_is_used_again_for_the_first_half_of_its_time_by_the_key_that_signs() {
        let second = Instant::from_unix;
        let asserted = Asserted::new(&Map::from_iter([("iss".to_owned(), Value::from("g"))]), None);
        let (own, another) = ([1; 32], [2; 32]);
        assert_eq!(asserted.kept(second(100), &own), None);
        let value = HeaderValue::from_static("a.b.c");
        let signed =
            SignedAssertion { value: value.clone(), key: own, from: second(100), until: second(160) };
        asserted.keep(signed);
        for (now, key, is_kept) in [
            (100, own, true),
            (129, own, true),
            (130, own, false),
            (160, own, false),
            (200, own, false),
            // The clock was set back.
            (99, own, false),
            (110, another, false),
        ] {
            assert_eq!(asserted.kept(second(now), &key), is_kept.then(|| value.clone()), "{now} {key:?}");
        }
    }
}

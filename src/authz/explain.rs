//! The record of a decision's checks: what was seen, what was wanted, what to do about it.
//!
//! The decision code is generic over [`Trace`]. The request path runs it with [`Silent`], which compiles to
//! nothing, or, where refusals are kept, with a [`Witness`], to which a check that passes is nothing; `explain` runs
//! the very same code with a [`Transcript`].

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{FailedCheck, Grounds, TokenSaid};

/// The checks of a decision, in words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// An agent answers to the host and path.
    Route,
    /// The credential is there, once, in the form that the agent reads.
    Credential,
    /// The token is no longer than `token_bytes`.
    Size,
    /// The token is a compact JWS with sound JSON.
    Format,
    /// `alg` is an asymmetric one that the provider allows.
    Algorithm,
    /// No `crit`, no unencoded payload.
    Critical,
    /// `typ` is a JWT or an access token.
    Type,
    /// `iss` names a provider that the agent accepts.
    Issuer,
    /// `exp` is there and has not passed.
    Expiry,
    /// `nbf` and `iat` are not in the future.
    NotBefore,
    /// `exp - iat` is short enough.
    Lifetime,
    /// An audience in common.
    Audience,
    /// The token is not bound to a key of its holder, or the agent ignores that.
    Binding,
    /// The provider has a key for this token.
    Key,
    /// The signature verifies.
    Signature,
    /// The scopes are there.
    Scopes,
    /// A claim rule is met.
    Claim,
    /// The claims that go upstream can be written as headers.
    ClaimHeaders,
    /// The API key's form and check digits.
    ApiKeyFormat,
    /// The API key is one of this agent's.
    ApiKey,
    /// The API key has not been revoked.
    ApiKeyRevoked,
    /// The API key has not expired.
    ApiKeyExpiry,
}

impl Check {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Credential => "credential",
            Self::Size => "size",
            Self::Format => "format",
            Self::Algorithm => "algorithm",
            Self::Critical => "critical",
            Self::Type => "type",
            Self::Issuer => "issuer",
            Self::Expiry => "expiry",
            Self::NotBefore => "not_before",
            Self::Lifetime => "lifetime",
            Self::Audience => "audience",
            Self::Binding => "binding",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Scopes => "scopes",
            Self::Claim => "claim",
            Self::ClaimHeaders => "claim_headers",
            Self::ApiKeyFormat => "api_key_format",
            Self::ApiKey => "api_key",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::ApiKeyExpiry => "api_key_expiry",
        }
    }
}

impl Serialize for Check {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What one check found. Values are shown to an operator who already holds the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What was there; `None` when nothing was, or when it must not be shown.
    pub seen: Option<String>,
    /// What would have passed.
    pub wanted: String,
    /// The nearest thing to do when it failed.
    pub fix: &'static str,
}

/// Who listens to the checks.
pub trait Trace {
    /// A check was made. `facts` is called only when somebody wants to know.
    fn check(&mut self, check: Check, ok: bool, facts: impl FnOnce() -> Facts);

    /// A token is refused. `said` is called only when somebody wants to know what it said of itself.
    fn refused(&mut self, _said: impl FnOnce() -> TokenSaid) {}

    /// Whether a refusal that was made before has still to be told why.
    fn wants_grounds(&self) -> bool {
        false
    }

    /// The same was refused before, and this is why.
    fn recalled(&mut self, _grounds: Option<&Arc<Grounds>>) {}

    /// What the refusal rests on, as far as it was kept.
    fn grounds(&self) -> Option<&Arc<Grounds>> {
        None
    }
}

/// Nobody listens: the request path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Trace for Silent {
    fn check(&mut self, _: Check, _: bool, _: impl FnOnce() -> Facts) {}
}

/// Keeps what a refusal rests on: the first check that failed, and what the token said.
#[derive(Debug, Clone, Default)]
pub struct Witness(Option<Arc<Grounds>>);

impl Witness {
    /// What was kept.
    #[must_use]
    pub fn into_grounds(self) -> Option<Arc<Grounds>> {
        self.0
    }

    /// Of what is told here nobody else has a share yet.
    fn own(&mut self) -> &mut Grounds {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl Trace for Witness {
    #[inline]
    fn check(&mut self, check: Check, ok: bool, facts: impl FnOnce() -> Facts) {
        if !ok && self.0.is_none() {
            let Facts { seen, wanted, fix } = facts();
            self.own().failed = Some(FailedCheck::new(check.as_str(), seen.as_deref(), &wanted, fix));
        }
    }

    #[inline]
    fn refused(&mut self, said: impl FnOnce() -> TokenSaid) {
        self.own().said = Some(said());
    }

    fn wants_grounds(&self) -> bool {
        self.0.is_none()
    }

    fn recalled(&mut self, grounds: Option<&Arc<Grounds>>) {
        self.0 = grounds.cloned();
    }

    fn grounds(&self) -> Option<&Arc<Grounds>> {
        self.0.as_ref()
    }
}

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Check")]
pub struct Line {
    /// Which check.
    #[schemars(with = "String")]
    pub check: Check,
    /// Whether it passed.
    pub ok: bool,
    /// What was there.
    pub seen: Option<String>,
    /// What would have passed.
    pub wanted: String,
    /// What to do, on a failed check.
    pub fix: Option<&'static str>,
}

/// Writes every check down.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// The checks in the order in which they were made.
    pub lines: Vec<Line>,
}

impl Trace for Transcript {
    fn check(&mut self, check: Check, ok: bool, facts: impl FnOnce() -> Facts) {
        let facts = facts();
        let fix = if ok { None } else { Some(facts.fix) };
        self.lines.push(Line { check, ok, seen: facts.seen, wanted: facts.wanted, fix });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(seen: &str) -> Facts {
        Facts { seen: Some(seen.to_owned()), wanted: "w".to_owned(), fix: "f" }
    }

    #[test]
    fn a_witness_keeps_the_first_check_that_failed_and_asks_nothing_of_those_that_pass() {
        let mut witness = Witness::default();
        witness.check(Check::Format, true, || panic!("nobody wants to know"));
        assert!(witness.wants_grounds());
        witness.check(Check::Issuer, false, || facts("iss: x"));
        witness.check(Check::Audience, false, || panic!("the first one counts"));
        witness.refused(|| TokenSaid { iss: Some("x".into()), ..TokenSaid::default() });
        assert!(!witness.wants_grounds());
        let grounds = witness.into_grounds().unwrap();
        let failed = grounds.failed.as_ref().unwrap();
        assert_eq!(
            (&*failed.check, failed.seen.as_deref(), &*failed.wanted),
            ("issuer", Some("iss: x"), "w")
        );
        assert_eq!(grounds.said.as_ref().and_then(|said| said.iss.as_deref()), Some("x"));
    }

    #[test]
    fn a_refusal_that_is_remembered_has_its_grounds_again() {
        let known = Arc::new(Grounds { failed: None, said: Some(TokenSaid::default()) });
        let mut witness = Witness::default();
        witness.recalled(Some(&known));
        assert!(witness.grounds().is_some_and(|grounds| Arc::ptr_eq(grounds, &known)));
    }
}

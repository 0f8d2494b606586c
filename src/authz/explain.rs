//! The record of a decision's checks: what was found, what was expected, and how to fix it.
//!
//! The decision code is generic over [`Trace`]. The request path runs it with [`Silent`], which compiles to nothing. Where
//! refusals are kept it runs with a [`Witness`], which does no work for a check that passes. `explain` runs the same code
//! with a [`Transcript`].

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{FailedCheck, Grounds, TokenSaid, closed_words};

use super::rule_line::Ruled;

closed_words! {
    /// The checks of a decision. The words for them are part of the API; their order is in `authn`.
    Check {
        /// An agent's route matches the host and path.
        Route = "route",
        /// The page that sends the request is of an origin that may call the agent.
        Origin = "origin",
        /// The request carries exactly one credential, in the form that the agent reads.
        Credential = "credential",
        /// The token is no longer than `token_bytes`.
        Size = "size",
        /// The token is a compact JWS (RFC 7515 section 7.1) with valid JSON.
        Format = "format",
        /// `alg` is an asymmetric algorithm that the provider allows.
        Algorithm = "algorithm",
        /// The token has no `crit` (RFC 7515 section 4.1.11) and no unencoded payload (RFC 7797).
        Critical = "critical",
        /// `typ` names a JWT or an access token (RFC 9068 section 4).
        Type = "type",
        /// `iss` names a provider that the agent accepts.
        Issuer = "issuer",
        /// `exp` is present and has not passed.
        Expiry = "expiry",
        /// `nbf` and `iat` are not in the future.
        NotBefore = "not_before",
        /// `exp - iat` is at most the agent's `max_token_lifetime`.
        Lifetime = "lifetime",
        /// The token names one of the agent's audiences.
        Audience = "audience",
        /// The token is bound to keys of its holder as the agent wants it, and came with the scheme of that.
        Binding = "binding",
        /// The provider has a key for this token.
        Key = "key",
        /// The signature verifies.
        Signature = "signature",
        /// The provider calls the token active (RFC 7662).
        Introspection = "introspection",
        /// No denial names the token.
        Denial = "denial",
        /// The certificate of the client, in the header of a trusted proxy, can be read.
        ClientCertificate = "client_certificate",
        /// The certificate of the client is the one that the token is bound to (RFC 8705 section 3).
        Certificate = "certificate",
        /// The request has one proof (RFC 9449 section 4.2), of which each member is well-formed.
        Proof = "proof",
        /// The proof is of the method of the request.
        ProofMethod = "proof_method",
        /// The proof is of the URL of the request.
        ProofUrl = "proof_url",
        /// The proof is of this token.
        ProofToken = "proof_token",
        /// The key of the proof is the one that the token is bound to.
        ProofKey = "proof_key",
        /// The signature of the proof verifies.
        ProofSignature = "proof_signature",
        /// The proof was made a moment ago: it has a nonce of the gateway, or its `iat` is near.
        ProofFresh = "proof_fresh",
        /// The proof was not accepted before.
        ProofReplay = "proof_replay",
        /// The token is of the profile that the agent requires (RFC 9068).
        Profile = "profile",
        /// The agent admits the client that the token was issued to.
        Client = "client",
        /// The agent admits who acts for the subject of the token.
        Actor = "actor",
        /// The subject logged in by one of the ways that the agent requires (RFC 9470).
        Acr = "acr",
        /// The login of the subject is not too long ago (RFC 9470).
        AuthAge = "auth_age",
        /// The token grants the scopes that the agent requires.
        Scopes = "scopes",
        /// The token satisfies a claim rule.
        Claim = "claim",
        /// The claims that go upstream can be written as headers.
        ClaimHeaders = "claim_headers",
        /// The API key has the right form and check digits.
        ApiKeyFormat = "api_key_format",
        /// The API key is one of this agent's.
        ApiKey = "api_key",
        /// The API key has not been revoked.
        ApiKeyRevoked = "api_key_revoked",
        /// The API key has not expired.
        ApiKeyExpiry = "api_key_expiry",
        /// The session is this caller's at this agent.
        Session = "session",
        /// The message can be read in one way only, and the head of its request says the same.
        Message = "message",
        /// The agent's rules by operation permit what the message asks for.
        Operation = "operation",
        /// No limit refuses the request.
        Limit = "limit",
    }
}

/// What one check found and expected. Only an operator who already holds the credential sees these values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The value that was found; `None` when it was absent, or when it must not be shown.
    pub seen: Option<String>,
    /// The values that would have passed.
    pub wanted: String,
    /// How to fix the most likely cause when the check failed.
    pub fix: &'static str,
}

/// Records the checks of a decision, as far as it needs them.
pub trait Trace {
    /// Records a check. An implementation calls `facts` only when it keeps them: making them allocates.
    fn check(&mut self, check: Check, ok: bool, facts: impl FnOnce() -> Facts);

    /// Records that a token is refused. An implementation calls `said` only when it keeps what the token said of itself.
    fn refused(&mut self, _said: impl FnOnce() -> TokenSaid) {}

    /// Records what the rules by operation said. An implementation calls `ruled` only when it keeps that.
    fn ruled(&mut self, _ruled: impl FnOnce() -> Ruled) {}

    /// Whether a remembered refusal must be judged again because its grounds were not recorded yet.
    fn wants_grounds(&self) -> bool {
        false
    }

    /// Records the grounds of an earlier refusal of the same token, instead of making them again.
    fn recalled(&mut self, _grounds: Option<&Arc<Grounds>>) {}

    /// The grounds that were recorded, for a memory that shares them.
    fn grounds(&self) -> Option<&Arc<Grounds>> {
        None
    }
}

/// Records nothing, and costs nothing: the request path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Trace for Silent {
    fn check(&mut self, _: Check, _: bool, _: impl FnOnce() -> Facts) {}
}

/// Keeps the grounds of a refusal: the first check that failed, and what the token said of itself.
#[derive(Debug, Clone, Default)]
pub struct Witness(Option<Arc<Grounds>>);

impl Witness {
    /// The grounds; `None` when nothing was refused.
    #[must_use]
    pub fn into_grounds(self) -> Option<Arc<Grounds>> {
        self.0
    }

    /// Writing in place: grounds are shared only once the decision is made, so `make_mut` copies nothing.
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

/// One check of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Check")]
pub struct Line {
    /// Which check.
    pub check: Check,
    /// Whether it passed.
    pub ok: bool,
    /// The value that was found.
    pub seen: Option<String>,
    /// The values that would have passed.
    pub wanted: String,
    /// How to fix it, on a failed check.
    pub fix: Option<String>,
}

/// Keeps every check, for `explain`.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// The checks in the order in which they were made.
    pub lines: Vec<Line>,
    /// What the rules by operation said, where they were asked.
    pub ruled: Option<Ruled>,
}

impl Trace for Transcript {
    fn check(&mut self, check: Check, ok: bool, facts: impl FnOnce() -> Facts) {
        let facts = facts();
        let fix = (!ok).then(|| facts.fix.to_owned());
        self.lines.push(Line { check, ok, seen: facts.seen, wanted: facts.wanted, fix });
    }

    fn ruled(&mut self, ruled: impl FnOnce() -> Ruled) {
        self.ruled = Some(ruled());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(seen: &str) -> Facts {
        Facts { seen: Some(seen.to_owned()), wanted: "w".to_owned(), fix: "f" }
    }

    #[test]
    fn a_witness_keeps_the_first_failed_check_and_makes_no_facts_of_the_others() {
        let mut witness = Witness::default();
        witness.check(Check::Format, true, || panic!("a check that passed is not kept"));
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
    fn a_remembered_refusal_shares_its_grounds() {
        let known = Arc::new(Grounds { failed: None, said: Some(TokenSaid::default()) });
        let mut witness = Witness::default();
        witness.recalled(Some(&known));
        assert!(witness.grounds().is_some_and(|grounds| Arc::ptr_eq(grounds, &known)));
    }
}

//! The record of a decision's checks: what was seen, what was wanted, what to do about it.
//!
//! The decision code is generic over [`Trace`]. The request path runs it with [`Silent`], which compiles to
//! nothing; `explain` runs the very same code with a [`Transcript`].

use serde::Serialize;

/// The checks of a decision, in words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// Whether the decision is for show, and the use of a key must not be noted.
    const FOR_SHOW: bool;

    /// A check was made. `facts` is called only when somebody wants to know.
    fn check(&mut self, check: Check, ok: bool, facts: impl FnOnce() -> Facts);
}

/// Nobody listens: the request path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Trace for Silent {
    const FOR_SHOW: bool = false;

    fn check(&mut self, _: Check, _: bool, _: impl FnOnce() -> Facts) {}
}

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which check.
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
    const FOR_SHOW: bool = true;

    fn check(&mut self, check: Check, ok: bool, facts: impl FnOnce() -> Facts) {
        let facts = facts();
        let fix = if ok { None } else { Some(facts.fix) };
        self.lines.push(Line { check, ok, seen: facts.seen, wanted: facts.wanted, fix });
    }
}

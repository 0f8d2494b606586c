//! The result of applying one agent's rules to one verified token: the caller's identity, and the claim headers or the
//! reason of the refusal. It depends on the verified token alone, and where a login must not be too long ago on the present
//! time: so it stays valid as long as the token and the compiled agent do, within the span of time that it names, and `authn`
//! may remember it.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::model::{Claims, Identity, Instant, KeyedHash, Reason, TokenSaid};

use super::asserted::Asserted;
use super::assertion::Assertion;
use super::claim_headers::ClaimHeaders;
use super::explain::Trace;
use super::operations::OperationRules;
use super::requirements::Requirements;
use super::rule::Standings;
use super::rules::Rules;
use super::time_span::TimeSpan;
use super::verified_token::VerifiedToken;

/// A verified token, judged by the rules of one agent.
#[derive(Debug)]
pub struct Admission {
    /// The authenticated caller, also when the rules refuse it: the log names it then, too.
    pub identity: Arc<Identity>,
    /// The claim headers that the agent receives, or the reason of the refusal.
    pub headers: Result<Box<[(HeaderName, HeaderValue)]>, Reason>,
    /// What the token is worth by the agent's rules by operation; empty where it has none.
    pub standings: Standings,
    /// The claims by which limits count, in the order of [`Entry::counted`]: `None` where it is absent or has parts.
    pub counted: Box<[Option<KeyedHash>]>,
    /// The time in which it holds; `None` = always.
    pub span: Option<Box<Spans>>,
    /// What the agent is told of the caller in an assertion, where it gets one.
    pub asserted: Option<Box<Asserted>>,
}

/// The time in which an admission holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spans {
    /// Until the outcome would be another, or one by the rules by operation.
    outcome: TimeSpan,
    /// As long as the login is what the agent requires of each request.
    login: TimeSpan,
}

impl Admission {
    /// Whether it holds at `now`, and the token need not be judged anew.
    #[must_use]
    pub fn holds_at(&self, now: Instant) -> bool {
        self.span.as_deref().is_none_or(|span| span.outcome.holds_at(now))
    }

    /// When the login is longer ago than the agent permits, leeway included; `None` = it may be as long ago as it likes.
    #[must_use]
    pub fn login_ends(&self) -> Option<Instant> {
        self.span.as_deref()?.login.ends()
    }
}

/// The rules and claim headers of one agent, which an authenticated caller is judged by.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The number of the compiled agent: an admission holds for no other.
    pub number: u64,
    /// What the token must be beside what the rules say, where the agent requires anything.
    pub requirements: Option<Box<Requirements>>,
    /// The scope and claim rules.
    pub rules: Rules,
    /// The claims that go upstream as headers.
    pub claim_headers: ClaimHeaders,
    /// The rules by operation, where the agent has such rules.
    pub operations: Option<Box<OperationRules>>,
    /// The claims by which limits count.
    pub counted: Box<[CountedClaim]>,
    /// What the agent is told of its callers in an assertion, where it gets one.
    pub assertion: Option<Box<Assertion>>,
}

/// A claim by which a limit counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedClaim {
    /// Its name.
    pub name: Box<str>,
    /// Whether members of a fleet count it together, so that all need the same hash of it.
    pub is_common: bool,
}

impl CountedClaim {
    fn hash(&self, claims: &Claims) -> Option<KeyedHash> {
        let value = claims.get(&self.name)?;
        if self.is_common { KeyedHash::common_of_claim(value) } else { KeyedHash::of_claim(value) }
    }
}

impl Entry {
    /// Applies the requirements, then the rules, by which the provider of the token says what its scopes imply, then renders
    /// the claim headers.
    pub fn admit(&self, identity: Identity, token: &VerifiedToken<'_>, trace: &mut impl Trace) -> Admission {
        let VerifiedToken { claims, implied, .. } = *token;
        let mut span = TimeSpan::ALWAYS;
        let required = match &self.requirements {
            None => Ok(()),
            Some(requirements) => requirements.check(token, &mut span, trace),
        };
        let login = span;
        let permitted = required.and_then(|()| self.rules.check(claims, implied, trace));
        let headers = permitted.and_then(|()| self.claim_headers.render(claims, trace));
        if headers.is_err() {
            trace.refused(|| TokenSaid::of(claims, identity.key_id.as_deref()));
        }
        let standings = self.operations.as_ref().map(|rules| rules.standings(token, &mut span));
        let counted = self.counted.iter().map(|claim| claim.hash(claims));
        let assertion = self.assertion.as_ref().filter(|_| headers.is_ok());
        let asserted = assertion.map(|assertion| Box::new(assertion.of_token(token)));
        Admission {
            identity: Arc::new(identity),
            headers: headers.map(Vec::into_boxed_slice),
            standings: standings.unwrap_or_default(),
            counted: counted.collect(),
            span: (span != TimeSpan::ALWAYS).then(|| Box::new(Spans { outcome: span, login })),
            asserted,
        }
    }
}

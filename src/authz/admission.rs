//! What one agent makes of one verified token: the caller, and the headers that carry its claims, or why the rules
//! refuse it. Made once, from verified claims alone, and good for as long as the token and the agent are.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::model::{Claims, Identity, Reason, TokenSaid};

use super::claim_headers::ClaimHeaders;
use super::explain::Trace;
use super::rules::Rules;

/// What follows from a verified token at one agent.
#[derive(Debug)]
pub struct Admission {
    /// The proven caller, for the log; also when the rules refuse it.
    pub identity: Arc<Identity>,
    /// The verified claims that the agent receives, or why the caller may not.
    pub headers: Result<Box<[(HeaderName, HeaderValue)]>, Reason>,
}

/// What one agent asks of a caller who is proven, before it lets it in.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The number of the compiled agent: what it made of a token is good for no other.
    pub agent: u64,
    /// What verified claims must satisfy.
    pub rules: &'a Rules,
    /// Claims that go upstream as headers.
    pub claim_headers: &'a ClaimHeaders,
}

impl Entry<'_> {
    /// Applies the rules, and renders the claim headers.
    pub fn admit(&self, identity: Identity, claims: &Claims, trace: &mut impl Trace) -> Admission {
        let headers = self.rules.check(claims, trace).and_then(|()| self.claim_headers.render(claims, trace));
        if headers.is_err() {
            trace.refused(|| TokenSaid::of(claims, identity.key_id.as_deref()));
        }
        Admission { identity: Arc::new(identity), headers: headers.map(Vec::into_boxed_slice) }
    }
}

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

impl Admission {
    /// Applies the rules of an agent, and renders its claim headers.
    pub fn of(
        identity: Identity,
        claims: &Claims,
        (rules, claim_headers): (&Rules, &ClaimHeaders),
        trace: &mut impl Trace,
    ) -> Self {
        let headers = rules.check(claims, trace).and_then(|()| claim_headers.render(claims, trace));
        if headers.is_err() {
            trace.refused(|| TokenSaid::of(claims, identity.key_id.as_deref()));
        }
        Self { identity: Arc::new(identity), headers: headers.map(Vec::into_boxed_slice) }
    }
}

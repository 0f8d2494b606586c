//! The assertion for the agent: the one of before, or one that is signed now. What it says is from `authz`, the key from
//! `signing`.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use pingora::{Error, ErrorType};

use crate::authz::{Asserted, Assertion, SignedAssertion};
use crate::config::Snapshot;
use crate::model::{Instant, Live};
use crate::routing::{Authenticator, Compiled};
use crate::telemetry::AssertionResult;

use super::context::Context;
use super::passage::Passage;

/// The field for the agent of an admitted request, where it gets one.
///
/// # Errors
/// When none can be signed: an agent that trusts assertions must not get a request without one, for that is what one past the
/// gateway looks like.
pub(super) fn field(
    passage: &Passage,
    ctx: &Context,
    live: &Live<Snapshot>,
) -> pingora::Result<Option<(HeaderName, HeaderValue)>> {
    let agent = passage.agent();
    let Some(terms) = agent.entry.assertion.as_deref() else { return Ok(None) };
    let value = match passage.permit.asserted() {
        Some(asserted) => value(terms, asserted, ctx.now, live),
        None => match without_token(agent, terms, ctx) {
            Some(asserted) => value(terms, &asserted, ctx.now, live),
            None => return Ok(None),
        },
    };
    agent.metrics.asserted(value.as_ref().map_or(AssertionResult::Failed, |(_, result)| *result));
    match value {
        Some((value, _)) => Ok(Some((terms.header.clone(), value))),
        None => Err(Error::explain(ErrorType::InternalError, "no key to sign the assertion for the agent")),
    }
}

fn without_token(agent: &Compiled, terms: &Assertion, ctx: &Context) -> Option<Arc<Asserted>> {
    let holder = match agent.authenticator {
        Authenticator::ApiKey(_) => ctx.verdict.identity.as_deref(),
        Authenticator::OAuth(_) | Authenticator::Public => None,
    };
    agent.assertions.as_ref()?.of(terms, holder)
}

fn value(
    terms: &Assertion,
    asserted: &Asserted,
    now: Instant,
    live: &Live<Snapshot>,
) -> Option<(HeaderValue, AssertionResult)> {
    live.with(|snapshot| {
        snapshot.signing.with(|keys| {
            let key = keys.signer(terms.algorithm)?;
            if let Some(kept) = asserted.kept(now, key.thumbprint()) {
                return Some((kept, AssertionResult::Kept));
            }
            let jti = format!("{:032x}", rand::random::<u128>());
            let claims = asserted.at(now, terms.ttl, &jti);
            let mut value = HeaderValue::from_str(&key.jwt(&claims.text)?).ok()?;
            value.set_sensitive(true);
            asserted.keep(SignedAssertion {
                value: value.clone(),
                key: *key.thumbprint(),
                from: claims.from,
                until: claims.until,
            });
            Some((value, AssertionResult::Signed))
        })
    })
}

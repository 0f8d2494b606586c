//! The decision: an agent, a request's headers and a moment go in; a permit or a refusal comes out.
//!
//! Only here is a [`Permit`] made, and nothing goes upstream without one. No I/O, no clock, no waiting: when
//! keys are wanted first, the caller of [`decide`] waits and asks again.

mod explain;
mod permit;

use std::sync::Arc;

use http::HeaderMap;

use crate::authn::Outcome;
use crate::authz::Trace;
use crate::keys::Provider;
use crate::model::{AuthMethod, Claims, Decision, Enforcement, Instant, Reason};
use crate::routing::{Agent, Authenticator};

pub use crate::authn::{Identity, Refetch};
pub use crate::authz::Silent;
pub use explain::{CredentialError, Explanation, credential, explain};
pub use permit::Permit;

/// A decision that was made.
#[derive(Debug)]
pub struct Verdict {
    /// How the caller had to prove itself.
    pub method: AuthMethod,
    /// What it counts as.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The provider that the token named, once the agent accepts it: an index into the agent's list.
    pub provider: Option<usize>,
    /// The proven caller, for the log; also on a refusal by the rules.
    pub identity: Option<Arc<Identity>>,
    /// The way on, unless the request is refused.
    pub permit: Option<Permit>,
}

/// What [`decide`] has to say.
#[derive(Debug)]
pub enum Step {
    /// It is decided.
    Decided(Verdict),
    /// The token's key is unknown: fetch this provider's keys (for at most a second), then decide again with
    /// [`Refetch::Done`].
    KeysWanted(Arc<Provider>),
}

/// Decides whether a request may pass to `agent`.
pub fn decide(
    agent: &Arc<Agent>,
    headers: &HeaderMap,
    now: Instant,
    refetch: Refetch,
    trace: &mut impl Trace,
) -> Step {
    let found = match &agent.authenticator {
        Authenticator::Public => Ok((Identity::default(), Claims::default())),
        Authenticator::ApiKey(policy) => policy
            .authenticate(headers, now, trace)
            .map(|identity| (identity, Claims::default()))
            .map_err(|reason| (reason, None)),
        Authenticator::OAuth(policy) => match policy.authenticate(headers, now, refetch, trace) {
            Outcome::Verified { identity, claims } => Ok((identity, claims)),
            Outcome::Rejected(rejection) => Err((rejection.reason, rejection.provider)),
            Outcome::KeysWanted(provider) => return Step::KeysWanted(provider),
        },
    };
    Step::Decided(match found {
        Ok((identity, claims)) => admit(agent, identity, &claims, trace),
        Err((reason, provider)) => refuse(agent, reason, provider, None),
    })
}

fn admit(agent: &Arc<Agent>, identity: Identity, claims: &Claims, trace: &mut impl Trace) -> Verdict {
    let provider = identity.provider;
    let identity = Some(Arc::new(identity));
    let written = match agent.authenticator {
        Authenticator::OAuth(_) => {
            agent.rules.check(claims, trace).and_then(|()| agent.claim_headers.render(claims, trace))
        }
        Authenticator::ApiKey(_) | Authenticator::Public => Ok(Vec::new()),
    };
    match written {
        Ok(headers) => Verdict {
            method: agent.method(),
            decision: Decision::Allow,
            reason: Reason::Ok,
            provider,
            identity,
            permit: Some(Permit::new(Arc::clone(agent), headers)),
        },
        Err(reason) => refuse(agent, reason, provider, identity),
    }
}

/// In shadow, what would be refused passes without an identity: no claim header is set.
fn refuse(
    agent: &Arc<Agent>,
    reason: Reason,
    provider: Option<usize>,
    identity: Option<Arc<Identity>>,
) -> Verdict {
    let (decision, permit) = match agent.enforcement {
        Enforcement::Enforce => (reason.decision(), None),
        Enforcement::Shadow => (Decision::ShadowDeny, Some(Permit::new(Arc::clone(agent), Vec::new()))),
    };
    Verdict { method: agent.method(), decision, reason, provider, identity, permit }
}

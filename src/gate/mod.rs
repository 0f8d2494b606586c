//! The decision: an agent and a request go in; a permit or a refusal comes out.
//!
//! Only here is a [`Permit`] made, and nothing goes upstream without one. No I/O, no clock, no waiting: when
//! keys are wanted first, the caller of [`decide`] waits and asks again.

mod explain;
mod permit;

use std::sync::Arc;

use crate::authn::{ApiKeyRefusal, Outcome, Rejection};
use crate::authz::Admission;
use crate::authz::Trace;
use crate::idp::Provider;
use crate::model::{AuthMethod, CacheLabel, Claims, Decision, Enforcement, Identity, Reason, Request};
use crate::routing::{Agent, Authenticator};

pub use crate::authn::Refetch;
pub use crate::authz::{Silent, Witness};
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
    /// The proven caller, for the log; also on a refusal by the rules, and of an API key that has ended.
    pub identity: Option<Arc<Identity>>,
    /// What the token cache said.
    pub cache: CacheLabel,
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
pub fn decide(agent: &Arc<Agent>, request: &Request<'_>, refetch: Refetch, trace: &mut impl Trace) -> Step {
    let (found, cache) = match &agent.authenticator {
        Authenticator::Public => {
            // On its own short way: nobody is asked for anything.
            let anyone = Proven { provider: None, identity: None, admission: None };
            return Step::Decided(admit(agent, anyone, CacheLabel::Off));
        }
        Authenticator::ApiKey(policy) => {
            let found = policy.authenticate(request, trace);
            let proven = |identity: &Arc<Identity>| Proven {
                provider: None,
                identity: Some(Arc::clone(identity)),
                admission: None,
            };
            let refused = |refusal: ApiKeyRefusal<'_>| Refused {
                reason: refusal.reason,
                provider: None,
                identity: refusal.identity.map(Arc::clone),
            };
            (found.map(proven).map_err(refused), CacheLabel::Off)
        }
        Authenticator::OAuth(policy) => {
            let (outcome, cache) = policy.authenticate(request, refetch, trace);
            let found = match outcome {
                Outcome::Known(known, provider) => {
                    let make = |identity, claims: &Claims| judge(agent, identity, claims, trace);
                    match known.admission(agent.id, provider, make) {
                        Some(admission) => {
                            if admission.headers.is_err() && trace.wants_grounds() {
                                // Refused before. The rules say again why; the signature is not looked at.
                                known
                                    .read(provider, |identity, claims| judge(agent, identity, claims, trace));
                            }
                            admitted(admission, Some(provider))
                        }
                        None => Err(Refused {
                            reason: Reason::TokenMalformed,
                            provider: Some(provider),
                            identity: None,
                        }),
                    }
                }
                Outcome::Verified { identity, claims, known } => {
                    let provider = identity.provider;
                    let admission = Arc::new(judge(agent, identity, &claims, trace));
                    if let Some(known) = known {
                        known.remember(agent.id, &admission);
                    }
                    admitted(admission, provider)
                }
                Outcome::Rejected(Rejection { reason, provider }) => {
                    Err(Refused { reason, provider, identity: None })
                }
                Outcome::KeysWanted(provider) => return Step::KeysWanted(provider),
            };
            (found, cache)
        }
    };
    Step::Decided(match found {
        Ok(proven) => admit(agent, proven, cache),
        Err(refused) => refuse(agent, refused, cache),
    })
}

/// Who called, and what goes with the request.
struct Proven {
    provider: Option<usize>,
    identity: Option<Arc<Identity>>,
    admission: Option<Arc<Admission>>,
}

/// Why not, and who called as far as that is proven.
struct Refused {
    reason: Reason,
    provider: Option<usize>,
    identity: Option<Arc<Identity>>,
}

fn judge(agent: &Agent, identity: Identity, claims: &Claims, trace: &mut impl Trace) -> Admission {
    Admission::of(identity, claims, (&agent.rules, &agent.claim_headers), trace)
}

fn admitted(admission: Arc<Admission>, provider: Option<usize>) -> Result<Proven, Refused> {
    let identity = Some(Arc::clone(&admission.identity));
    match admission.headers {
        Ok(_) => Ok(Proven { provider, identity, admission: Some(admission) }),
        Err(reason) => Err(Refused { reason, provider, identity }),
    }
}

fn admit(agent: &Arc<Agent>, proven: Proven, cache: CacheLabel) -> Verdict {
    let Proven { provider, identity, admission } = proven;
    Verdict {
        method: agent.method(),
        decision: Decision::Allow,
        reason: Reason::Ok,
        provider,
        identity,
        cache,
        permit: Some(Permit::new(Arc::clone(agent), admission)),
    }
}

/// In shadow, what would be refused passes without an identity: no claim header is set.
fn refuse(agent: &Arc<Agent>, refused: Refused, cache: CacheLabel) -> Verdict {
    let Refused { reason, provider, identity } = refused;
    let (decision, permit) = match agent.enforcement {
        Enforcement::Enforce => (reason.decision(), None),
        Enforcement::Shadow => (Decision::ShadowDeny, Some(Permit::new(Arc::clone(agent), None))),
    };
    Verdict { method: agent.method(), decision, reason, provider, identity, cache, permit }
}

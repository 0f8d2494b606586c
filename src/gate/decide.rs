//! From an agent and a request to a verdict, or to what must be fetched first.

use std::sync::Arc;

use crate::authn::{OAuthPolicy, Outcome, Rejection};
use crate::authz::{Admission, Trace};
use crate::model::{Claims, Identity, Reason, Request};
use crate::routing::{Agent, Authenticator};

use super::{Evidence, Need, Verdict};

/// What [`decide`] has to say.
#[derive(Debug)]
pub enum Step {
    /// It is decided.
    Decided(Verdict),
    /// It cannot be decided yet: fetch this, then decide again with it. Each need comes once.
    Needs(Need),
}

/// Decides whether a request may pass to `agent`, with what was fetched so far.
pub fn decide(
    agent: &Arc<Agent>,
    request: &Request<'_>,
    evidence: &Evidence,
    trace: &mut impl Trace,
) -> Step {
    match &agent.authenticator {
        Authenticator::Public => Step::Decided(Verdict::allowed(agent, None, None)),
        Authenticator::ApiKey(policy) => Step::Decided(match policy.authenticate(request, trace) {
            Ok(identity) => Verdict::allowed(agent, Some(Arc::clone(identity)), None),
            Err(refusal) => Verdict::refused(agent, refusal.reason, refusal.identity.map(Arc::clone)),
        }),
        Authenticator::OAuth(policy) => by_token(agent, policy, request, evidence, trace),
    }
}

fn by_token(
    agent: &Arc<Agent>,
    policy: &OAuthPolicy,
    request: &Request<'_>,
    evidence: &Evidence,
    trace: &mut impl Trace,
) -> Step {
    let (outcome, cache) = policy.authenticate(request, &evidence.keys, trace);
    let (verdict, provider) = match outcome {
        Outcome::Known(known, provider) => {
            let make = |identity, claims: &Claims| judge(agent, identity, claims, trace);
            let verdict = match known.admission(agent.id, provider, make) {
                Some(admission) => {
                    if admission.headers.is_err() && trace.wants_grounds() {
                        // Refused before. The rules say again why; the signature is not looked at.
                        known.read(provider, |identity, claims| judge(agent, identity, claims, trace));
                    }
                    Verdict::admitted(agent, admission)
                }
                None => Verdict::refused(agent, Reason::TokenMalformed, None),
            };
            (verdict, Some(provider))
        }
        Outcome::Verified { identity, claims, known } => {
            let provider = identity.provider;
            let admission = Arc::new(judge(agent, identity, &claims, trace));
            if let Some(known) = known {
                known.remember(agent.id, &admission);
            }
            (Verdict::admitted(agent, admission), provider)
        }
        Outcome::Rejected(Rejection { reason, provider }) => {
            (Verdict::refused(agent, reason, None), provider)
        }
        Outcome::KeysWanted(provider) => return ask(agent, Need::Keys(provider), evidence),
    };
    Step::Decided(Verdict { provider, cache, ..verdict })
}

/// Asks for what is needed. What was asked for before cannot be had, so that the request is refused: whoever drives a
/// decision fetches each need once, and comes to an end.
pub(super) fn ask(agent: &Arc<Agent>, need: Need, evidence: &Evidence) -> Step {
    if evidence.covers(&need) {
        Step::Decided(Verdict::refused(agent, Reason::KeysUnavailable, None))
    } else {
        Step::Needs(need)
    }
}

fn judge(agent: &Agent, identity: Identity, claims: &Claims, trace: &mut impl Trace) -> Admission {
    Admission::of(identity, claims, (&agent.rules, &agent.claim_headers), trace)
}

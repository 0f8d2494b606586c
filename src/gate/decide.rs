//! The decision about a request to an agent: a verdict, or a need that must be met first.

use std::sync::Arc;

use crate::authn::{Answer, OAuthPolicy};
use crate::authz::Trace;
use crate::model::{DenialKind, Possession, Purpose, Reason, Request};
use crate::routing::{Agent, Authenticator};

use super::{Evidence, Need, Verdict};

/// The outcome of one call of [`decide`].
#[derive(Debug)]
pub enum Step {
    /// The decision is made.
    Decided(Verdict),
    /// The decision needs this: fetch it, then decide again with it. Each need comes at most once.
    Needs(Need),
}

/// Decides whether a request may pass to `agent`, with the evidence that was fetched so far.
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
            Err(refusal) => {
                if let Some(kind) = refusal.denied {
                    note_denial(agent, kind, request);
                }
                Verdict::refused(agent, refusal.reason, refusal.identity.map(Arc::clone))
            }
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
    let (answer, cache) = policy.authenticate(request, &evidence.token, &agent.entry, trace);
    let (verdict, provider) = match answer {
        Answer::Proven { admission, provider, possession } => {
            (Verdict { possession, ..Verdict::admitted(agent, admission) }, Some(provider))
        }
        Answer::Unproven { reason, nonce, provider } => {
            let possession = Possession { nonce, ..Possession::NOT_JUDGED };
            (Verdict { possession, ..Verdict::refused(agent, reason, None) }, Some(provider))
        }
        Answer::Denied { identity, kind, provider } => {
            note_denial(agent, kind, request);
            (Verdict::refused(agent, Reason::Revoked, Some(identity)), Some(provider))
        }
        Answer::Rejected { reason, provider } => (Verdict::refused(agent, reason, None), provider),
        Answer::KeysNeeded(provider) => return ask(agent, Need::Keys(provider), evidence),
        Answer::IntrospectionNeeded(question) => return ask(agent, Need::Introspection(question), evidence),
    };
    Step::Decided(Verdict { provider, cache, ..verdict })
}

/// Counts a request whose credential a denial names.
fn note_denial(agent: &Agent, kind: DenialKind, request: &Request<'_>) {
    match request.purpose {
        Purpose::Serve => agent.metrics.denial_hit(kind),
        Purpose::Explain => {}
    }
}

/// Asks for a need, or refuses the request when the same was asked for before and did not help. So each need comes at most
/// once, and the loop of the caller ends.
pub(super) fn ask(agent: &Arc<Agent>, need: Need, evidence: &Evidence) -> Step {
    if evidence.covers(&need) {
        let reason = match need {
            Need::Introspection(_) => Reason::IntrospectionUnavailable,
            Need::Keys(_) | Need::Body { .. } => Reason::KeysUnavailable,
        };
        Step::Decided(Verdict::refused(agent, reason, None))
    } else {
        Step::Needs(need)
    }
}

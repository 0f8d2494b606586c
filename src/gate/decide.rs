//! From an agent and a request to a verdict, or to what must be fetched first.

use std::sync::Arc;

use crate::authn::{Answer, OAuthPolicy};
use crate::authz::{Entry, Trace};
use crate::model::{Reason, Request};
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
    let entry = Entry { agent: agent.id, rules: &agent.rules, claim_headers: &agent.claim_headers };
    let (answer, cache) = policy.authenticate(request, &evidence.keys, &entry, trace);
    let (verdict, provider) = match answer {
        Answer::Proven { admission, provider } => (Verdict::admitted(agent, admission), Some(provider)),
        Answer::Rejected { reason, provider } => (Verdict::refused(agent, reason, None), provider),
        Answer::KeysNeeded(provider) => return ask(agent, Need::Keys(provider), evidence),
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

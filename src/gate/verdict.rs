//! What was decided about a request, and the one place where a permit is given.

use std::sync::Arc;

use crate::authz::Admission;
use crate::model::{AuthMethod, CacheLabel, Decision, Enforcement, Identity, Reason};
use crate::routing::Agent;

use super::Permit;

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

impl Verdict {
    /// A request that reached no agent.
    pub const NO_AGENT: Self = Self {
        method: AuthMethod::None,
        decision: Decision::Deny,
        reason: Reason::NoRoute,
        provider: None,
        identity: None,
        cache: CacheLabel::Off,
        permit: None,
    };

    /// A request that is answered by the gateway itself, before anybody is asked who calls.
    #[must_use]
    pub fn unasked() -> Self {
        Self { decision: Decision::Allow, reason: Reason::Ok, ..Self::NO_AGENT }
    }

    /// The request may pass, and what the agent's rules made of its token goes with it.
    pub(super) fn allowed(
        agent: &Arc<Agent>,
        identity: Option<Arc<Identity>>,
        admission: Option<Arc<Admission>>,
    ) -> Self {
        Self {
            method: agent.method(),
            decision: Decision::Allow,
            reason: Reason::Ok,
            provider: None,
            identity,
            cache: CacheLabel::Off,
            permit: Some(Permit::new(Arc::clone(agent), admission)),
        }
    }

    /// The request is refused. In shadow it passes all the same, without an identity: no claim header is set.
    pub(super) fn refused(agent: &Arc<Agent>, reason: Reason, identity: Option<Arc<Identity>>) -> Self {
        let (decision, permit) = match agent.enforcement {
            Enforcement::Enforce => (reason.decision(), None),
            Enforcement::Shadow => (Decision::ShadowDeny, Some(Permit::new(Arc::clone(agent), None))),
        };
        let (method, cache) = (agent.method(), CacheLabel::Off);
        Self { method, decision, reason, provider: None, identity, cache, permit }
    }

    /// What the agent's rules made of a token.
    pub(super) fn admitted(agent: &Arc<Agent>, admission: Arc<Admission>) -> Self {
        let identity = Some(Arc::clone(&admission.identity));
        match admission.headers {
            Ok(_) => Self::allowed(agent, identity, Some(admission)),
            Err(reason) => Self::refused(agent, reason, identity),
        }
    }
}

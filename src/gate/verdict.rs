//! The outcome of a decision, and the only place where permits are made.

use std::sync::Arc;

use crate::authz::{Admission, Check, Facts, Trace};
use crate::model::{
    AuthMethod, CacheLabel, CallOutcome, Decision, Enforcement, Identity, Instant, OperationClass,
    Possession, Reason,
};
use crate::routing::Agent;

use super::{Asked, Permit};

/// A decision about a request.
#[derive(Debug)]
pub struct Verdict {
    /// How callers of the agent authenticate.
    pub method: AuthMethod,
    /// The decision.
    pub decision: Decision,
    /// Its reason.
    pub reason: Reason,
    /// The provider that the token named, once the agent is known to accept it: an index into the agent's list.
    pub provider: Option<usize>,
    /// The authenticated caller; also when the rules refuse it, and of an expired or revoked API key.
    pub identity: Option<Arc<Identity>>,
    /// The part of the token cache in the decision.
    pub cache: CacheLabel,
    /// What the request has shown of what its token is bound to, and the nonce for the response.
    pub possession: Possession,
    /// What the request asked for, at an agent with rules by operation, once its message was read.
    pub asked: Option<Box<Asked>>,
    /// The permit, unless the request is refused.
    pub permit: Option<Permit>,
}

impl Verdict {
    /// The verdict on a request that reaches no agent.
    pub const NO_AGENT: Self = Self {
        method: AuthMethod::None,
        decision: Decision::Deny,
        reason: Reason::NoRoute,
        provider: None,
        identity: None,
        cache: CacheLabel::Off,
        possession: Possession::NOT_JUDGED,
        asked: None,
        permit: None,
    };

    /// The verdict on a request that the gateway answers without authentication, such as a CORS preflight.
    #[must_use]
    pub fn unasked() -> Self {
        Self { decision: Decision::Allow, reason: Reason::Ok, ..Self::NO_AGENT }
    }

    /// What the rules by operation said of the message; `None` where they were not asked.
    #[must_use]
    pub fn call_outcome(&self) -> Option<CallOutcome> {
        let asked = self.asked.as_ref().filter(|asked| asked.class != OperationClass::Session)?;
        Some(match (self.decision, self.reason) {
            (Decision::Allow, _) => CallOutcome::Permitted,
            (Decision::ShadowDeny, _) => CallOutcome::ShadowDenied,
            (_, Reason::McpHeaderMismatch | Reason::McpBatch | Reason::McpBody) => CallOutcome::Invalid,
            (_, Reason::TokenMissing) => CallOutcome::Denied,
            _ if asked.step_up.is_some() => CallOutcome::StepUp,
            _ => CallOutcome::Denied,
        })
    }

    /// Whether the refused request is one for a stream, or for the end of a session, of somebody who opened it without a
    /// credential, as everybody may. Clients take a challenge there for the end of the connection, or begin to log in; that
    /// no stream is offered they take for what it says (MCP 2025-11-25, "Listening for Messages from the Server").
    #[must_use]
    pub fn offers_no_stream(&self, agent: &Agent) -> bool {
        let is_anonymous = matches!(self.reason, Reason::TokenMissing | Reason::ApiKeyMissing);
        let is_about_session =
            self.asked.as_ref().is_some_and(|asked| asked.class == OperationClass::Session);
        let rules = agent.entry.operations.as_deref();
        is_anonymous && is_about_session && rules.is_some_and(|rules| rules.opens("initialize"))
    }

    /// Whether only the leeway is left of the caller's credential, or less: enough for an answer, and for no stream.
    #[must_use]
    pub fn is_at_the_end(&self, now: Instant) -> bool {
        let identity = self.identity.as_deref().filter(|_| self.decision == Decision::Allow);
        identity.is_some_and(|identity| identity.expires_at.is_some_and(|at| at <= now))
    }

    /// The verdict on the request of such a caller for a stream that would end with its credential.
    #[must_use]
    pub fn too_late(self, agent: &Arc<Agent>, now: Instant, trace: &mut impl Trace) -> Self {
        let end = self.identity.as_ref().and_then(|identity| identity.expires_at);
        trace.check(Check::Expiry, false, || Facts {
            seen: end.map(|end| format!("exp: {} ({end})", end.unix())),
            wanted: format!("after {now}, without leeway: a stream that begins later would end at once"),
            fix: "fetch a fresh token before the old one ends; `streams.on_expiry: off` lets streams begin and go on",
        });
        self.but_refused(agent, Reason::TokenExpired)
    }

    /// The request may pass, with the claim headers of its admission.
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
            possession: Possession::NOT_JUDGED,
            asked: None,
            permit: Some(Permit::new(Arc::clone(agent), admission)),
        }
    }

    /// The same caller and request, but refused for this reason.
    pub(super) fn but_refused(self, agent: &Arc<Agent>, reason: Reason) -> Self {
        let Self { identity, provider, cache, possession, asked, .. } = self;
        Self { provider, cache, possession, asked, ..Self::refused(agent, reason, identity) }
    }

    /// The request is refused. At an agent in shadow mode it passes all the same, without claim headers.
    pub(super) fn refused(agent: &Arc<Agent>, reason: Reason, identity: Option<Arc<Identity>>) -> Self {
        let (decision, permit) = match agent.enforcement {
            Enforcement::Enforce => (reason.decision(), None),
            Enforcement::Shadow => (Decision::ShadowDeny, Some(Permit::new(Arc::clone(agent), None))),
        };
        let (method, cache) = (agent.method(), CacheLabel::Off);
        let possession = Possession::NOT_JUDGED;
        Self { method, decision, reason, provider: None, identity, cache, possession, asked: None, permit }
    }

    /// The token is valid; its admission says whether the rules allow the request.
    pub(super) fn admitted(agent: &Arc<Agent>, admission: Arc<Admission>) -> Self {
        let identity = Some(Arc::clone(&admission.identity));
        match admission.headers {
            Ok(_) => Self::allowed(agent, identity, Some(admission)),
            Err(reason) => Self::refused(agent, reason, identity),
        }
    }
}

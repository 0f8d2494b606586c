//! The verdict about an operation: what the rules say of it, and what that means for this caller.

use std::sync::Arc;

use crate::authz::{Check, Facts, LoginNeeds, OperationRules, Ruling, Standing, Trace, requested_scopes};
use crate::gate::asked::Asked;
use crate::gate::permit::Permit;
use crate::gate::step_up::StepUp;
use crate::gate::{Evidence, Verdict};
use crate::model::{Decision, Operation, OperationClass, Reason, Request};
use crate::routing::{Agent, Protocol};

use super::caller::{Caller, could_change};
use super::facts::{facts, lines, ruled};
use super::message::{Fault, Message, Push, Unjudged};
use super::{a2a, mcp};

/// An agent whose messages are read.
pub(super) struct Governed<'a> {
    agent: &'a Arc<Agent>,
    /// Its rules by operation; `None`: it has none, and whoever may call it may do everything.
    pub(super) rules: Option<&'a OperationRules>,
}

impl<'a> Governed<'a> {
    /// The agent, if its messages are read.
    pub(super) fn of(agent: &'a Arc<Agent>) -> Option<Self> {
        let rules = agent.entry.operations.as_deref();
        let reads = match agent.protocol {
            Protocol::Http => false,
            Protocol::Mcp(_) => rules.is_some(),
            Protocol::A2a(_) => true,
        };
        reads.then_some(Self { agent, rules })
    }

    /// The message of a request.
    pub(super) fn message<'m>(
        &self,
        request: &Request<'m>,
        evidence: &'m Evidence,
    ) -> Result<Message<'m>, Unjudged<'m>> {
        match (&self.agent.protocol, self.rules) {
            (Protocol::Mcp(agent), Some(rules)) => mcp::message(agent, rules, request, evidence),
            (Protocol::A2a(a2a), _) => a2a::message(self.agent, a2a, request, evidence),
            (Protocol::Http | Protocol::Mcp(_), _) => Err(Unjudged::NoMessage(OperationClass::None)),
        }
    }

    /// The refusal of a message with a fault.
    pub(super) fn refuse(&self, fault: Fault<'_>, verdict: Verdict, trace: &mut impl Trace) -> Verdict {
        let Fault { reason, found, wanted, message } = fault;
        let asked = message.as_ref().map_or(Asked::nothing(OperationClass::None), Message::asked);
        let fix = "send one message for each request, with its own method and name in the head where the revision has them";
        trace.check(Check::Message, false, || Facts { seen: found, wanted, fix });
        Verdict { asked: Some(Box::new(asked)), ..verdict.but_refused(self.agent, reason) }
    }

    /// The verdict about an operation of a caller about whom the agent's own rules have this verdict.
    pub(super) fn judge(
        &self,
        message: &Message<'_>,
        caller: Caller,
        verdict: Verdict,
        trace: &mut impl Trace,
    ) -> Verdict {
        if message.operation.class == OperationClass::Card && self.agent.is_public() {
            // The extended card is for authenticated callers alone, whatever the rules say (A2A 1.0 section 13.3).
            let asked = Some(Box::new(message.asked()));
            return Verdict { asked, ..verdict.but_refused(self.agent, Reason::TokenMissing) };
        }
        let standings = verdict.permit.as_ref().map(Permit::standings).unwrap_or_default();
        let ruling = self.ruling(&message.operation, standings);
        let viewer = caller.viewer(verdict.reason);
        let (outcome, steps_up) = match (ruling, caller) {
            (Ruling::Public, Caller::Anonymous | Caller::Refused) => (Outcome::Opened, false),
            (Ruling::Public | Ruling::Permitted, Caller::Admitted) => (Outcome::Unchanged, false),
            // Some clients log in once for a request: what is asked for at first must do for the operation.
            (_, Caller::Anonymous) => (Outcome::Unchanged, verdict.reason == Reason::TokenMissing),
            (_, Caller::Refused) => (Outcome::Unchanged, could_change(verdict.reason)),
            (Ruling::StepUp, Caller::Admitted) => (Outcome::Denied(Reason::OperationDenied), true),
            (Ruling::LogIn(fault), Caller::Admitted) => (Outcome::Denied(fault.reason()), true),
            (Ruling::Denied, Caller::Admitted) => (Outcome::Denied(Reason::OperationDenied), false),
        };
        let step_up = steps_up.then(|| self.step_up(&message.operation));
        let scopes = step_up.as_ref().and_then(StepUp::scopes);
        let is_permitted = match outcome {
            Outcome::Opened => true,
            Outcome::Unchanged => verdict.decision == Decision::Allow,
            Outcome::Denied(_) => false,
        };
        let applied = || lines(self.agent, self.rules, &message.operation, standings);
        trace.check(Check::Operation, is_permitted, || {
            facts(message.shown(), &applied(), (ruling, caller), scopes)
        });
        trace.ruled(|| ruled(&message.operation, applied(), scopes));
        let verdict = match outcome {
            Outcome::Opened => {
                let Verdict { identity, provider, cache, possession, .. } = verdict;
                Verdict { provider, cache, possession, ..Verdict::allowed(self.agent, identity, None) }
            }
            Outcome::Unchanged => verdict,
            Outcome::Denied(reason) => verdict.but_refused(self.agent, reason),
        };
        let verdict = self.unless_push_denied(message, verdict, trace);
        let step_up = step_up.map(Box::new);
        Verdict { asked: Some(Box::new(Asked { step_up, viewer, ..message.asked() })), ..verdict }
    }

    /// What the rules say.
    fn ruling(&self, operation: &Operation<'_>, standings: &[Standing]) -> Ruling {
        match self.rules.map_or(Ruling::Permitted, |rules| rules.rule(operation, standings)) {
            // No rule opens the extended card to everybody.
            Ruling::Public if operation.class == OperationClass::Card => Ruling::Permitted,
            ruling => ruling,
        }
    }

    /// The verdict, but refused where it would make the agent call a host that it may not call.
    fn unless_push_denied(&self, message: &Message<'_>, verdict: Verdict, trace: &mut impl Trace) -> Verdict {
        if verdict.decision != Decision::Allow || message.push == Push::Allowed {
            return verdict;
        }
        trace.check(Check::Message, false, || Facts {
            seen: Some(message.shown()),
            wanted:
                "a URL for push notifications with https, a host of `a2a.push.allow_hosts` and the usual port"
                    .to_owned(),
            fix: "add the host to `a2a.push.allow_hosts`, if the agent may call it",
        });
        verdict.but_refused(self.agent, Reason::PushDenied)
    }

    /// What the agent and the operation need together.
    fn step_up(&self, operation: &Operation<'_>) -> StepUp {
        let entry = &self.agent.entry;
        let of_rules = self.rules.into_iter().flat_map(|rules| rules.scopes(operation));
        let scopes = requested_scopes(entry.rules.scopes.listed().chain(of_rules)).join(" ").into();
        let of_rules = self.rules.into_iter().flat_map(|rules| rules.logins(operation));
        let of_agent = entry.requirements.iter().map(|required| &required.login);
        StepUp { scopes, login: LoginNeeds::of(of_agent.chain(of_rules)) }
    }
}

/// What becomes of the verdict of the agent's own rules.
enum Outcome {
    /// The caller may, whatever they say.
    Opened,
    /// It holds.
    Unchanged,
    /// The operation is denied for this reason.
    Denied(Reason),
}

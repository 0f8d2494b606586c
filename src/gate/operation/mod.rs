//! The decision about one operation of an agent that has rules by operation.
//!
//! The agent's own rules come first, as for every agent; then the message is read, and its operation must be permitted as
//! well. `protocol` reads messages, `authz` knows the rules.

use std::sync::Arc;

use http::Method;

use crate::authz::{Check, Facts, OperationRules, Ruling, Trace, requested_scopes};
use crate::model::{Decision, Fetched, Operation, OperationClass, Reason, Request, TargetKind};
use crate::protocol::json_rpc::{Id, Spelling, Unreadable, read};
use crate::protocol::mcp::{self, Mirrored, PARAMS, Revision};
use crate::routing::{Agent, McpAgent, Protocol};

use super::asked::Asked;
use super::decide::{Step, ask, decide};
use super::permit::Permit;
use super::{Evidence, Need, Verdict};

/// Decides whether a request may pass to `agent`, with what was fetched so far. For an agent without rules by operation it
/// is what [`decide`] says.
pub fn decide_operation(
    agent: &Arc<Agent>,
    request: &Request<'_>,
    evidence: &Evidence,
    trace: &mut impl Trace,
) -> Step {
    let verdict = match decide(agent, request, evidence, trace) {
        Step::Decided(verdict) => verdict,
        needs @ Step::Needs(_) => return needs,
    };
    by_operation(agent, verdict, request, evidence, trace)
}

/// The same, once the agent's own rules have given this verdict.
fn by_operation(
    agent: &Arc<Agent>,
    verdict: Verdict,
    request: &Request<'_>,
    evidence: &Evidence,
    trace: &mut impl Trace,
) -> Step {
    let (Some(rules), Protocol::Mcp(mcp)) = (agent.entry.operations.as_deref(), &agent.protocol) else {
        return Step::Decided(verdict);
    };
    let Some(caller) = Caller::of(&verdict, rules) else { return Step::Decided(verdict) };
    let governed = Governed { agent, rules, mcp };
    match governed.message(request, evidence) {
        Ok(message) => Step::Decided(governed.judge(&message, caller, verdict, request, trace)),
        Err(Unjudged::NoMessage) => {
            let asked = Asked::nothing(OperationClass::Session);
            Step::Decided(Verdict { asked: Some(Box::new(asked)), ..verdict })
        }
        Err(Unjudged::NotRead) => ask(agent, Need::Body { limit: mcp.max_message }, evidence),
        Err(Unjudged::Faulty(fault)) => Step::Decided(governed.refuse(*fault, verdict, request, trace)),
    }
}

/// The caller, by the agent's own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// They admit it.
    Admitted,
    /// It has no credential: only what is public is open to it.
    Anonymous,
    /// They refuse it for a scope or a claim. What is public is open to it as well, and a response that asks for more scopes
    /// names those of the whole operation.
    Refused,
}

impl Caller {
    /// `None` where the operation cannot change the verdict.
    fn of(verdict: &Verdict, rules: &OperationRules) -> Option<Self> {
        match (verdict.decision, verdict.reason) {
            (Decision::Allow, _) => Some(Self::Admitted),
            (Decision::Error, _) => None,
            // Shadow mode judges as if it refused, so that its counts say what would happen.
            (Decision::Deny | Decision::ShadowDeny, Reason::TokenMissing | Reason::ApiKeyMissing) => {
                rules.has_public().then_some(Self::Anonymous)
            }
            (Decision::Deny | Decision::ShadowDeny, Reason::ScopeMissing) => Some(Self::Refused),
            (Decision::Deny | Decision::ShadowDeny, Reason::ClaimMismatch) => {
                rules.has_public().then_some(Self::Refused)
            }
            (Decision::Deny | Decision::ShadowDeny, _) => None,
        }
    }
}

/// Why there is no operation to judge.
enum Unjudged<'m> {
    /// The request carries no message: the agent's own rules decide.
    NoMessage,
    /// Its message was not read yet.
    NotRead,
    /// Its message cannot be judged.
    Faulty(Box<Fault<'m>>),
}

/// A fault of a message, and what could be read of it nevertheless.
struct Fault<'m> {
    reason: Reason,
    found: Option<String>,
    wanted: String,
    message: Option<Message<'m>>,
}

impl<'m> Fault<'m> {
    fn unread(reason: Reason, wanted: &str) -> Unjudged<'m> {
        let wanted = wanted.to_owned();
        Unjudged::Faulty(Box::new(Self { reason, found: None, wanted, message: None }))
    }

    fn head() -> Unjudged<'m> {
        let wanted =
            "MCP-Protocol-Version, Mcp-Method and Mcp-Name, each at most once and as the revision writes it";
        Self::unread(Reason::McpHeaderMismatch, wanted)
    }
}

impl From<Unreadable> for Unjudged<'_> {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Batch => Fault::unread(Reason::McpBatch, "one message"),
            Unreadable::Malformed => {
                Fault::unread(Reason::McpBody, "one JSON-RPC message that can be read in one way only")
            }
        }
    }
}

/// An operation, and the id of its message.
struct Message<'m> {
    operation: Operation<'m>,
    id: Option<Id<'m>>,
}

impl Message<'_> {
    /// Method and first name, for people.
    fn shown(&self) -> String {
        let Operation { method, targets, .. } = &self.operation;
        targets.first().map_or_else(|| method.to_string(), |target| format!("{method} {}", target.name))
    }
}

/// An agent with rules by operation.
struct Governed<'a> {
    agent: &'a Arc<Agent>,
    rules: &'a OperationRules,
    mcp: &'a McpAgent,
}

impl Governed<'_> {
    /// The message of a request.
    fn message<'m>(
        &self,
        request: &Request<'m>,
        evidence: &'m Evidence,
    ) -> Result<Message<'m>, Unjudged<'m>> {
        if *request.method != Method::POST {
            let has_body = evidence.body.was_asked();
            return Err(if has_body {
                Fault::unread(Reason::McpBody, "no body in a request that carries no message")
            } else {
                Unjudged::NoMessage
            });
        }
        let Ok(revision) = Revision::of(request.headers) else { return Err(Fault::head()) };
        if self.mcp.trust_mirrored_headers {
            let head = (revision == Revision::Mirrored).then(|| Mirrored::of(request.headers));
            let operation = head.and_then(Result::ok).and_then(|head| head.trusted().ok());
            let operation = operation.ok_or_else(Fault::head)?;
            return self.unambiguous(Message { operation, id: None });
        }
        let body = match &evidence.body {
            Fetched::NotAsked => return Err(Unjudged::NotRead),
            Fetched::Unavailable => return Err(Fault::unread(Reason::McpBody, "a message")),
            Fetched::Here(body) => body,
        };
        let message = read(body, PARAMS, Spelling::Case)?;
        let message = Message { operation: mcp::operation(&message)?, id: message.id().cloned() };
        if revision == Revision::Mirrored {
            let Ok(head) = Mirrored::of(request.headers) else { return Err(Fault::head()) };
            if head.compare(&message.operation).is_err() {
                let (reason, found) = (Reason::McpHeaderMismatch, Some(head.shown()));
                let fault = Fault { reason, found, wanted: message.shown(), message: Some(message) };
                return Err(Unjudged::Faulty(Box::new(fault)));
            }
        }
        self.unambiguous(message)
    }

    /// The message, unless two servers could take its names for those of different things.
    fn unambiguous<'m>(&self, message: Message<'m>) -> Result<Message<'m>, Unjudged<'m>> {
        let has_rules = !self.rules.resources.is_empty();
        let is_clear = message.operation.targets.iter().all(|target| {
            let resource = has_rules && target.kind == TargetKind::Resource;
            !(target.name.chars().any(char::is_control) || resource && mcp::is_ambiguous(&target.name))
        });
        if is_clear {
            return Ok(message);
        }
        let wanted = "a URI without dot segments, backslashes and encoded slashes".to_owned();
        let (reason, found) = (Reason::McpBody, Some(message.shown()));
        Err(Unjudged::Faulty(Box::new(Fault { reason, found, wanted, message: Some(message) })))
    }

    /// The refusal of a message with a fault.
    fn refuse(
        &self,
        fault: Fault<'_>,
        verdict: Verdict,
        request: &Request<'_>,
        trace: &mut impl Trace,
    ) -> Verdict {
        let Fault { reason, found, wanted, message } = fault;
        let asked = match &message {
            Some(message) => Asked::of(&message.operation, message.id.as_ref(), request.headers),
            None => Asked::nothing(OperationClass::None),
        };
        let fix = "send one message for each request, with its own method and name in the head where the revision has them";
        trace.check(Check::Message, false, || Facts { seen: found, wanted, fix });
        Verdict { asked: Some(Box::new(asked)), ..refused(self.agent, reason, verdict) }
    }

    /// The verdict about an operation of a caller about whom the agent's own rules have this verdict.
    fn judge(
        &self,
        message: &Message<'_>,
        caller: Caller,
        verdict: Verdict,
        request: &Request<'_>,
        trace: &mut impl Trace,
    ) -> Verdict {
        let standings = verdict.permit.as_ref().map(Permit::standings).unwrap_or_default();
        let ruling = self.rules.rule(&message.operation, standings);
        let lacks_scope = verdict.reason == Reason::ScopeMissing;
        let (verdict, steps_up) = match (ruling, caller) {
            (Ruling::Public, Caller::Anonymous | Caller::Refused) => {
                let Verdict { identity, provider, cache, .. } = verdict;
                (Verdict { provider, cache, ..Verdict::allowed(self.agent, identity, None) }, false)
            }
            (Ruling::Public | Ruling::Permitted, Caller::Admitted) => (verdict, false),
            // A caller without a credential learns nothing of what it could do with one.
            (_, Caller::Anonymous) => (verdict, false),
            (_, Caller::Refused) => (verdict, lacks_scope),
            (Ruling::StepUp, Caller::Admitted) => {
                (refused(self.agent, Reason::OperationDenied, verdict), true)
            }
            (Ruling::Denied, Caller::Admitted) => {
                (refused(self.agent, Reason::OperationDenied, verdict), false)
            }
        };
        let step_up = steps_up.then(|| self.scopes(&message.operation));
        let is_permitted = verdict.decision == Decision::Allow;
        trace.check(Check::Operation, is_permitted, || Facts {
            seen: Some(message.shown()),
            wanted: match &step_up {
                Some(scopes) => format!("the scopes {scopes}"),
                None => "an operation that a rule opens to this caller".to_owned(),
            },
            fix: "ask for a token with these scopes, or change the agent's rule for this operation",
        });
        let asked = Asked::of(&message.operation, message.id.as_ref(), request.headers);
        Verdict { asked: Some(Box::new(Asked { step_up, ..asked })), ..verdict }
    }

    /// The scopes of the agent and of the operation, none twice.
    fn scopes(&self, operation: &Operation<'_>) -> Box<str> {
        let needed = self.agent.entry.rules.scopes.listed().chain(self.rules.scopes(operation));
        requested_scopes(needed).join(" ").into()
    }
}

/// The verdict, but refused for this reason.
fn refused(agent: &Arc<Agent>, reason: Reason, verdict: Verdict) -> Verdict {
    let Verdict { identity, provider, cache, .. } = verdict;
    Verdict { provider, cache, ..Verdict::refused(agent, reason, identity) }
}

#[cfg(test)]
mod tests;

//! The decision about one operation of an agent whose messages are read: an MCP agent with rules by operation, and every
//! A2A agent.
//!
//! The agent's own rules come first, as for every agent; then the message is read, and its operation must be permitted as
//! well. `protocol` reads messages, `authz` knows the rules.

mod a2a;
mod caller;
mod facts;
mod judge;
mod mcp;
mod message;

use std::sync::Arc;

use crate::authz::Trace;
use crate::model::Request;
use crate::routing::Agent;

use super::asked::Asked;
use super::decide::{Step, decide};
use super::{Evidence, Need, Verdict};

use caller::Caller;
use judge::Governed;
use message::Unjudged;

/// Decides whether a request may pass to `agent`, with what was fetched so far. For an agent whose messages are not read
/// it is what [`decide`] says. `own` keeps the verdict of the agent's own rules while a message is fetched: it is about the
/// head alone, so the next call goes on from it.
pub fn decide_operation(
    agent: &Arc<Agent>,
    request: &Request<'_>,
    evidence: &Evidence,
    own: &mut Option<Verdict>,
    trace: &mut impl Trace,
) -> Step {
    let verdict = match own.take() {
        Some(verdict) => verdict,
        None => match decide(agent, request, evidence, trace) {
            Step::Decided(verdict) => verdict,
            needs @ Step::Needs(_) => return needs,
        },
    };
    by_operation(agent, verdict, request, evidence, own, trace)
}

/// The same, once the agent's own rules have given this verdict.
fn by_operation(
    agent: &Arc<Agent>,
    verdict: Verdict,
    request: &Request<'_>,
    evidence: &Evidence,
    own: &mut Option<Verdict>,
    trace: &mut impl Trace,
) -> Step {
    let Some(governed) = Governed::of(agent) else { return Step::Decided(verdict) };
    let Some(caller) = Caller::of(&verdict, governed.rules) else { return Step::Decided(verdict) };
    match governed.message(request, evidence) {
        Ok(message) => Step::Decided(governed.judge(&message, caller, verdict, trace)),
        Err(Unjudged::NoMessage(class)) => {
            Step::Decided(Verdict { asked: Some(Box::new(Asked::nothing(class))), ..verdict })
        }
        Err(Unjudged::NotRead { limit }) => {
            *own = Some(verdict);
            Step::Needs(Need::Body { limit })
        }
        Err(Unjudged::Faulty(fault)) => Step::Decided(governed.refuse(*fault, verdict, trace)),
    }
}

#[cfg(test)]
mod tests;

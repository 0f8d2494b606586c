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
use super::decide::{Step, ask, decide};
use super::{Evidence, Need, Verdict};

use caller::Caller;
use judge::Governed;
use message::Unjudged;

/// A message must be read before an operation can be judged.
#[derive(Debug)]
pub struct MessageNeeded {
    /// The verdict by the agent's own rules, to go on with.
    pub own: Verdict,
    /// The most bytes to read.
    pub limit: usize,
}

/// Decides whether a request may pass to `agent`, with what was fetched so far. For an agent whose messages are not read
/// it is what [`decide`] says.
pub fn decide_operation(
    agent: &Arc<Agent>,
    request: &Request<'_>,
    evidence: &Evidence,
    trace: &mut impl Trace,
) -> Step {
    let own = match decide(agent, request, evidence, trace) {
        Step::Decided(own) => own,
        needs @ Step::Needs(_) => return needs,
    };
    match by_operation(agent, own, request, evidence, trace) {
        Ok(verdict) => Step::Decided(verdict),
        Err(needed) => ask(agent, Need::Body { limit: needed.limit }, evidence),
    }
}

/// The same, once the agent's own rules have given this verdict.
///
/// # Errors
/// When the message is needed, which nobody has tried to read. With it, or without, the verdict of the agent's own rules
/// still holds: it is about the head alone.
pub fn by_operation(
    agent: &Arc<Agent>,
    own: Verdict,
    request: &Request<'_>,
    evidence: &Evidence,
    trace: &mut impl Trace,
) -> Result<Verdict, Box<MessageNeeded>> {
    let Some(governed) = Governed::of(agent) else { return Ok(own) };
    let Some(caller) = Caller::of(&own, governed.rules) else { return Ok(own) };
    match governed.message(request, evidence) {
        Ok(message) => Ok(governed.judge(&message, caller, own, trace)),
        Err(Unjudged::NoMessage(class)) => {
            Ok(Verdict { asked: Some(Box::new(Asked::nothing(class))), ..own })
        }
        Err(Unjudged::NotRead { limit }) => Err(Box::new(MessageNeeded { own, limit })),
        Err(Unjudged::Faulty(fault)) => Ok(governed.refuse(*fault, own, trace)),
    }
}

#[cfg(test)]
mod tests;

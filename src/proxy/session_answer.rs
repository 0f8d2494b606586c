//! `Mcp-Session-Id` on its way from an agent to the client, which knows sealed ids alone.

use pingora::http::{RequestHeader, ResponseHeader};
use pingora::{Error, ErrorType};

use crate::gate::seal_session;
use crate::protocol::mcp::SESSION_ID;
use crate::routing::{Agent, Protocol, SessionPlace};

use super::context::Context;
use super::passage::Passage;
use super::place::Place;

/// Pingora's error for an agent that names a session by something that is no id.
pub(super) const BAD_SESSION_ID: ErrorType = ErrorType::Custom("session_id_invalid");

/// Removes an agent's id from the head of an interim response, where no client looks for one.
pub(super) fn withhold(head: &mut ResponseHeader, agent: &Agent) {
    if let Protocol::Mcp(_) = agent.protocol {
        head.remove_header(SESSION_ID);
    }
}

/// Replaces the agent's id in the head of the response to the request `sent`.
///
/// # Errors
/// [`BAD_SESSION_ID`] where it is none.
pub(super) fn replace(head: &mut ResponseHeader, sent: &RequestHeader, ctx: &Context) -> pingora::Result<()> {
    let passage = ctx.passage()?;
    let agent = passage.agent();
    let Protocol::Mcp(_) = agent.protocol else { return Ok(()) };
    let mut ids = head.headers.get_all(SESSION_ID).iter();
    let Some(id) = ids.next() else { return Ok(()) };
    let bad = || Error::explain(BAD_SESSION_ID, "the agent's session id is none").into_up();
    let sealed = match ids.next() {
        None => {
            let identity = ctx.verdict.identity.as_deref();
            seal_session(agent, identity, &sent.headers, id, place(passage)).map_err(|_| bad())?
        }
        Some(_) => return Err(bad()),
    };
    match sealed {
        Some(sealed) => head.insert_header(SESSION_ID, sealed)?,
        None => {
            head.remove_header(SESSION_ID);
        }
    }
    Ok(())
}

/// Where the session runs that the response names.
fn place(passage: &Passage) -> Option<SessionPlace> {
    let target = passage.place.as_ref().map(Place::index)?;
    Some(SessionPlace { target, address: passage.attempts.last.address })
}

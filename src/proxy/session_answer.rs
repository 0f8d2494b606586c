//! `Mcp-Session-Id` on its way from an agent to the client, which knows sealed ids alone.

use pingora::http::{RequestHeader, ResponseHeader};
use pingora::{Error, ErrorType};

use crate::gate::seal_session;
use crate::protocol::mcp::SESSION_ID;
use crate::routing::{Agent, Protocol};

use super::context::Context;

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
    let agent = ctx.passage()?.agent();
    let Protocol::Mcp(_) = agent.protocol else { return Ok(()) };
    let mut ids = head.headers.get_all(SESSION_ID).iter();
    let Some(id) = ids.next() else { return Ok(()) };
    let bad = || Error::explain(BAD_SESSION_ID, "the agent's session id is none").into_up();
    let sealed = match ids.next() {
        None => seal_session(agent, ctx.verdict.identity.as_deref(), &sent.headers, id).map_err(|_| bad())?,
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

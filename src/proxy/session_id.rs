//! `Mcp-Session-Id` on its way to an agent, which knows its own ids alone, and perhaps to the target where the session runs.
//!
//! `gate` decides whose they are, and `session_answer` has the way back.

use std::sync::Arc;

use http::HeaderMap;
use pingora::proxy::Session;

use crate::authz::{Silent, Witness};
use crate::gate::{SentSession, Verdict, in_session, shadow_session};
use crate::model::{Grounds, Reason, Refusal, reduced_eq};
use crate::protocol::mcp::SESSION_ID;
use crate::routing::{Agent, SessionPlace};

use super::context::Context;
use super::service::Gateway;

impl Gateway {
    /// Judges the session of a request that has this verdict; its grounds become those of a refusal.
    pub(super) fn in_session(
        &self,
        agent: &Arc<Agent>,
        verdict: Verdict,
        headers: &HeaderMap,
        grounds: &mut Option<Arc<Grounds>>,
    ) -> (Verdict, SentSession) {
        if self.parts.decisions.is_none() {
            return in_session(agent, verdict, headers, &mut Silent);
        }
        let mut witness = Witness::default();
        let (verdict, sent) = in_session(agent, verdict, headers, &mut witness);
        if verdict.reason == Reason::SessionForeign {
            *grounds = witness.into_grounds();
        }
        (verdict, sent)
    }
}

/// Writes what the agent receives into the head of the request. Returns where the session runs, at an agent whose sessions
/// belong to their targets.
pub(super) fn send(session: &mut Session, sent: SentSession) -> Result<Option<Box<SessionPlace>>, Refusal> {
    let head = session.req_header_mut();
    // A server that takes `_` for `-` must not read another id than the one that was judged.
    let is_disguised = |name: &str| name != SESSION_ID && reduced_eq(name, SESSION_ID);
    let disguised: Vec<_> = head.headers.keys().filter(|name| is_disguised(name.as_str())).cloned().collect();
    for name in disguised {
        head.remove_header(&name);
    }
    let (id, place) = match sent {
        SentSession::Unchanged => return Ok(None),
        SentSession::Absent => {
            head.remove_header(SESSION_ID);
            return Ok(None);
        }
        SentSession::Opened(id) => (id, None),
        SentSession::Placed(id, place) => (id, Some(place)),
    };
    head.insert_header(SESSION_ID, id).map_err(|_| Refusal::Failed)?;
    Ok(place)
}

/// The same for a request that passes whatever it names.
pub(super) fn send_in_shadow(
    session: &mut Session,
    agent: &Agent,
    ctx: &Context,
) -> Result<Option<Box<SessionPlace>>, Refusal> {
    let headers = &session.req_header().headers;
    let sent = shadow_session(agent, ctx.verdict.identity.as_deref(), headers);
    send(session, sent)
}

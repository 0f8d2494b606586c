//! Requests of pages whose origin may not call an agent that speaks MCP: a page can reach a server on the machine of its
//! reader, or one that a name of its own leads to (DNS rebinding), and clients of MCP are seldom pages.
//!
//! `routing` says which origins may; `gate` makes the verdict.

use std::sync::Arc;
use std::time::Duration;

use http::header;
use pingora::proxy::Session;

use crate::authz::Witness;
use crate::gate::{Permit, deny_origin};
use crate::model::is_loopback;
use crate::routing::{Agent, McpAgent, Protocol};

use super::answer::Own;
use super::context::Context;
use super::service::Gateway;

impl Gateway {
    /// The outcome for a request of a page that may not call the agent: its refusal, counted and noted, or the permit that
    /// an agent in shadow mode gives all the same. `None` for every other request, which is still to be decided.
    pub(super) fn judge_origin(
        &self,
        agent: &Arc<Agent>,
        session: &Session,
        ctx: &mut Context,
    ) -> Option<Result<Permit, Own>> {
        match &agent.protocol {
            Protocol::Http | Protocol::A2a(_) => None,
            Protocol::Mcp(mcp) => self.judge_origin_of_mcp(agent, mcp, session, ctx),
        }
    }

    fn judge_origin_of_mcp(
        &self,
        agent: &Arc<Agent>,
        mcp: &McpAgent,
        session: &Session,
        ctx: &mut Context,
    ) -> Option<Result<Permit, Own>> {
        let head = session.req_header();
        let at_loopback = || self.came_to_loopback(session);
        let mut origins = head.headers.get_all(header::ORIGIN).iter();
        let foreign = origins.find(|origin| !mcp.origins.allow(origin.as_bytes(), at_loopback))?;
        let mut witness = Witness::default();
        let verdict = deny_origin(agent, &mcp.origins, foreign.as_bytes(), &mut witness);
        ctx.grounds = witness.into_grounds().filter(|_| self.parts.decisions.is_some());
        agent.metrics.decided(verdict.provider, verdict.method, verdict.decision, verdict.reason);
        let permit = self.decided(agent, verdict, Duration::ZERO, head, ctx);
        Some(permit.ok_or_else(|| self.refused(agent, head, ctx).into()))
    }

    /// Whether a request came in at a listener on loopback. One at every address is none, whatever way it is reached by.
    fn came_to_loopback(&self, session: &Session) -> bool {
        let local = session.server_addr().and_then(|address| address.as_inet());
        local.is_some_and(|local| is_loopback(local.ip()) && !self.parts.open_ports.contains(&local.port()))
    }
}

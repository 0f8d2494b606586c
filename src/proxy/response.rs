//! The head of an agent's response, as the client receives it.

use http::{HeaderMap, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::Session;

use crate::config::Snapshot;
use crate::model::{DPOP_NONCE, Live};
use crate::routing::Agent;

use super::answer::{REQUEST_ID, header_value};
use super::context::Context;
use super::{cross_origin, hops, limit_fields, location};

/// Whether it is an interim response, after which another head follows (RFC 9110 section 15.2).
pub(super) fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

/// The final head that was written to the client, if any.
pub(super) fn written(session: &Session) -> Option<&ResponseHeader> {
    session.response_written().filter(|head| !is_interim(head.status))
}

/// What few responses have, found in one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rare {
    /// A field of one hop.
    pub(super) is_hop: bool,
    /// A field with a URL.
    is_url: bool,
}

impl Rare {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        headers.keys().fold(Self::default(), |rare, name| Self {
            is_hop: rare.is_hop || hops::is_hop(name),
            is_url: rare.is_url || location::is_url(name),
        })
    }
}

/// Rewrites the head of the response to the request `sent`, which has `rare` fields.
pub(super) fn rewrite(
    head: &mut ResponseHeader,
    rare: Rare,
    sent: &RequestHeader,
    ctx: &Context,
    snapshot: &Live<Snapshot>,
) -> pingora::Result<()> {
    let agent = ctx.passage()?.agent();
    if rare.is_hop {
        hops::strip(head);
    }
    let id = ctx.sent_id.clone().map_or_else(|| header_value(&ctx.request_id), Ok)?;
    head.insert_header(REQUEST_ID, id)?;
    if head.status == StatusCode::SWITCHING_PROTOCOLS
        && let Some(protocol) = agent.answered_protocol(&sent.headers)
    {
        head.insert_header(header::SEC_WEBSOCKET_PROTOCOL, protocol)?;
    }
    if agent.dpop().is_some() {
        nonce(head, ctx)?;
    }
    if rare.is_url {
        location::rewrite(head, sent, agent, ctx, snapshot)?;
    }
    if let Some(cors) = &agent.cors {
        cross_origin::replace(head, cors, sent)?;
    }
    if ctx.counted.is_some() {
        limit_fields::tell(head, ctx)?;
    }
    Ok(())
}

/// Removes the agent's nonce from an interim response.
pub(super) fn withhold_nonce(head: &mut ResponseHeader, agent: &Agent) {
    if agent.dpop().is_some() {
        head.remove_header(&DPOP_NONCE);
    }
}

/// Replaces the agent's nonce, which is none for the gateway, by the gateway's own, where the client needs one.
fn nonce(head: &mut ResponseHeader, ctx: &Context) -> pingora::Result<()> {
    head.remove_header(&DPOP_NONCE);
    match ctx.next_nonce() {
        Some(nonce) => head.insert_header(DPOP_NONCE, nonce),
        None => Ok(()),
    }
}

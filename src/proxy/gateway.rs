//! What the phases of a request work with: who asks, which agent, and the decision counted when it is
//! made.
//!
//! The decision itself is made in `gate`; when each step is taken is in `phases`.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Version, header};
use ipnet::IpNet;
use pingora::proxy::{ProxyHttp as _, Session};

use crate::config::{Limits, Snapshot};
use crate::door::Drain;
use crate::limits::Hall;
use crate::model::{AuthMethod, Clock, Decision, Live, Reason, Refusal, RequestId};
use crate::routing::Agent;
use crate::telemetry::{
    AccessLog, AgentMetrics, Decisions, EndedRequest, InFlight, Metrics, PathText, RequestRecord,
};

use super::context::Context;
use super::noted;
use super::origin::Origin;
use super::view::{BadTarget, View};

/// What a gateway is built from.
#[derive(Clone, Debug)]
pub struct GatewayParts {
    /// The live configuration.
    pub snapshot: Arc<Live<Snapshot>>,
    /// The access log.
    pub access_log: AccessLog,
    /// The proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The path at which health checks are answered.
    pub health_path: Option<Arc<str>>,
    /// What a caller may send, and how slowly.
    pub limits: Limits,
    /// How many requests may be under way.
    pub hall: Hall,
    /// What is in flight.
    pub drain: Drain,
    /// Where decisions are noted for people who look; absent when nobody can.
    pub decisions: Option<Decisions>,
}

/// What the phases of a request work with. One for all listeners; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(super) parts: GatewayParts,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) in_flight: InFlight,
    pub(super) no_agent: AgentMetrics,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// Puts a gateway together.
    #[must_use]
    pub fn new(parts: GatewayParts, clock: Arc<dyn Clock>, metrics: &Metrics) -> Self {
        Self { parts, clock, in_flight: metrics.in_flight(), no_agent: metrics.no_agent() }
    }

    /// Records a request whose head could not be read; it has been answered already.
    #[must_use]
    pub fn head_refused(&self, refusal: Refusal, peer: Option<IpAddr>) -> RequestId {
        let mut ctx = self.new_ctx();
        ctx.origin = Origin::of(peer, &self.parts.trusted_proxies);
        ctx.remote = ctx.origin.peer;
        ctx.request_id = ctx.origin.request_id(&http::HeaderMap::new());
        let (status, took) = (refusal.status(), ctx.began.elapsed());
        self.no_agent.answered(status, took);
        let id = ctx.request_id.clone();
        self.parts.access_log.write(|| EndedRequest {
            record: RequestRecord { status: Some(status), ..ctx.record(None, PathText::default()) },
            version: Version::HTTP_11,
            took,
            upstream_took: None,
            bytes_in: 0,
            bytes_out: 0,
        });
        id
    }

    /// Fills the context from the request head.
    pub(super) fn look<'s>(&self, session: &'s Session, ctx: &mut Context) -> Result<View<'s>, BadTarget> {
        let view = View::of(session.req_header())?;
        ctx.path = (!view.path.is_as_sent()).then(|| view.path.as_str().into());
        ctx.encode_query = view.encode_query;
        Ok(view)
    }

    /// The agent that answers to this target.
    pub(super) fn agent(&self, view: &View<'_>) -> Option<Arc<Agent>> {
        let host = view.host.as_ref().map(crate::model::Host::as_str);
        self.parts.snapshot.with(|snapshot| snapshot.router.find(host, &view.path).cloned())
    }

    pub(super) fn meet(&self, session: &Session, ctx: &mut Context) {
        let peer = session.client_addr().and_then(|a| a.as_inet()).map(std::net::SocketAddr::ip);
        let headers = &session.req_header().headers;
        ctx.origin = Origin::of(peer, &self.parts.trusted_proxies);
        ctx.remote = ctx.origin.remote(headers, &self.parts.trusted_proxies);
        ctx.request_id = ctx.origin.request_id(headers);
        ctx.https = session.digest().is_some_and(|digest| digest.ssl_digest.is_some());
    }

    /// How long the connection may rest after this request: not at all when either side is to close it.
    pub(super) fn limit_rest(&self, session: &mut Session) {
        let close = |value: &HeaderValue| {
            value.to_str().is_ok_and(|v| v.split(',').any(|word| word.trim().eq_ignore_ascii_case("close")))
        };
        let stays = session.get_keepalive().is_some()
            && !self.parts.drain.is_draining()
            && !session.req_header().headers.get_all(header::CONNECTION).iter().any(close);
        session.set_keepalive(stays.then(|| self.parts.limits.idle_timeout.as_secs().max(1)));
        if session.is_http2() {
            // A socket that takes nothing is seen further down; a window that is shut, only here.
            session.set_write_timeout(Some(self.parts.limits.write_timeout));
        }
    }

    /// Counts and notes a request that reaches no agent.
    pub(super) fn note_no_route(&self, session: &Session, ctx: &mut Context, refusal: Refusal) {
        self.no_agent.decided(None, AuthMethod::None, Decision::Deny, Reason::NoRoute);
        if let Some(decisions) = &self.parts.decisions {
            noted::no_route(decisions, session.req_header(), ctx, refusal);
        }
    }
}

//! The gateway as a service of Pingora: what all phases share, the origin of a request, and its record at the end.
//!
//! `gate` decides, and `phases` has the order of the steps.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Version, header};
use ipnet::IpNet;
use pingora::Error;
use pingora::http::RequestHeader;
use pingora::proxy::{ProxyHttp as _, Session};

use crate::config::{ClientCertificateHeader, Limits, Snapshot};
use crate::door::Drain;
use crate::limits::{MessageMemory, Slots};
use crate::model::{AuthMethod, Clock, Decision, Live, Reason, Refusal, RequestId};
use crate::spans::Tracer;
use crate::telemetry::{
    AccessLog, AgentMetrics, Decisions, EndedRequest, InFlight, Metrics, PathText, RequestRecord,
    TargetMetrics,
};
use crate::upstream::Running;

use super::answer::Own;
use super::context::Context;
use super::events::EventEntrance;
use super::origin::Origin;
use super::view::path_of;
use super::{noted, response};

/// The parts of a gateway.
#[derive(Clone, Debug)]
pub struct GatewayParts {
    /// The live configuration.
    pub snapshot: Arc<Live<Snapshot>>,
    /// The access log.
    pub access_log: AccessLog,
    /// The proxies whose forwarding fields are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they give the certificates of their clients; `None` = they give none.
    pub certificate_header: Option<Arc<ClientCertificateHeader>>,
    /// The ports of listeners at every address of the machine.
    pub open_ports: Vec<u16>,
    /// The path of health checks; `None` = none are answered.
    pub health_path: Option<Arc<str>>,
    /// The sizes and timeouts of requests.
    pub limits: Limits,
    /// The slots for requests under way.
    pub slots: Slots,
    /// The memory for messages that are read before the decision.
    pub messages: MessageMemory,
    /// The running streams.
    pub running: Running,
    /// What is in flight, for the drain at the end.
    pub drain: Drain,
    /// The kept decisions; `None` when nobody could read them.
    pub decisions: Option<Decisions>,
    /// What makes spans; `None` when there are none.
    pub tracer: Option<Tracer>,
    /// Where security events come in; `None` where nobody acts on them.
    pub events: Option<EventEntrance>,
}

/// The status in logs of a request whose client disconnected before the response: nginx introduced the number, and log
/// tools know it.
const CLIENT_CLOSED: u16 = 499;

/// The gateway, shared by all listeners; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(super) parts: GatewayParts,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) in_flight: InFlight,
    pub(super) no_agent: AgentMetrics,
    pub(super) targets: TargetMetrics,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// A gateway of these parts.
    #[must_use]
    pub fn new(parts: GatewayParts, clock: Arc<dyn Clock>, metrics: &Metrics) -> Self {
        Self {
            parts,
            clock,
            in_flight: metrics.in_flight(),
            no_agent: metrics.no_agent(),
            targets: metrics.targets(),
        }
    }

    /// Records a request whose head the door has refused and answered.
    #[must_use]
    pub fn head_refused(&self, refusal: Refusal, peer: Option<IpAddr>) -> RequestId {
        let mut ctx = self.new_ctx();
        ctx.origin = Origin::of(peer, &self.parts.trusted_proxies);
        ctx.remote = ctx.origin.peer;
        ctx.request_id = ctx.origin.request_id(&http::HeaderMap::new());
        ctx.trace = self.parts.tracer.as_ref().map(|tracer| tracer.begin(&http::HeaderMap::new(), false));
        let (status, took) = (refusal.status(), ctx.began.elapsed());
        self.no_agent.answered(status, took);
        let id = ctx.request_id.clone();
        let ended = || EndedRequest {
            record: RequestRecord { status: Some(status), ..ctx.record(None, PathText::default()) },
            version: Version::HTTP_11,
            took,
            upstream_took: None,
            upstream_attempts: 0,
            client_certificate: None,
            grpc_status: None,
            bytes_in: 0,
            bytes_out: 0,
            ended_by: None,
        };
        if let Some(tracer) = &self.parts.tracer {
            self.trace_ended(tracer, &ctx, None, (status, took), ended);
        }
        self.parts.access_log.write(ended);
        id
    }

    /// Notes the client of the request, and the request's id.
    pub(super) fn meet(&self, session: &Session, ctx: &mut Context) {
        let peer = session.client_addr().and_then(|a| a.as_inet()).map(std::net::SocketAddr::ip);
        let headers = &session.req_header().headers;
        ctx.origin = Origin::of(peer, &self.parts.trusted_proxies);
        ctx.remote = ctx.origin.remote(headers, &self.parts.trusted_proxies);
        ctx.request_id = ctx.origin.request_id(headers);
        let tls = session.digest().and_then(|digest| digest.ssl_digest.as_ref());
        ctx.https = tls.is_some();
        ctx.certificate = self.certificate_of(tls, &ctx.origin);
        if let Some(tracer) = &self.parts.tracer {
            ctx.trace = Some(tracer.begin(headers, ctx.origin.trusted));
        }
    }

    /// Limits how long the connection may be idle after this request: not at all when either side wants to close it.
    pub(super) fn limit_rest(&self, session: &mut Session) {
        let close = |value: &HeaderValue| {
            value.to_str().is_ok_and(|v| v.split(',').any(|word| word.trim().eq_ignore_ascii_case("close")))
        };
        let stays = session.get_keepalive().is_some()
            && !self.parts.drain.is_draining()
            && !session.req_header().headers.get_all(header::CONNECTION).iter().any(close);
        session.set_keepalive(stays.then(|| self.parts.limits.idle_timeout.as_secs().max(1)));
        if session.is_http2() {
            // The socket has a write timeout of its own; one for a closed flow-control window is only possible here.
            session.set_write_timeout(Some(self.parts.limits.write_timeout));
        }
    }

    /// Counts and notes a request that reaches no agent; returns its response.
    pub(super) fn unrouted(&self, head: &RequestHeader, ctx: &Context, refusal: Refusal) -> Own {
        self.no_agent.decided(None, AuthMethod::None, Decision::Deny, Reason::NoRoute);
        if let Some(decisions) = &self.parts.decisions {
            noted::no_route(decisions, head, ctx, refusal);
        }
        refusal.into()
    }

    /// Counts, notes and logs a request at its end.
    pub(super) fn record(&self, session: &Session, error: Option<&Error>, ctx: &Context) {
        // Without a head the client disconnected first.
        let status = response::written(session).map_or(CLIENT_CLOSED, |head| head.status.as_u16());
        let took = ctx.began.elapsed();
        let metrics = ctx.agent().map_or(&self.no_agent, |agent| &agent.metrics);
        metrics.answered(status, took);
        if let Some(cause) = ctx.upstream_error() {
            metrics.upstream_failed(cause);
            if let Some(decisions) = &self.parts.decisions {
                noted::failure(decisions, session.req_header(), ctx, noted::Failure { status, cause, error });
            }
        }
        let ended_by = self.stream_ended(ctx);
        let request = session.req_header();
        let ended = || {
            let path = PathText::logged(&path_of(request, ctx));
            EndedRequest {
                record: RequestRecord {
                    status: Some(status),
                    upstream_error: ctx.upstream_error(),
                    ..ctx.record(Some(request.method.clone()), path)
                },
                version: request.version,
                took,
                upstream_took: ctx.admitted().and_then(|passage| passage.attempts.took()),
                upstream_attempts: ctx.admitted().map_or(0, |passage| passage.attempts.begun),
                client_certificate: ctx.certificate,
                grpc_status: ctx.grpc_status,
                bytes_in: session.body_bytes_read() as u64,
                bytes_out: session.body_bytes_sent() as u64,
                ended_by,
            }
        };
        if let Some(tracer) = &self.parts.tracer {
            self.trace_ended(tracer, ctx, Some(request), (status, took), ended);
        }
        self.parts.access_log.write(ended);
    }
}

//! The phases of a proxied request, a few lines each: look, find the agent, decide, then pass on or answer.
//!
//! Pingora calls them in order; what they work with is in `gateway`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType};

use crate::door::Over;
use crate::gate::Verdict;
use crate::model::Refusal;
use crate::telemetry::{EndedRequest, PathText, RequestRecord};

use super::answer::{self, Problem, header_value};
use super::context::Context;
use super::gateway::Gateway;
use super::upgrade::is_websocket_handshake;
use super::view::path_of;
use super::{attend, cross_origin, forward, health, hops, location, noted, peer};

#[async_trait]
impl ProxyHttp for Gateway {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::new(self.clock.now(), self.in_flight.enter())
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Context) -> pingora::Result<bool> {
        self.meet(session, ctx);
        self.limit_rest(session);
        let (head, limits) = (session.req_header(), &self.parts.limits);
        if head_bytes(head) > limits.header_bytes || head.headers.len() > limits.header_fields {
            return Problem::from(Refusal::HeadTooLarge).refuse(session, ctx).await;
        }
        if session.req_header().method == Method::TRACE {
            return Problem::from(Refusal::MethodNotAllowed).refuse(session, ctx).await;
        }
        if let Some(path) = &self.parts.health_path
            && health::asks(session.req_header(), path)
        {
            return self.tell_health(session, ctx).await;
        }
        let view = match self.look(session, ctx) {
            Ok(view) => view,
            Err(bad) => {
                self.note_no_route(session, ctx, bad.refusal());
                return Problem::from(bad.refusal()).refuse(session, ctx).await;
            }
        };
        let Some(agent) = self.agent(&view) else {
            self.note_no_route(session, ctx, Refusal::NotFound);
            return Problem::from(Refusal::NotFound).refuse(session, ctx).await;
        };
        ctx.agent = Some(Arc::clone(&agent));
        if let Some(headers) = cross_origin::preflight(&agent, session.req_header()) {
            ctx.verdict = Verdict::unasked();
            return answer::preflight(session, ctx, headers).await;
        }
        if let Some(methods) = &agent.route.methods
            && !methods.allows(&session.req_header().method)
        {
            self.note_no_route(session, ctx, Refusal::MethodNotAllowed);
            return Problem::method(methods.allow().clone()).refuse(session, ctx).await;
        }
        let Some(permit) = self.decide(&agent, view, session, ctx).await else {
            return Problem::decided(ctx.verdict.reason, &agent).refuse(session, ctx).await;
        };
        if let (Some(limit), Some(length)) = (agent.max_body, content_length(session.req_header()))
            && length > limit
        {
            return Problem::from(Refusal::BodyTooLarge).refuse(session, ctx).await;
        }
        let Some(place) = self.parts.hall.take(&agent.places, agent.max_in_flight) else {
            ctx.upstream_error = Some("too_many_in_flight");
            return Problem::from(Refusal::Busy).refuse(session, ctx).await;
        };
        ctx.place = Some(place);
        let request = session.req_header();
        ctx.websocket =
            agent.websocket && is_websocket_handshake(&request.method, request.version, &request.headers);
        self.attend(session, ctx);
        if asks_to_be_invited(session.req_header()) {
            // Only now: a body that would be refused is never asked for (RFC 9110 section 10.1.1).
            session.as_downstream_mut().write_continue_response().await?;
        }
        ctx.permit = Some(permit);
        Ok(false)
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        Self::request_moves(body, end_of_stream, ctx).await;
        ctx.body_seen += body.as_ref().map_or(0, |b| b.len() as u64);
        if body.is_some() && is_too_slow(ctx, self.parts.limits.min_body_rate) {
            *body = None;
            return Err(
                Error::explain(ErrorType::ReadTimedout, "the body is under min_body_rate").into_down()
            );
        }
        match ctx.agent.as_ref().and_then(|agent| agent.max_body) {
            Some(limit) if ctx.body_seen > limit && !ctx.websocket => {
                *body = None;
                Err(Error::explain(ErrorType::HTTPStatus(413), "the body is over max_body").into_down())
            }
            _ => Ok(()),
        }
    }

    async fn upstream_peer(&self, _: &mut Session, ctx: &mut Context) -> pingora::Result<Box<HttpPeer>> {
        let permit = ctx.permit.take().ok_or_else(no_permit)?;
        let chosen = peer::choose(&permit, ctx);
        ctx.permit = Some(permit);
        chosen
    }

    async fn connected_to_upstream(
        &self,
        _: &mut Session,
        _reused: bool,
        _: &HttpPeer,
        _: std::os::unix::io::RawFd,
        _: Option<&Digest>,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        if let Some(tunnel) = &ctx.tunnel {
            tunnel.begin();
        }
        Ok(())
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        Self::request_begins(session, ctx);
        let permit = ctx.permit.as_ref().ok_or_else(no_permit)?;
        forward::rewrite(request, session.req_header(), permit, ctx)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        if response.status.is_informational() && response.status != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(());
        }
        if let (None, Some(began)) = (ctx.upstream_took, ctx.upstream_began) {
            let took = began.elapsed();
            ctx.upstream_took = Some(took);
            if let Some(agent) = &ctx.agent {
                agent.metrics.upstream_took(took);
            }
        }
        Self::answer_begins(session, response, ctx);
        hops::strip(response);
        response.insert_header("X-Request-Id", header_value(&ctx.request_id)?)?;
        if let Some(agent) = &ctx.agent {
            if response.status == http::StatusCode::SWITCHING_PROTOCOLS
                && let Some(protocol) = agent.answered_protocol(&session.req_header().headers)
            {
                response.insert_header(header::SEC_WEBSOCKET_PROTOCOL, protocol)?;
            }
            location::rewrite(response, session.req_header(), agent, ctx, &self.parts.snapshot)?;
            if let Some(cors) = &agent.cors {
                cross_origin::replace(response, cors, session.req_header())?;
            }
        }
        if self.parts.drain.is_draining() {
            session.set_keepalive(None);
        }
        Ok(())
    }

    fn response_body_filter(
        &self,
        session: &mut Session,
        _body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut Context,
    ) -> pingora::Result<Option<Duration>> {
        self.answer_moves(session, end_of_stream, ctx);
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        ctx: &mut Context,
        mut error: Box<Error>,
    ) -> Box<Error> {
        // Nothing was sent yet, so any request may try the next address.
        let another = ctx.permit.as_ref().is_some_and(|permit| peer::has_another_address(permit, ctx));
        ctx.attempt += 1;
        error.set_retry(another);
        error
    }

    fn error_while_proxy(
        &self,
        peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        ctx: &mut Context,
        client_reused: bool,
    ) -> Box<Error> {
        let has_begun = peer::answer_has_begun(&error);
        let mut error = error.more_context(format!("upstream {peer}"));
        // Only what can be repeated without harm, once, and only when a kept connection had gone stale.
        let repeatable = matches!(session.req_header().method, Method::GET | Method::HEAD | Method::OPTIONS)
            && session.is_body_empty()
            && session.response_written().is_none()
            && !has_begun
            && !ctx.retried;
        if repeatable {
            error.retry.decide_reuse(client_reused);
            ctx.retried = error.retry();
        } else {
            error.set_retry(false);
        }
        error
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, ctx: &mut Context) -> FailToProxy {
        let over = ctx.over();
        if let Some(over) = over {
            ctx.upstream_error.get_or_insert(attend::word(over));
        }
        let refusal = match (error.esource(), error.etype()) {
            _ if over == Some(Over::NoHead) => Refusal::GatewayTimeout,
            _ if over == Some(Over::Silent) => {
                Self::end_silent(session).await;
                return FailToProxy { error_code: 0, can_reuse_downstream: false };
            }
            (_, ErrorType::HTTPStatus(413)) => Refusal::BodyTooLarge,
            (ErrorSource::Upstream, _) if peer::lacks_descriptors(error) => {
                ctx.upstream_error = Some("no_descriptors");
                Refusal::Busy
            }
            (ErrorSource::Upstream, etype) => {
                ctx.upstream_error.get_or_insert(peer::error_word(error));
                peer::refusal(etype)
            }
            (
                ErrorSource::Downstream,
                ErrorType::WriteError
                | ErrorType::ReadError
                | ErrorType::ConnectionClosed
                | ErrorType::WriteTimedout,
            ) => return FailToProxy { error_code: 0, can_reuse_downstream: false },
            (ErrorSource::Downstream, ErrorType::ReadTimedout) => Refusal::BodyTimeout,
            (ErrorSource::Downstream, _) => Refusal::NotForwardable,
            _ => Refusal::Failed,
        };
        if answered(session).is_none() {
            session.set_keepalive(None);
            // A caller that has gone cannot be told.
            let _gone = Problem::from(refusal).send(session, ctx).await;
        }
        FailToProxy { error_code: refusal.status(), can_reuse_downstream: false }
    }

    fn suppress_error_log(&self, _: &Session, ctx: &Context, error: &Error) -> bool {
        let over = ctx.over();
        if *error.esource() != ErrorSource::Downstream || over == Some(Over::NoHead) {
            let agent = ctx.agent.as_deref();
            tracing::warn!(
                agent = agent.map_or("_none", |a| a.name.as_str()),
                request_id = %ctx.request_id,
                upstream = agent.and_then(|a| a.upstream.authority.to_str().ok()),
                address = ctx.upstream_address.map(tracing::field::display),
                error = over.map(attend::word).or(ctx.upstream_error).unwrap_or_else(|| peer::error_word(error)),
                detail = peer::error_detail(error),
                "the upstream failed"
            );
        }
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Context,
        _: &Error,
        _: pingora::proxy::ProxyWarnLogContext,
    ) -> bool {
        true
    }

    fn request_summary(&self, _: &Session, ctx: &Context) -> String {
        // Never the target as it was sent: a query may hold anything.
        format!("request {}", ctx.request_id)
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Context) {
        let status = match (answered(session), error) {
            (Some(head), _) => head.status.as_u16(),
            // What others call "client closed request".
            (None, _) => 499,
        };
        let took = ctx.began.elapsed();
        let metrics = ctx.agent.as_ref().map_or(&self.no_agent, |agent| &agent.metrics);
        metrics.answered(status, took);
        if let Some(cause) = ctx.upstream_error {
            metrics.upstream_failed(cause);
            if let Some(decisions) = &self.parts.decisions {
                noted::failure(decisions, session.req_header(), ctx, noted::Failure { status, cause, error });
            }
        }
        self.parts.access_log.write(|| {
            let request = session.req_header();
            let path = PathText::logged(&path_of(request, ctx));
            EndedRequest {
                record: RequestRecord {
                    status: Some(status),
                    upstream_error: ctx.upstream_error.map(Cow::Borrowed),
                    ..ctx.record(Some(request.method.clone()), path)
                },
                version: request.version,
                took,
                upstream_took: ctx.upstream_took,
                bytes_in: session.body_bytes_read() as u64,
                bytes_out: session.body_bytes_sent() as u64,
            }
        });
    }
}

/// How long a request body may come at any speed.
pub(super) const BODY_GRACE: Duration = Duration::from_secs(30);

/// The head of the answer that was written, if one was: an interim one is none.
fn answered(session: &Session) -> Option<&ResponseHeader> {
    let interim = |status: StatusCode| status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS;
    session.response_written().filter(|head| !interim(head.status))
}

/// Whether a request body has come more slowly than it may. One to which the agent has begun to answer is a
/// conversation, and takes the time that it takes.
fn is_too_slow(ctx: &Context, bytes_a_second: u64) -> bool {
    if ctx.websocket || ctx.upstream_took.is_some() || bytes_a_second == 0 {
        return false;
    }
    let took = ctx.began.elapsed();
    took > BODY_GRACE && ctx.body_seen < bytes_a_second.saturating_mul(took.as_secs())
}

fn content_length(request: &RequestHeader) -> Option<u64> {
    request.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn head_bytes(request: &RequestHeader) -> usize {
    // Each field costs its name, its value, a colon, a blank and a line end.
    request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
        + request.raw_path().len()
}

fn no_permit() -> Box<Error> {
    Error::explain(ErrorType::InternalError, "no permit: the request was not decided").into_in()
}

fn asks_to_be_invited(request: &RequestHeader) -> bool {
    let expects = request.headers.get(header::EXPECT);
    request.version == http::Version::HTTP_11
        && expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

//! The responses that the gateway itself gives to a complete request: refusals, preflights and health checks.
//!
//! `model::Refusal` has the texts, and `gate` the challenges; `door` answers a head that is incomplete or malformed.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;
use pingora::{Error, ErrorType};

use crate::events::LANGUAGE;
use crate::gate::{Challenge, RefusedResponse, Verdict, challenge, detail};
use crate::model::{Refusal, RequestId, methods};
use crate::protocol::{Described, every_origin};
use crate::routing::{Agent, CorsHeaders, ErrorForm};

use super::card_answer::CardAnswer;
use super::context::{Context, OwnAnswer};
use super::cross_origin;
use super::events::EventRequest;
use super::grpc;
use super::limit_fields;
use super::view::path_of;

/// How long the unread rest of a refused request's body is read and dropped: long enough for a client that sends without
/// pause to finish and read the response, too short to hold a slot with.
const BODY_DRAIN: Duration = Duration::from_secs(2);
/// The header with the request's id.
pub(super) const REQUEST_ID: &str = "X-Request-Id";

/// A refusal, and the parts of its response that depend on the agent.
#[derive(Debug)]
pub(super) struct Problem {
    refusal: Refusal,
    detail: Cow<'static, str>,
    challenge: Option<Challenge>,
    allow: Option<HeaderValue>,
    /// Whether every page may read it.
    open: bool,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let allow = matches!(refusal, Refusal::MethodNotAllowed);
        Self {
            refusal,
            detail: refusal.detail().into(),
            challenge: None,
            allow: allow.then_some(HeaderValue::from_static(methods::ALLOW)),
            open: false,
        }
    }
}

impl Problem {
    /// The refusal of a method; `allow` lists the others.
    pub(super) fn method(allow: HeaderValue) -> Self {
        Self { allow: Some(allow), ..Refusal::MethodNotAllowed.into() }
    }

    /// The same for a page of any origin.
    pub(super) fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// The refusal of a credential at an agent; `metadata` makes the URL of the agent's metadata.
    pub(super) fn decided(
        verdict: &Verdict,
        agent: &Agent,
        metadata: impl FnOnce() -> Option<String>,
    ) -> Self {
        if verdict.offers_no_stream(agent) {
            return Self::method(HeaderValue::from_static("POST"));
        }
        let reason = verdict.reason;
        let step_up = verdict.asked.as_ref().and_then(|asked| asked.step_up.as_deref());
        Self {
            detail: detail(reason, agent),
            challenge: challenge(reason, agent, step_up, metadata),
            ..Refusal::Decided(reason).into()
        }
    }

    /// The status of the response.
    pub(super) const fn status(&self) -> u16 {
        self.refusal.status()
    }

    /// The body of the response to this request, and its media type.
    fn body(&self, head: &RequestHeader, ctx: &Context) -> (&'static str, Vec<u8>) {
        let agent = ctx.agent().filter(|_| !self.open);
        let form =
            agent.map_or(ErrorForm::Problem, |agent| agent.error_form(&head.method, &path_of(head, ctx)));
        let response = RefusedResponse {
            refusal: self.refusal,
            detail: &self.detail,
            challenge: self.challenge.as_ref(),
            asked: ctx.verdict.asked.as_deref(),
            request_id: &ctx.request_id,
        };
        response.body(form)
    }

    /// Writes the response.
    pub(super) async fn send(self, session: &mut Session, ctx: &Context) -> pingora::Result<()> {
        let cors = match self.open {
            true => vec![every_origin()],
            false => cross_origin::headers(ctx.agent().map(|agent| &**agent), session.req_header()),
        };
        let (media_type, body) = self.body(session.req_header(), ctx);
        let mut head = ResponseHeader::build(self.refusal.status(), Some(8 + cors.len()))?;
        head.insert_header(header::CONTENT_TYPE, media_type)?;
        head.insert_header(header::CONTENT_LENGTH, body.len().to_string())?;
        head.insert_header(header::CACHE_CONTROL, "no-store")?;
        head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
        if let Some(challenge) = self.challenge {
            for line in std::iter::once(challenge.value).chain(challenge.second) {
                head.append_header("WWW-Authenticate", line)?;
            }
        }
        if let Some(nonce) = ctx.next_nonce() {
            head.insert_header("DPoP-Nonce", nonce)?;
        }
        if let Some(seconds) = ctx.counted.as_ref().and_then(|counted| counted.retry_after()) {
            head.insert_header("Retry-After", seconds.to_string())?;
        } else if let Some(seconds) = self.refusal.retry_after() {
            head.insert_header("Retry-After", seconds)?;
        }
        limit_fields::tell(&mut head, ctx)?;
        if let Some(methods) = self.allow {
            head.insert_header(header::ALLOW, methods)?;
        }
        append(&mut head, cors)?;
        if let Some(status) = ctx.grpc_status {
            grpc::dress(&mut head, status, self.refusal.detail())?;
            return write_trailers_alone(session, head).await;
        }
        write(session, head, Bytes::from(body)).await
    }
}

/// A response that the gateway itself gives.
#[derive(Debug)]
pub(super) enum Own {
    Problem(Box<Problem>),
    Preflight(CorsHeaders),
    Metadata(Described),
    Health(Health),
    Card(CardAnswer),
    /// Its body is read first.
    Events(Box<EventRequest>),
}

/// The state that a health check reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Ok,
    Draining,
}

impl From<Problem> for Own {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<Refusal> for Own {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}

impl Own {
    /// Writes the response, and notes it in the context.
    pub(super) async fn give(self, session: &mut Session, ctx: &mut Context) -> pingora::Result<()> {
        match self {
            Self::Problem(problem) => {
                problem.note(session, ctx);
                problem.send(session, ctx).await
            }
            // In a box: hardly any request is one.
            Self::Events(request) => Box::pin(give_events(&request, session, ctx)).await,
            Self::Preflight(headers) => {
                ctx.answer(OwnAnswer::Preflight);
                let mut head = ResponseHeader::build(204, Some(headers.len() + 2))?;
                head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
                append(&mut head, headers)?;
                session.write_response_header(Box::new(head), true).await
            }
            Self::Metadata(described) => {
                ctx.answer(OwnAnswer::Metadata);
                let mut head = ResponseHeader::build(described.status, Some(described.headers.len() + 1))?;
                head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
                append(&mut head, described.headers)?;
                match described.body.is_empty() {
                    true => session.write_response_header(Box::new(head), true).await,
                    false => write(session, head, described.body).await,
                }
            }
            Self::Card(card) => {
                ctx.answer(OwnAnswer::Card);
                let (mut head, body) = card.response(&session.req_header().headers)?;
                head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
                match body {
                    Some(body) => write(session, head, body).await,
                    None => session.write_response_header(Box::new(head), true).await,
                }
            }
            Self::Health(health) => {
                ctx.answer(OwnAnswer::Health);
                let (status, text) = health.said();
                let mut head = ResponseHeader::build(status, Some(5))?;
                head.insert_header(header::CONTENT_TYPE, "text/plain; charset=utf-8")?;
                head.insert_header(header::CONTENT_LENGTH, text.len())?;
                head.insert_header(header::CACHE_CONTROL, "no-store")?;
                head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
                write(session, head, Bytes::from_static(text.as_bytes())).await
            }
        }
    }
}

impl Problem {
    /// Notes in the context that this is the response.
    fn note(&self, session: &mut Session, ctx: &mut Context) {
        ctx.answer(OwnAnswer::Refusal(self.refusal));
        ctx.grpc_status = grpc::status(session.req_header(), self.refusal);
        leave_body(session);
    }
}

/// Answers a request that brings security events.
async fn give_events(
    request: &EventRequest,
    session: &mut Session,
    ctx: &mut Context,
) -> pingora::Result<()> {
    let (status, body) = match request.answer(session).await {
        Ok(answer) => answer,
        Err(refusal) => {
            let problem = Problem::from(refusal);
            problem.note(session, ctx);
            return problem.send(session, ctx).await;
        }
    };
    ctx.answer(OwnAnswer::Events);
    leave_body(session);
    let body = body.unwrap_or_default();
    let mut head = ResponseHeader::build(status, Some(4))?;
    if !body.is_empty() {
        head.insert_header(header::CONTENT_TYPE, "application/json")?;
        head.insert_header(header::CONTENT_LANGUAGE, LANGUAGE)?;
    }
    head.insert_header(header::CONTENT_LENGTH, body.len())?;
    head.insert_header(header::CACHE_CONTROL, "no-store")?;
    head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
    match body.is_empty() {
        true => session.write_response_header(Box::new(head), true).await,
        false => write(session, head, Bytes::from(body)).await,
    }
}

/// What is unread of the request's body is dropped.
fn leave_body(session: &mut Session) {
    session.as_downstream_mut().set_total_drain_timeout(Some(BODY_DRAIN));
    if !session.is_body_empty() && session.req_header().headers.contains_key(header::EXPECT) {
        // The client waits for a 100 that never comes, and may send no body: the connection cannot be reused.
        session.set_keepalive(None);
    }
}

impl Health {
    const fn said(self) -> (u16, &'static str) {
        match self {
            Self::Ok => (200, "ok\n"),
            Self::Draining => (503, "draining\n"),
        }
    }
}

fn append(head: &mut ResponseHeader, headers: Vec<(HeaderName, HeaderValue)>) -> pingora::Result<()> {
    for (name, value) in headers {
        head.append_header(name, value)?;
    }
    Ok(())
}

/// Writes a response; to a HEAD request without its body (RFC 9110 section 9.3.2).
async fn write(session: &mut Session, head: ResponseHeader, body: Bytes) -> pingora::Result<()> {
    let without_body = session.req_header().method == Method::HEAD;
    session.write_response_header(Box::new(head), without_body).await?;
    if !without_body {
        session.write_response_body(Some(body), true).await?;
    }
    Ok(())
}

/// Writes a head that ends its stream. Pingora's own way would end it with an empty frame of data, which is no longer a response
/// of trailers alone ("gRPC over HTTP2", Responses).
async fn write_trailers_alone(session: &mut Session, head: ResponseHeader) -> pingora::Result<()> {
    match session.as_downstream_mut() {
        ServerSession::H2(call) => call.write_response_header(Box::new(head), true),
        // An admitted call: its stream was wrapped for the time that it has (`attend`).
        ServerSession::Custom(call) => call.write_response_header(Box::new(head), true).await,
        ServerSession::H1(_) | ServerSession::Subrequest(_) => write(session, head, Bytes::new()).await,
    }
}

/// A request's id as a header value.
pub(super) fn header_value(id: &RequestId) -> pingora::Result<HeaderValue> {
    let value = id.with_bytes(HeaderValue::from_bytes);
    value.map_err(|_| Error::explain(ErrorType::InternalError, "a request id is no header value").into_in())
}

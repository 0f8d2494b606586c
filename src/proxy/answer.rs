//! Every answer of our own to a whole request: refusals, preflights and health checks. What a refusal says is for
//! `model::Refusal`, the challenge for `gate`.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorType};

use crate::gate::{challenge, detail};
use crate::model::{PROBLEM_MEDIA_TYPE, Reason, Refusal, RequestId, methods};
use crate::routing::{Agent, CorsHeaders};

use super::context::{Context, OwnAnswer};
use super::cross_origin;

/// The longest that the unread rest of a refused request's body is taken in: enough for a client that sends at once to
/// reach the end and read the answer.
const BODY_DRAIN: Duration = Duration::from_secs(2);
/// The name under which a client finds the request's id.
pub(super) const REQUEST_ID: &str = "X-Request-Id";

/// A refusal, and what its answer says besides.
#[derive(Debug)]
pub(super) struct Problem {
    refusal: Refusal,
    detail: Cow<'static, str>,
    challenge: Option<HeaderValue>,
    allow: Option<HeaderValue>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let allow = matches!(refusal, Refusal::MethodNotAllowed);
        Self {
            refusal,
            detail: refusal.detail().into(),
            challenge: None,
            allow: allow.then_some(HeaderValue::from_static(methods::ALLOW)),
        }
    }
}

impl Problem {
    /// A request with a method other than these.
    pub(super) fn method(allow: HeaderValue) -> Self {
        Self { allow: Some(allow), ..Refusal::MethodNotAllowed.into() }
    }

    /// The decision about a credential for an agent.
    pub(super) fn decided(reason: Reason, agent: &Agent) -> Self {
        Self {
            detail: detail(reason, agent),
            challenge: challenge(reason, agent),
            ..Refusal::Decided(reason).into()
        }
    }

    /// Writes the answer.
    pub(super) async fn send(self, session: &mut Session, ctx: &Context) -> pingora::Result<()> {
        let cors = cross_origin::headers(ctx.agent().map(|agent| &**agent), session.req_header());
        let body = self.refusal.document(&self.detail, &ctx.request_id);
        let mut head = ResponseHeader::build(self.refusal.status(), Some(8 + cors.len()))?;
        head.insert_header(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE)?;
        head.insert_header(header::CONTENT_LENGTH, body.len().to_string())?;
        head.insert_header(header::CACHE_CONTROL, "no-store")?;
        head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
        if let Some(challenge) = self.challenge {
            head.insert_header("WWW-Authenticate", challenge)?;
        }
        if let Some(seconds) = self.refusal.retry_after() {
            head.insert_header("Retry-After", seconds)?;
        }
        if let Some(methods) = self.allow {
            head.insert_header(header::ALLOW, methods)?;
        }
        append(&mut head, cors)?;
        write(session, head, Bytes::from(body)).await
    }
}

/// An answer of our own to a request that goes no further.
#[derive(Debug)]
pub(super) enum Own {
    Problem(Problem),
    Preflight(CorsHeaders),
    Health(Health),
}

/// What a health check is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Ok,
    Draining,
}

impl From<Problem> for Own {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Own {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}

impl Own {
    /// Writes the answer, and takes note of it.
    pub(super) async fn give(self, session: &mut Session, ctx: &mut Context) -> pingora::Result<()> {
        match self {
            Self::Problem(problem) => {
                ctx.answer(OwnAnswer::Refusal(problem.refusal));
                session.as_downstream_mut().set_total_drain_timeout(Some(BODY_DRAIN));
                if !session.is_body_empty() && session.req_header().headers.contains_key(header::EXPECT) {
                    // The body was never asked for and may never come.
                    session.set_keepalive(None);
                }
                problem.send(session, ctx).await
            }
            Self::Preflight(headers) => {
                ctx.answer(OwnAnswer::Preflight);
                let mut head = ResponseHeader::build(204, Some(headers.len() + 2))?;
                head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
                append(&mut head, headers)?;
                session.write_response_header(Box::new(head), true).await
            }
            Self::Health(health) => {
                ctx.answer(OwnAnswer::Health);
                let (status, text) = health.said();
                let mut head = ResponseHeader::build(status, Some(4))?;
                head.insert_header(header::CONTENT_TYPE, "text/plain; charset=utf-8")?;
                head.insert_header(header::CONTENT_LENGTH, text.len())?;
                head.insert_header(header::CACHE_CONTROL, "no-store")?;
                head.insert_header(REQUEST_ID, header_value(&ctx.request_id)?)?;
                write(session, head, Bytes::from_static(text.as_bytes())).await
            }
        }
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

/// A HEAD request gets the head alone.
async fn write(session: &mut Session, head: ResponseHeader, body: Bytes) -> pingora::Result<()> {
    let without_body = session.req_header().method == Method::HEAD;
    session.write_response_header(Box::new(head), without_body).await?;
    if !without_body {
        session.write_response_body(Some(body), true).await?;
    }
    Ok(())
}

/// A request's id as the value of a header.
pub(super) fn header_value(id: &RequestId) -> pingora::Result<HeaderValue> {
    let value = id.with_text(HeaderValue::from_str);
    value.map_err(|_| Error::explain(ErrorType::InternalError, "a request id is no header value").into_in())
}

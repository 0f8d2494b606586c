//! A request whose exchange with its agent has failed: the cause that is noted, the response to the client, and whether the
//! request is sent once more. `cause` has the causes themselves.

use http::Method;
use pingora::proxy::{FailToProxy, Session};
use pingora::{Error, ErrorSource, ErrorType};

use crate::door::Over;
use crate::model::{EndedBy, Reason, Refusal, StreamKind};
use crate::telemetry::UpstreamError;

use super::answer::Problem;
use super::attend;
use super::cause;
use super::context::Context;
use super::grpc;
use super::lists::NO_MEMORY;
use super::passage::Passage;
use super::place::{DRAINING, FULL};
use super::response;
use super::upstream_refusal::UNAUTHORIZED;

/// Answers a request whose exchange with its agent has failed.
pub(super) async fn answer(session: &mut Session, error: &Error, ctx: &mut Context) -> FailToProxy {
    let stream = ctx.admitted().and_then(|passage| Some((passage.stream.as_ref()?, passage.ended()?)));
    if let Some((stream, (by, at))) = stream {
        if response::written(session).is_none() {
            return end_unanswered(session, (stream.kind(), by), ctx).await;
        }
        stream.finish(session, by, at).await;
        return FailToProxy { error_code: 0, can_reuse_downstream: false };
    }
    let over = ctx.over();
    if let Ok(passage) = ctx.passage_mut() {
        note(passage, over, error);
    }
    if over == Some(Over::Silent) && response::written(session).is_some() {
        attend::end_silent(session).await;
        return FailToProxy { error_code: 0, can_reuse_downstream: false };
    }
    let Some(refusal) = refusal(over, error) else {
        return FailToProxy { error_code: 0, can_reuse_downstream: false };
    };
    let refusal = if over.is_none() && is_away(error, ctx) { Refusal::BadGateway } else { refusal };
    if response::written(session).is_none() {
        session.set_keepalive(None);
        ctx.grpc_status = grpc::status(session.req_header(), refusal);
        // It fails only when the client has disconnected.
        let _gone = Problem::from(refusal).send(session, ctx).await;
    }
    FailToProxy { error_code: refusal.status(), can_reuse_downstream: false }
}

/// Answers a request that was ended while its body came. A call of gRPC is told why; other clients come again, and are then.
async fn end_unanswered(
    session: &mut Session,
    (kind, by): (StreamKind, EndedBy),
    ctx: &mut Context,
) -> FailToProxy {
    let refusal = match (kind, by) {
        (StreamKind::Grpc, EndedBy::Expiry) => Refusal::Decided(Reason::TokenExpired),
        (StreamKind::Grpc, EndedBy::Revoked | EndedBy::Policy) => Refusal::Decided(Reason::Revoked),
        (StreamKind::Grpc, EndedBy::Drain | EndedBy::Operator)
        | (StreamKind::WebSocket | StreamKind::Sse | StreamKind::Body, _) => Refusal::Busy,
    };
    session.set_keepalive(None);
    ctx.grpc_status = grpc::status(session.req_header(), refusal);
    // It fails only when the client has disconnected.
    let _gone = Problem::from(refusal).send(session, ctx).await;
    FailToProxy { error_code: refusal.status(), can_reuse_downstream: false }
}

/// Notes the cause, where the agent is at fault. Of several causes the first one counts.
fn note(passage: &mut Passage, over: Option<Over>, error: &Error) {
    if let Some(over) = over {
        passage.failure.get_or_insert(cause::of_silence(over));
    } else if *error.esource() == ErrorSource::Upstream && *error.etype() != TOO_LARGE {
        if cause::lacks_descriptors(error) {
            passage.failure = Some(UpstreamError::NoDescriptors);
        } else {
            passage.failure.get_or_insert(cause::of(error));
        }
    }
}

/// The refusal for the client; `None` when it has disconnected.
fn refusal(over: Option<Over>, error: &Error) -> Option<Refusal> {
    Some(match (error.esource(), error.etype()) {
        _ if over.is_some() => Refusal::GatewayTimeout,
        (_, etype) if *etype == NO_MEMORY => Refusal::NoMessageMemory,
        (_, etype) if *etype == TOO_LARGE => Refusal::BodyTooLarge,
        (_, etype) if *etype == FULL || *etype == DRAINING => Refusal::Busy,
        (ErrorSource::Upstream, _) if cause::lacks_descriptors(error) => Refusal::Busy,
        (ErrorSource::Upstream, etype) => of_upstream(etype),
        (
            ErrorSource::Downstream,
            ErrorType::WriteError
            | ErrorType::ReadError
            | ErrorType::ConnectionClosed
            | ErrorType::WriteTimedout,
        ) => return None,
        (ErrorSource::Downstream, ErrorType::ReadTimedout) => Refusal::BodyTimeout,
        (ErrorSource::Downstream, _) => Refusal::NotForwardable,
        (ErrorSource::Internal | ErrorSource::Unset, _) => Refusal::Failed,
    })
}

/// Whether the one target of a session cannot be reached. It is away then, however long it took to find out: clients take a 504
/// for a session that still works.
fn is_away(error: &Error, ctx: &Context) -> bool {
    let is_slow = matches!(error.etype(), ErrorType::ConnectTimedout | ErrorType::TLSHandshakeTimedout);
    is_slow && ctx.admitted().is_some_and(|passage| passage.session_place.is_some())
}

/// Tells operators of a failure that is not the client's.
pub(super) fn warn(ctx: &Context, error: &Error) {
    let over = ctx.over();
    let is_clients = *error.esource() == ErrorSource::Downstream && over != Some(Over::NoHead);
    if is_clients || ctx.ended().is_some() {
        return;
    }
    let (agent, passage) = (ctx.agent(), ctx.admitted());
    let address = passage.and_then(|passage| passage.attempts.last.address);
    tracing::warn!(
        agent = agent.map_or("_none", |agent| agent.name.as_str()),
        request_id = %ctx.request_id,
        upstream = passage.and_then(|passage| passage.authority().to_str().ok()),
        address = address.map(tracing::field::display),
        error = ctx.upstream_error().or(over.map(cause::of_silence)).unwrap_or_else(|| cause::of(error)).as_str(),
        detail = cause::detail(error),
        "the upstream failed"
    );
}

/// Pingora's error for a body that is over `max_body`.
pub(super) const TOO_LARGE: ErrorType = ErrorType::HTTPStatus(413);

/// 504 for an upstream that was too slow; 502 for one that could not be reached, gave an invalid response, or asks the
/// gateway for a credential.
fn of_upstream(error: &ErrorType) -> Refusal {
    match error {
        ErrorType::ReadTimedout
        | ErrorType::WriteTimedout
        | ErrorType::ConnectTimedout
        | ErrorType::TLSHandshakeTimedout => Refusal::GatewayTimeout,
        etype if *etype == UNAUTHORIZED => Refusal::AgentUnauthorized,
        _ => Refusal::BadGateway,
    }
}

/// Decides whether the request is sent once more: only a safe method without a body (RFC 9110 section 9.2.1), at most once,
/// and only when a kept connection was stale.
pub(super) fn send_again(session: &mut Session, error: &mut Error, ctx: &mut Context, is_kept: bool) {
    let repeatable = matches!(session.req_header().method, Method::GET | Method::HEAD | Method::OPTIONS)
        && session.is_body_empty()
        && session.response_written().is_none()
        && !answer_has_begun(error);
    match ctx.passage_mut() {
        Ok(passage) if repeatable && !passage.attempts.resent => {
            error.retry.decide_reuse(is_kept);
            passage.attempts.resent = error.retry();
        }
        _ => error.set_retry(false),
    }
}

/// Whether the connection failed after the upstream had sent part of its response. Pingora says so only in its text.
pub(super) fn answer_has_begun(error: &Error) -> bool {
    let text = error.to_string();
    let mut counts = text.split("bytes already read: ").skip(1);
    counts.any(|count| !count.starts_with('0'))
}

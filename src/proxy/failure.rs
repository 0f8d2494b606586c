//! What a failed attempt to get an answer of an agent means: the word for operators, the refusal for the caller, and
//! whether the request may be sent once more.

use std::io::ErrorKind;

use http::Method;
use pingora::proxy::{FailToProxy, Session};
use pingora::{Error, ErrorSource, ErrorType};
use rustix::io::Errno;

use crate::door::Over;
use crate::model::Refusal;

use super::answer::Problem;
use super::attend;
use super::context::Context;
use super::gateway::Gateway;
use super::passage::Passage;
use super::response;
use super::upstream_fault::UpstreamFault;

impl Gateway {
    /// Answers a request whose way to its agent, or back, has failed.
    pub(super) async fn fail(session: &mut Session, error: &Error, ctx: &mut Context) -> FailToProxy {
        let stream = ctx.admitted().and_then(|passage| Some((passage.stream.as_ref()?, passage.ended()?)));
        if let Some((stream, (by, at))) = stream {
            stream.finish(session, by, at).await;
            return FailToProxy { error_code: 0, can_reuse_downstream: false };
        }
        let over = ctx.over();
        if let Ok(passage) = ctx.passage_mut() {
            note(passage, over, error);
        }
        if over == Some(Over::Silent) {
            Self::end_silent(session).await;
            return FailToProxy { error_code: 0, can_reuse_downstream: false };
        }
        let Some(refusal) = refusal(over, error) else {
            return FailToProxy { error_code: 0, can_reuse_downstream: false };
        };
        if response::written(session).is_none() {
            session.set_keepalive(None);
            // A client that has gone cannot be told.
            let _gone = Problem::from(refusal).send(session, ctx).await;
        }
        FailToProxy { error_code: refusal.status(), can_reuse_downstream: false }
    }
}

/// Notes why the agent gave no answer, where that is what happened. The first cause stands.
fn note(passage: &mut Passage, over: Option<Over>, error: &Error) {
    if let Some(over) = over {
        passage.failure.get_or_insert(attend::word(over));
    } else if *error.esource() == ErrorSource::Upstream && *error.etype() != TOO_LARGE {
        if lacks_descriptors(error) {
            passage.failure = Some("no_descriptors");
        } else {
            passage.failure.get_or_insert(error_word(error));
        }
    }
}

/// What the caller is told; nothing when it has gone.
fn refusal(over: Option<Over>, error: &Error) -> Option<Refusal> {
    Some(match (error.esource(), error.etype()) {
        _ if over == Some(Over::NoHead) => Refusal::GatewayTimeout,
        (_, etype) if *etype == TOO_LARGE => Refusal::BodyTooLarge,
        (ErrorSource::Upstream, _) if lacks_descriptors(error) => Refusal::Busy,
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
        upstream = agent.and_then(|agent| agent.upstream.authority.to_str().ok()),
        address = address.map(tracing::field::display),
        error = over.map(attend::word).or(ctx.upstream_error()).unwrap_or_else(|| error_word(error)),
        detail = error_detail(error),
        "the upstream failed"
    );
}

/// What ends a body that is over `max_body`.
pub(super) const TOO_LARGE: ErrorType = ErrorType::HTTPStatus(413);

/// An upstream that was too slow, or one that could not be reached or made no sense.
const fn of_upstream(error: &ErrorType) -> Refusal {
    match error {
        ErrorType::ReadTimedout
        | ErrorType::WriteTimedout
        | ErrorType::ConnectTimedout
        | ErrorType::TLSHandshakeTimedout => Refusal::GatewayTimeout,
        _ => Refusal::BadGateway,
    }
}

/// Says whether the request is sent once more: only what can be repeated without harm, once, and only when a kept connection
/// had gone stale.
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

/// Whether the upstream had sent a part of its answer when the connection failed. Pingora says so in words only.
fn answer_has_begun(error: &Error) -> bool {
    let text = error.to_string();
    let mut counts = text.split("bytes already read: ").skip(1);
    counts.any(|count| !count.starts_with('0'))
}

/// The word for an upstream failure, in the access log.
pub(super) fn error_word(error: &Error) -> &'static str {
    match io_kind(error) {
        // Only a path can be absent.
        Some(ErrorKind::NotFound) => return "socket_not_found",
        Some(ErrorKind::PermissionDenied) => return "connect_denied",
        _ => {}
    }
    match error.etype() {
        ErrorType::ConnectRefused => "connect_refused",
        ErrorType::ConnectTimedout => "connect_timeout",
        ErrorType::ConnectNoRoute => "no_route_to_host",
        ErrorType::TLSHandshakeFailure => UpstreamFault::of(&error.to_string()).word(),
        ErrorType::TLSHandshakeTimedout => "tls_handshake_timeout",
        ErrorType::InvalidCert => "tls_certificate_invalid",
        ErrorType::ConnectError | ErrorType::ConnectProxyFailure => "connect_failed",
        ErrorType::ReadTimedout => "read_timeout",
        ErrorType::WriteTimedout => "write_timeout",
        ErrorType::ReadError | ErrorType::WriteError => "connection_lost",
        ErrorType::ConnectionClosed => "connection_closed",
        ErrorType::InvalidHTTPHeader | ErrorType::H1Error => "invalid_response",
        ErrorType::H2Error | ErrorType::InvalidH2 | ErrorType::H2Downgrade => "http2_error",
        _ => "failed",
    }
}

/// What an operator can do about a failure of that word.
pub(super) fn fix(word: &str) -> &'static str {
    match word {
        "socket_not_found" => "start the agent, or correct the path of the socket in `upstream`",
        "connect_denied" => "give this process the right to connect to the agent's socket",
        "connect_refused" => "nothing listens there: start the agent, or correct `upstream`",
        "connect_timeout" | "no_route_to_host" | "connect_failed" => {
            "the agent's host cannot be reached: check the network between, and `upstream`"
        }
        "name_not_resolved" => "check the host name in `upstream`, and the name servers of this machine",
        "tls_certificate_expired" => "renew the agent's certificate",
        "tls_certificate_not_yet_valid" => "compare the clocks of agent and gateway",
        "tls_name_mismatch" => "write a name into `upstream` that stands in the agent's certificate",
        "tls_unknown_issuer" => {
            "name the agent's authority in `ca_file` of `upstream`, or send the whole chain"
        }
        "not_tls" => "write `http://` into `upstream`, or the port that speaks TLS",
        "tls_certificate_invalid" | "tls_handshake_failed" | "tls_handshake_timeout" => {
            "check the agent's certificate, and what listens at that port"
        }
        "read_timeout" => "find out why the agent is slow, or raise `response_timeout` of `upstream`",
        "write_timeout" => "the agent does not take the request's body: find out why",
        "connection_lost" | "connection_closed" => {
            "the agent closed the connection before its answer was whole: look into its log"
        }
        "invalid_response" | "http2_error" => "the agent does not speak HTTP as it should: look into its log",
        "too_many_in_flight" => "the agent is slow, or `max_in_flight` of the agent is too low",
        "no_descriptors" => "raise the limit of open files of this process",
        _ => "look into the log of the agent and of this gateway at that moment",
    }
}

fn io_kind(error: &Error) -> Option<ErrorKind> {
    error.root_cause().downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

/// Whether it was this process, or the whole machine, that had no descriptor left for the connection.
fn lacks_descriptors(error: &Error) -> bool {
    let (process, machine) = (Errno::MFILE.raw_os_error(), Errno::NFILE.raw_os_error());
    let cause = error.root_cause().downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
    cause.is_some_and(|number| number == process || number == machine)
}

/// What the system or the TLS library says of a connection that did not come about. Other failures keep their
/// details to themselves: those may quote what the upstream sent.
pub(super) fn error_detail(error: &Error) -> String {
    let mut text = error.etype().as_str().to_owned();
    match error.etype() {
        ErrorType::TLSHandshakeFailure => text = UpstreamFault::of(&error.to_string()).detail(),
        ErrorType::ConnectError
        | ErrorType::ConnectRefused
        | ErrorType::ConnectNoRoute
        | ErrorType::ConnectTimedout
        | ErrorType::TLSHandshakeTimedout
        | ErrorType::InvalidCert => {
            let context = error.context.as_ref().map(|context| context.as_str());
            let cause = error.cause.as_ref().map(ToString::to_string);
            for words in context.into_iter().chain(cause.as_deref()) {
                text = format!("{text}: {words}");
            }
        }
        _ => {}
    }
    text
}

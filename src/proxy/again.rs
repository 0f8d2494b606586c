//! What an exchange says of its target, and whether a request that failed there is sent again to another one, or to another address
//! of the same: at most once, within the budget, and never after a byte that could have had an effect.
//!
//! `failure` decides about the same target.

use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;
use pingora::proxy::Session;
use pingora::{Error, ErrorSource, ErrorType, RetryType};

use crate::door::Over;
use crate::model::{Instant, RetryResult, TargetFault};
use crate::telemetry::UpstreamError;
use crate::upstream::{Ask, Member};

use super::balance;
use super::cause;
use super::context::Context;
use super::failure;
use super::passage::{BodyCount, Passage};
use super::place::Place;
use super::service::Gateway;

/// The part of a request that the upstream may have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing, or it says that it has done nothing with it.
    Nothing,
    /// Perhaps all of it.
    Something,
}

impl Gateway {
    /// No connection to a target was made. Says whether the request goes to another one.
    pub(super) fn unreached(&self, session: &mut Session, ctx: &mut Context, error: &Error) -> bool {
        if cause::lacks_descriptors(error) {
            // That is nobody's fault but ours, and every target would fail so.
            return false;
        }
        let fault = match error.etype() {
            ErrorType::TLSHandshakeFailure | ErrorType::TLSHandshakeTimedout | ErrorType::InvalidCert => {
                TargetFault::Tls
            }
            _ => TargetFault::Connect,
        };
        let what = ctx.admitted().and_then(|passage| passage.failure).unwrap_or_else(|| cause::of(error));
        self.failed_at_target(ctx, fault, what);
        self.goes_to_another(session, ctx, Sent::Nothing)
    }

    /// The exchange with a target broke. Says whether the request goes to another one.
    pub(super) fn broken(&self, session: &mut Session, ctx: &mut Context, error: &Error, sent: Sent) -> bool {
        let over = ctx.over();
        let Some(passage) = ctx.admitted().filter(|passage| passage.place.is_some()) else { return false };
        if passage.attempts.took().is_some() {
            // Its answer has begun, and was judged by its head.
            return false;
        }
        match over {
            Some(over @ Over::NoHead) => {
                self.failed_at_target(ctx, TargetFault::Timeout, cause::of_silence(over));
                return false;
            }
            Some(Over::Silent) => return false,
            None => {}
        }
        if *error.esource() != ErrorSource::Upstream {
            return false;
        }
        if sent == Sent::Something {
            self.failed_at_target(ctx, TargetFault::Reset, cause::of(error));
        }
        !has_said_something(error) && self.goes_to_another(session, ctx, sent)
    }

    /// The head of a response has come from a target.
    pub(super) fn answered(&self, passage: &mut Passage, status: StatusCode) {
        let Some(place) = &mut passage.place else { return };
        place.settle();
        let fault = TargetFault::of_status(status.as_u16());
        let counts = |fault: &TargetFault| {
            place.targets().is_some_and(|targets| targets.spread.eject.on.contains(fault))
        };
        let at = passage.attempts.last.address;
        match (fault.filter(counts), place.member()) {
            (Some(fault), _) => self.failed(place, at, fault, fault.as_str()),
            (None, Some(member)) => member.target.answered(at),
            (None, None) => {}
        }
    }

    fn failed_at_target(&self, ctx: &mut Context, fault: TargetFault, what: UpstreamError) {
        let Some(passage) = ctx.admitted() else { return };
        if let Some(place) = &passage.place {
            self.failed(place, passage.attempts.last.address, fault, what.as_str());
        }
    }

    /// Notes a failure at a target, and says so when it ejects the target, or an address of it.
    fn failed(&self, place: &Place, at: Option<SocketAddr>, fault: TargetFault, what: &'static str) {
        let (Some(targets), Some(member)) = (place.targets(), place.member()) else { return };
        let (now, Member { target, url, .. }) = (self.clock.now(), member);
        target.standing.note(what, now);
        let eject = &targets.spread.eject;
        if !eject.on.contains(&fault) {
            return;
        }
        if let Some((address, lasts)) = at.and_then(|at| Some((at, target.failed_at(at, now, eject)?))) {
            self.targets.ejected(&target.name, fault);
            tracing::warn!(
                target_url = &**url,
                %address,
                why = fault.as_str(),
                seconds = lasts.as_secs_f64(),
                "an address of a target has failed several times in a row and is left out"
            );
        }
        if let Some(lasts) = target.standing.failed(now, eject) {
            self.targets.ejected(&target.name, fault);
            tracing::warn!(
                target_url = &**url,
                why = fault.as_str(),
                seconds = lasts.as_secs_f64(),
                "a target has failed several times in a row and is ejected"
            );
        }
    }

    /// Takes a place at another target, or keeps that at this one for another address of it, if the request may go there.
    fn goes_to_another(&self, session: &mut Session, ctx: &mut Context, sent: Sent) -> bool {
        let Ok(key) = balance::key(session, ctx) else { return false };
        let may = ctx.admitted().is_some_and(|passage| may_be_sent(session, passage, sent));
        let Ok(passage) = ctx.passage_mut() else { return false };
        let Some(tried) = passage.place.as_ref().map(Place::index).filter(|_| may) else { return false };
        let agent = Arc::clone(passage.agent());
        let Some(targets) = &agent.upstream.targets else { return false };
        let now = self.clock.now();
        let other = balance::take(&agent, targets, Ask { now, key, only: None, tried: Some(tried) });
        if other.is_err() && !has_another_address(passage, now) {
            return false;
        }
        if !targets.budget.take(now, &targets.spread.retry) {
            self.targets.retried(RetryResult::Budget);
            return false;
        }
        self.targets.retried(RetryResult::Sent);
        passage.place = other.ok().or_else(|| passage.place.take()).map(Place::for_retry);
        passage.attempts.moves_on();
        passage.body = BodyCount::default();
        passage.failure = None;
        true
    }
}

/// Whether the upstream said that it has done nothing with the request: it refused the stream, or the stream is above the last
/// that its GOAWAY names (RFC 9113 section 8.7). Pingora wants to send those again that it was to read from; of one that was
/// refused while its body was written, only the error of the HTTP/2 library says so.
pub(super) fn what_was_sent(error: &Error) -> Sent {
    let is_undone = match error.etype() {
        ErrorType::H2Error if matches!(error.retry, RetryType::Decided(true)) => true,
        ErrorType::H2Error | ErrorType::WriteError => is_refused(error),
        _ => false,
    };
    if is_undone { Sent::Nothing } else { Sent::Something }
}

/// Whether the peer has refused the stream.
fn is_refused(error: &Error) -> bool {
    let cause = error.root_cause().downcast_ref::<h2::Error>();
    cause.is_some_and(|cause| {
        cause.is_reset() && cause.is_remote() && cause.reason() == Some(h2::Reason::REFUSED_STREAM)
    })
}

/// Whether a byte of a response has come, whatever it says.
fn has_said_something(error: &Error) -> bool {
    let is_unread = matches!(
        error.etype(),
        ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::WriteError | ErrorType::H2Error
    );
    !is_unread || failure::answer_has_begun(error)
}

/// Whether the target of a request has another address than the one that was tried.
fn has_another_address(passage: &Passage, now: Instant) -> bool {
    let (member, at) = (passage.place.as_ref().and_then(Place::member), passage.attempts.last.address);
    member.zip(at).is_some_and(|(member, at)| member.target.has_another(at, now))
}

/// Whether a request may be sent to another target after so much of it was sent to one.
fn may_be_sent(session: &mut Session, passage: &Passage, sent: Sent) -> bool {
    let targets = passage.agent().upstream.targets.as_ref();
    let is_safe = |session: &Session| {
        targets.is_some_and(|targets| targets.spread.retry.methods.contains(&session.req_header().method))
    };
    !passage.attempts.has_moved()
        && passage.session_place.is_none()
        && session.response_written().is_none()
        && (sent == Sent::Nothing || (is_safe(session) && !passage.is_websocket()))
        && is_held(session, passage)
}

/// Whether all of the body that was taken from the client can be sent once more.
fn is_held(session: &mut Session, passage: &Passage) -> bool {
    passage.body.pieces == 0
        || session.is_body_empty()
        || (!passage.body.was_held && !session.as_ref().retry_buffer_truncated())
}

#[cfg(test)]
mod tests {
    use h2::{Reason, client, server};
    use tokio::io::duplex;

    use super::*;

    /// What a client of HTTP/2 is told of a stream that the peer resets for this reason.
    async fn reset(reason: Reason) -> h2::Error {
        let (near, far) = duplex(1 << 16);
        let peer = async {
            let mut connection = server::handshake(far).await.expect("a connection");
            let (_, mut respond) = connection.accept().await.expect("a stream").expect("a request");
            respond.send_reset(reason);
            // Nothing is written unless somebody asks for more.
            connection.accept().await;
        };
        let asks = async {
            let (mut requests, connection) = client::handshake(near).await.expect("a connection");
            let (response, _) = requests.send_request(http::Request::default(), true).expect("a stream");
            tokio::select! {
                answer = response => answer.expect_err("a reset"),
                ended = connection => panic!("the connection ended: {ended:?}"),
            }
        };
        tokio::select! {
            error = asks => error,
            () = peer => panic!("the peer ended"),
        }
    }

    #[tokio::test]
    async fn only_a_stream_that_the_peer_refused_was_not_sent() {
        for (reason, sent) in [
            (Reason::REFUSED_STREAM, Sent::Nothing),
            (Reason::CANCEL, Sent::Something),
            (Reason::NO_ERROR, Sent::Something),
        ] {
            for kind in [ErrorType::WriteError, ErrorType::H2Error] {
                let error = Error::because(kind.clone(), "while writing the body", reset(reason).await);
                assert_eq!(what_was_sent(&error), sent, "{reason:?} {kind:?}");
                let around = Error::because(kind.clone(), "outside", error);
                assert_eq!(what_was_sent(&around), sent, "{reason:?} {kind:?}");
            }
        }
        let text = Error::explain(ErrorType::H2Error, "stream error received: refused stream");
        assert_eq!(what_was_sent(&text), Sent::Something, "words alone say nothing");
    }
}

//! A stream that would begin after the end of its caller's credential: refused, where it would end with it. The leeway of the
//! provider is for clocks that differ and for requests under way, and a stream that lives on it would be cut at once.
//!
//! Where the head of the request asks for a stream, that is part of the decision. Else the head of the response shows it,
//! and the request has had no effect: only what a client may ask for again is refused then.

use std::sync::Arc;

use http::Method;
use pingora::http::RequestHeader;
use pingora::proxy::{FailToProxy, Session};
use pingora::{Error, ErrorType};

use crate::authz::{Silent, Witness};
use crate::gate::{Verdict, asks_for_stream};
use crate::model::{Decision, Extent, Grounds, Instant, Reason, Refusal, StreamKind};
use crate::routing::{Agent, AtExpiry};

use super::context::Context;
use super::service::Gateway;
use super::view::path_of;
use super::{grpc, noted, view};

/// Pingora's error for a stream that begins after the end of its caller's credential.
pub(super) const TOO_LATE: ErrorType = ErrorType::Custom("stream_too_late");

impl Gateway {
    /// The verdict on a request of which only the leeway of its credential is left; its grounds become those of a refusal.
    #[cold]
    pub(super) fn judge_late(
        &self,
        agent: &Arc<Agent>,
        verdict: Verdict,
        request: &RequestHeader,
        grounds: &mut Option<Arc<Grounds>>,
        ctx: &Context,
    ) -> Verdict {
        let asks = || {
            let path = path_of(request, ctx);
            asks_for_stream(view::head(request, &path), agent, verdict.asked.as_deref()).is_some()
        };
        if agent.at_expiry.lets_begin_late() || !asks() {
            return verdict;
        }
        if self.parts.decisions.is_none() {
            return verdict.too_late(agent, ctx.now, &mut Silent);
        }
        let mut witness = Witness::default();
        let verdict = verdict.too_late(agent, ctx.now, &mut witness);
        *grounds = witness.into_grounds();
        verdict
    }

    /// Refuses a request whose response has turned out to be a stream that begins too late. It was counted as allowed when
    /// that was decided, and this is another decision.
    pub(super) async fn refuse_late(&self, session: &mut Session, ctx: &mut Context) -> FailToProxy {
        ctx.verdict.decision = Decision::Deny;
        ctx.verdict.reason = Reason::TokenExpired;
        session.set_keepalive(None);
        let Some(agent) = ctx.agent().cloned() else {
            return FailToProxy { error_code: 0, can_reuse_downstream: false };
        };
        let Verdict { provider, method, decision, reason, .. } = ctx.verdict;
        agent.metrics.decided(provider, method, decision, reason);
        if let Some(decisions) = &self.parts.decisions {
            noted::decision(decisions, session.req_header(), ctx);
        }
        let refusal = Refusal::Decided(reason);
        ctx.grpc_status = grpc::status(session.req_header(), refusal);
        let problem = self.refused(&agent, session.req_header(), ctx);
        // It fails only when the client has disconnected.
        let _gone = problem.send(session, ctx).await;
        FailToProxy { error_code: refusal.status(), can_reuse_downstream: false }
    }
}

/// Refuses a stream that begins at `now`, which is after the end of the caller's credential.
///
/// # Errors
/// [`TOO_LATE`].
pub(super) fn refuse(
    at_expiry: AtExpiry,
    method: &Method,
    (kind, extent): (StreamKind, Extent),
    expires_at: Option<Instant>,
    now: Instant,
) -> pingora::Result<()> {
    // What a call or a message has done by now would be done once more.
    let may_come_again = match kind {
        StreamKind::WebSocket => true,
        StreamKind::Sse => *method == Method::GET || extent == Extent::Open,
        StreamKind::Grpc | StreamKind::Body => false,
    };
    let is_over = expires_at.is_some_and(|at| at <= now);
    if !is_over || !may_come_again || at_expiry.lets_begin_late() {
        return Ok(());
    }
    Err(Error::explain(TOO_LATE, "the stream would begin after the end of the credential").into_down())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OnExpiry;

    #[test]
    fn only_a_stream_that_can_be_asked_for_again_is_refused_at_its_head() {
        use StreamKind::{Body, Grpc, Sse, WebSocket};
        let (at, open, answer) = (Instant::from_unix, Extent::Open, Extent::Answer);
        for (kind, extent, method, now, refused) in [
            (Sse, open, Method::GET, 100, true),
            (Sse, open, Method::GET, 99, false),
            (Sse, open, Method::POST, 100, true),
            (Sse, answer, Method::POST, 100, false),
            (WebSocket, open, Method::GET, 100, true),
            (Grpc, open, Method::POST, 100, false),
            (Body, answer, Method::GET, 100, false),
        ] {
            let is_refused =
                |at_expiry| refuse(at_expiry, &method, (kind, extent), Some(at(100)), at(now)).is_err();
            assert_eq!(is_refused(AtExpiry::default()), refused, "{kind} {method} {now}");
            assert!(!is_refused(AtExpiry { on_expiry: Some(OnExpiry::Off), ..AtExpiry::default() }));
        }
    }
}

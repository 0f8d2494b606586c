//! The phases of a proxied request, in the order in which Pingora calls them, a few lines each. The files around this one
//! do the work.
//!
//! A phase for admitted requests ends any other: Pingora never calls it for one, and nothing is forwarded if it does.

use std::os::unix::io::RawFd;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType};

use crate::protocol::is_websocket_handshake;

use super::context::Context;
use super::failure::{self, TOO_LARGE};
use super::message::expects_continue;
use super::passage::{Kind, Passage};
use super::service::Gateway;
use super::{
    again, balance, forward, grpc, late, list_answer, peer, response, session_answer, upstream_refusal,
};

#[async_trait]
impl ProxyHttp for Gateway {
    // In a box: Pingora copies it with the future of each request, several times over.
    type CTX = Box<Context>;

    fn new_ctx(&self) -> Box<Context> {
        Box::new(Context::new(self.clock.now(), self.in_flight.enter()))
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Box<Context>) -> pingora::Result<bool> {
        self.meet(session, ctx);
        self.limit_rest(session);
        let admitted = match self.admit(session, ctx).await {
            Ok(admitted) => admitted,
            Err(answer) => return answer.give(session, ctx).await.map(|()| true),
        };
        let head = session.req_header();
        let upgrades = admitted.permit.agent().websocket
            && is_websocket_handshake(&head.method, head.version, &head.headers);
        let kind = if upgrades { Kind::WebSocket } else { Kind::Exchange };
        let patience = self.attend(session, kind, admitted.held.is_some());
        ctx.admit(Passage::new(admitted, kind, patience));
        if expects_continue(session.req_header()) {
            // Only after the decision: a body that would be refused is never asked for (RFC 9110 section 10.1.1).
            session.as_downstream_mut().write_continue_response().await?;
        }
        Ok(false)
    }

    async fn request_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut Box<Context>,
    ) -> pingora::Result<()> {
        let began = ctx.began;
        let passage = ctx.passage_mut()?;
        if let Some(held) = passage.held.take() {
            *body = Some(held.first(body.take()));
            passage.body.was_held = true;
        }
        Self::request_moves(body, end_of_stream, passage).await;
        let (etype, why) =
            if body.is_some() && passage.body_is_too_slow(began, self.parts.limits.min_body_rate) {
                (ErrorType::ReadTimedout, "the body is under min_body_rate")
            } else if passage.body_is_too_large() {
                (TOO_LARGE, "the body is over max_body")
            } else {
                return match passage.is_long_upload(began) {
                    true => self.upload_goes_on(session, ctx),
                    false => Ok(()),
                };
            };
        *body = None;
        Err(Error::explain(etype, why).into_down())
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        ctx: &mut Box<Context>,
    ) -> pingora::Result<Box<HttpPeer>> {
        let began = ctx.began;
        let passage = ctx.passage()?;
        // What was read of a body before came at the client's pace, and a wait for a place is the target's.
        let wants_place = passage.wants_place();
        let is_own_time = passage.attempts.asked().is_none() && passage.held.is_none() && !wants_place;
        if wants_place {
            // In a box: few agents have several targets.
            let key = balance::key(session, ctx)?;
            Box::pin(self.place(key, ctx)).await?;
        }
        let now = ctx.now;
        let passage = ctx.passage_mut()?;
        let mut chosen = peer::choose(passage, now);
        if let Some(asked) = passage.attempts.asked().filter(|_| is_own_time && chosen.is_ok()) {
            passage.agent().metrics.added(asked.duration_since(began));
        }
        if let Err(error) = &mut chosen {
            let again = self.unreached(session, ctx, error);
            error.set_retry(again);
        }
        chosen
    }

    async fn connected_to_upstream(
        &self,
        _: &mut Session,
        _reused: bool,
        _: &HttpPeer,
        _: RawFd,
        _: Option<&Digest>,
        ctx: &mut Box<Context>,
    ) -> pingora::Result<()> {
        if let Some(tunnel) = &ctx.passage()?.attempts.last.tunnel {
            tunnel.begin();
        }
        Ok(())
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Box<Context>,
    ) -> pingora::Result<()> {
        let passage = ctx.passage()?;
        Self::request_begins(session, passage);
        let sent_id = forward::rewrite(request, session.req_header(), passage, (ctx, &self.parts.snapshot))?;
        grpc::ask_for_trailers(request)?;
        if passage.lists.is_some() {
            // A list can be found only in a body without a coding.
            request.insert_header(header::ACCEPT_ENCODING, "identity")?;
        }
        ctx.sent_id = Some(sent_id);
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        head: &mut ResponseHeader,
        ctx: &mut Box<Context>,
    ) -> pingora::Result<()> {
        if response::is_interim(head.status) {
            let agent = ctx.passage()?.agent();
            session_answer::withhold(head, agent);
            response::withhold_nonce(head, agent);
            return Ok(());
        }
        let passage = ctx.passage_mut()?;
        if let Some(took) = passage.attempts.answered() {
            passage.agent().metrics.upstream_took(took);
            self.answered(passage, head.status);
        }
        upstream_refusal::replace(head, passage.agent())?;
        session_answer::replace(head, session.req_header(), ctx)?;
        let passage = ctx.passage_mut()?;
        let rare = response::Rare::of(&head.headers);
        let has_body = Self::answer_begins(session, head, rare, passage);
        let holds = match &mut passage.lists {
            Some(lists) => lists.begin(head, session, has_body, &self.parts.messages)?,
            None => false,
        };
        if !holds {
            self.stream_begins(session, head, has_body, ctx)?;
        }
        response::rewrite(head, rare, session.req_header(), ctx, &self.parts.snapshot)?;
        if self.parts.drain.is_draining() {
            session.set_keepalive(None);
        }
        if holds {
            list_answer::hold(session, head, ctx.passage_mut()?)?;
        }
        Ok(())
    }

    fn response_body_filter(
        &self,
        session: &mut Session,
        piece: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut Box<Context>,
    ) -> pingora::Result<Option<Duration>> {
        let passage = ctx.passage_mut()?;
        if passage.lists.is_some() {
            list_answer::moves(passage, piece, end_of_stream)?;
        }
        self.answer_moves(session, piece, end_of_stream, passage);
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        session: &mut Session,
        _: &HttpPeer,
        ctx: &mut Box<Context>,
        mut error: Box<Error>,
    ) -> Box<Error> {
        // Nothing was sent yet, so a request of any method may try the next address, or another target.
        let now = ctx.now;
        let next = ctx.passage_mut().is_ok_and(|passage| peer::takes_next_address(passage, now));
        let again = next || self.unreached(session, ctx, &error);
        error.set_retry(again);
        error
    }

    fn error_while_proxy(
        &self,
        peer: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        ctx: &mut Box<Context>,
        client_reused: bool,
    ) -> Box<Error> {
        let sent = again::what_was_sent(&error);
        failure::send_again(session, &mut error, ctx, client_reused);
        if !error.retry() && self.broken(session, ctx, &error, sent) {
            error.set_retry(true);
        }
        error.more_context(format!("upstream {peer}"))
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Box<Context>,
    ) -> FailToProxy {
        if *error.etype() == late::TOO_LATE {
            return self.refuse_late(session, ctx).await;
        }
        failure::answer(session, error, ctx).await
    }

    fn suppress_error_log(&self, _: &Session, ctx: &Box<Context>, error: &Error) -> bool {
        failure::warn(ctx, error);
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Box<Context>,
        _: &Error,
        _: ProxyWarnLogContext,
    ) -> bool {
        true
    }

    fn request_summary(&self, _: &Session, ctx: &Box<Context>) -> String {
        // Never the target: a query may hold secrets.
        format!("request {}", ctx.request_id)
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Box<Context>) {
        if error.is_none() {
            list_answer::give(session, ctx).await;
        }
        self.record(session, error, ctx);
    }
}

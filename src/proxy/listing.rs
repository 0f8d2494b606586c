//! The listing of responses as running streams of their agent, so that they can be ended, and the count of those that were.
//!
//! `routing` judges whether the right of a stream holds.

use std::sync::Arc;

use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::Session;

use crate::model::{Decision, Digest, EndedBy};
use crate::routing::{Agent, Authenticator, denied, lost, right};
use crate::telemetry::PathText;
use crate::upstream::{BOUNDARY_WAIT, Listed, StreamFacts};

use super::context::Context;
use super::service::Gateway;
use super::stream::{Stream, kind};
use super::view::{path_of, sent_query};

impl Gateway {
    /// The head of the response has arrived: lists the stream that begins with it, unless it is short.
    pub(super) fn stream_begins(
        &self,
        session: &Session,
        head: &ResponseHeader,
        has_body: bool,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        let Some(kind) = kind(head, has_body) else { return Ok(()) };
        let request = session.req_header();
        let passage = ctx.passage()?;
        let Some(patience) = &passage.patience else { return Ok(()) };
        let agent = passage.agent();
        let is_allowed = ctx.verdict.decision == Decision::Allow;
        let caller = ctx.verdict.identity.clone().filter(|_| is_allowed);
        let listed = self.parts.running.begin(StreamFacts {
            agent: agent.name.clone(),
            kind,
            right: right(agent, caller.as_deref(), || signed(agent, request)),
            provider: agent.provider_name(caller.as_ref().and_then(|caller| caller.provider)).cloned(),
            policy: agent.policy,
            on_policy_change: agent.on_policy_change,
            began: ctx.now,
            deadline: caller.as_ref().and_then(|caller| caller.expires_at),
            caller,
            request_id: ctx.request_id.clone(),
            path: PathText::logged(&path_of(request, ctx)).text().into(),
        });
        let order = &listed.stream().order;
        patience.ending().obey(Arc::clone(order));
        if let Some(tunnel) = &passage.attempts.last.tunnel {
            tunnel.obey(Arc::clone(order));
        }
        self.judge(&listed, agent);
        ctx.passage_mut()?.stream = Some(Box::new(Stream::new(listed, kind, &head.headers)));
        Ok(())
    }

    /// Judges a stream that was just listed: a change or a denial between the decision and the response did not find it.
    fn judge(&self, listed: &Listed, agent: &Agent) {
        let cause = self.parts.snapshot.with(|snapshot| match snapshot.agents.get(&agent.name) {
            Some(now) if now.entry.number == agent.entry.number => {
                denied(&listed.stream().facts, now, self.clock.now())
            }
            now => lost(&listed.stream().facts, now.map(Arc::as_ref), self.clock.now()),
        });
        if let Some(by) = cause {
            let ended = listed.end(by);
            tokio::spawn(async move {
                tokio::time::sleep(BOUNDARY_WAIT).await;
                ended.insist();
            });
        }
    }

    /// Counts a stream that the gateway ended; returns the cause.
    pub(super) fn stream_ended(&self, ctx: &Context) -> Option<EndedBy> {
        let passage = ctx.admitted()?;
        let (stream, agent) = (passage.stream.as_ref()?, passage.agent());
        let (by, _) = passage.ended()?;
        // The series of a removed agent were removed with it, and must not come back.
        if self.parts.snapshot.with(|snapshot| snapshot.agents.contains_key(&agent.name)) {
            agent.metrics.stream_ended(stream.kind(), by);
        }
        Some(by)
    }
}

/// The digest of what was signed of the token in a request.
fn signed(agent: &Agent, request: &RequestHeader) -> Option<Digest> {
    match &agent.authenticator {
        Authenticator::OAuth(policy) => policy.signed_digest(&request.headers, sent_query(request)),
        Authenticator::ApiKey(_) | Authenticator::Public => None,
    }
}

//! The listing of responses, and of bodies that go on without one, as running streams of their agent, so that they can be ended, and
//! the count of those that were.
//!
//! `routing` judges whether the right of a stream holds.

use std::sync::Arc;

use http::HeaderMap;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::Session;
use tokio::time::Instant as Tick;

use crate::gate::extent;
use crate::model::{Decision, Digest, EndedBy, Enforcement, Identity, StreamKind};
use crate::routing::{Agent, Authenticator, denied, lost, right, right_ends};
use crate::telemetry::{PathText, StreamUnderWay};
use crate::upstream::{BOUNDARY_WAIT, HeldToken, Listed, NewToken, StreamFacts};

use super::context::Context;
use super::passage::Passage;
use super::service::Gateway;
use super::stream::{Stream, kind};
use super::view::{path_of, sent_query};
use super::{grpc, late, view};

impl Gateway {
    /// The head of the response has arrived: lists the stream that begins with it, unless it is short.
    pub(super) fn stream_begins(
        &self,
        session: &Session,
        head: &ResponseHeader,
        has_body: bool,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        let Some(kind) = kind(head, has_body) else {
            let passage = ctx.passage_mut()?;
            if passage.stream.is_some() {
                passage.stream = None;
            }
            return Ok(());
        };
        self.list(kind, session, &head.headers, ctx)
    }

    /// The body of a request goes on and on, and nothing was answered yet: it is listed as well, or nobody could end it.
    #[cold]
    pub(super) fn upload_goes_on(&self, session: &Session, ctx: &mut Context) -> pingora::Result<()> {
        let kind = if grpc::is_call(session.req_header()) { StreamKind::Grpc } else { StreamKind::Body };
        self.list(kind, session, &HeaderMap::new(), ctx)
    }

    /// Lists a stream of this kind, whose response has these headers.
    fn list(
        &self,
        kind: StreamKind,
        session: &Session,
        headers: &HeaderMap,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        let before = ctx.passage_mut()?.stream.take();
        let passage = ctx.passage()?;
        let Some(patience) = &passage.patience else { return Ok(()) };
        let agent = passage.agent();
        let facts = self.facts(kind, session.req_header(), passage, ctx)?;
        let listed = match before.map(|stream| stream.into_listed()) {
            Some(mut listed) => {
                listed.note(facts);
                listed
            }
            None => self.parts.running.begin(facts),
        };
        let order = &listed.stream().order;
        patience.ending().obey(Arc::clone(order));
        if let Some(tunnel) = &passage.attempts.last.tunnel {
            tunnel.obey(Arc::clone(order));
        }
        self.judge(&listed, agent);
        let counted = self.count(&listed.stream().facts, agent);
        ctx.passage_mut()?.stream = Some(Box::new(Stream::new(listed, counted, headers)));
        Ok(())
    }

    /// What is known of the stream that a request has become.
    ///
    /// # Errors
    /// When it would begin after the end of its caller's credential.
    fn facts(
        &self,
        kind: StreamKind,
        request: &RequestHeader,
        passage: &Passage,
        ctx: &Context,
    ) -> pingora::Result<StreamFacts> {
        let agent = passage.agent();
        let is_allowed = ctx.verdict.decision == Decision::Allow;
        let caller = ctx.verdict.identity.clone().filter(|_| is_allowed);
        let path = path_of(request, ctx);
        let extent = extent(kind, view::head(request, &path), agent, ctx.verdict.asked.as_deref());
        let expires_at = caller.as_ref().and_then(|caller| caller.expires_at);
        if agent.enforcement == Enforcement::Enforce {
            late::refuse(agent.at_expiry, &request.method, (kind, extent), expires_at, self.clock.now())?;
        }
        let ends = caller.as_deref().and_then(|caller| {
            let right_ends = right_ends(agent, caller, passage.permit.login_ends())?;
            agent.at_expiry.ends((kind, extent), right_ends, rand::random())
        });
        let held = match kind {
            // One answer, which finishes.
            StreamKind::Body => None,
            StreamKind::WebSocket | StreamKind::Sse | StreamKind::Grpc => {
                caller.as_deref().and_then(|caller| self.held(agent, caller, request))
            }
        };
        Ok(StreamFacts {
            agent: agent.name.clone(),
            kind,
            right: right(agent, caller.as_deref(), || signed(agent, request)),
            provider: agent.provider_name(caller.as_ref().and_then(|caller| caller.provider)).cloned(),
            held,
            extent,
            policy: agent.policy,
            on_policy_change: agent.on_policy_change,
            began: ctx.now,
            expires_at,
            ends,
            close_code: agent.at_expiry.close_code,
            caller,
            request_id: ctx.request_id.clone(),
            path: PathText::logged(&path).text().into(),
        })
    }

    /// The token of a stream that begins, where its provider is asked about that again.
    fn held(&self, agent: &Agent, caller: &Identity, request: &RequestHeader) -> Option<Arc<HeldToken>> {
        let Authenticator::OAuth(policy) = &agent.authenticator else { return None };
        let sent = (&request.headers, sent_query(request));
        let token = policy.stream_token(caller.provider?, sent, self.clock.now())?;
        let new = NewToken {
            issuer: token.issuer,
            text: &token.text,
            digest: token.digest,
            expires_at: caller.expires_at,
            due: Tick::now().into_std() + token.again_in,
        };
        Some(self.parts.running.held().hold(&agent.name, &new))
    }

    /// Counts a stream as long as it is under way.
    fn count(&self, facts: &StreamFacts, agent: &Agent) -> Option<StreamUnderWay> {
        // The series of a removed agent were removed with it, and must not come back.
        self.is_there(agent).then(|| {
            let is_timed = facts.kind != StreamKind::Body;
            let left = facts.expires_at.filter(|_| is_timed).map(|at| at.since(self.clock.now()));
            agent.metrics.stream_began(facts.kind, left)
        })
    }

    fn is_there(&self, agent: &Agent) -> bool {
        self.parts.snapshot.with(|snapshot| snapshot.agents.contains_key(&agent.name))
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
        if self.is_there(agent) {
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

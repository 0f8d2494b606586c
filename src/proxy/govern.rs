//! Drives the decision about a request to an agent whose messages are read, when the decision needs one: it is held for
//! the agent.

use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use bytes::Bytes;
use http::Method;
use pingora::proxy::Session;

use crate::authz::{Silent, Witness};
use crate::gate::{Evidence, Need, Permit, Step, Verdict, decide_operation};
use crate::model::{Fetched, OperationClass, Refusal};
use crate::protocol::mcp::{Mirrored, Revision};
use crate::routing::{Agent, Protocol, SessionPlace};

use super::answer::Own;
use super::context::Context;
use super::decide::{Fetcher, obtain};
use super::held::{Held, Unsendable};
use super::message::{self, Arrived, MessageLimits, Unread};
use super::mismatch;
use super::service::Gateway;
use super::session_id;

/// What the decisions about one request share.
#[derive(Default)]
struct Progress {
    evidence: Evidence,
    /// Why the message was not read whole.
    unread: Option<Unread>,
    /// The verdict by the agent's own rules, while the message is read.
    own: Option<Verdict>,
    witness: Witness,
    took: Duration,
}

impl Progress {
    /// What is known before anything is asked.
    fn begin(agent: &Agent, session: &mut Session) -> Self {
        let mut progress = Self::default();
        match (session.req_header().method == Method::POST, session.is_body_empty()) {
            // Only a POST has a message: the body of another request is none that could be read.
            (false, false) => progress.evidence.body = Fetched::Unavailable,
            // Operations of A2A's binding HTTP+JSON need no body, and then no media type.
            (true, true) if agent.protocol.a2a().is_some() => {
                progress.evidence.body = Fetched::Here(Bytes::new());
            }
            (true | false, _) => {}
        }
        progress
    }
}

/// A request whose message was judged.
pub(super) struct Governed {
    pub(super) permit: Permit,
    /// What was read of its body.
    pub(super) held: Option<Held>,
    /// Where its session runs, at an agent whose sessions belong to their targets.
    pub(super) session_place: Option<Box<SessionPlace>>,
}

impl Gateway {
    /// Decides about a request to `agent`, counts the decision and notes it. The context gets the verdict, and what was
    /// read of the body.
    pub(super) async fn govern(
        &self,
        agent: &Arc<Agent>,
        session: &mut Session,
        ctx: &mut Context,
    ) -> Result<Governed, Own> {
        let mut progress = Progress::begin(agent, session);
        let mut read = None;
        let verdict = loop {
            match self.ask(agent, session, ctx, &mut progress)? {
                Step::Decided(verdict) => break verdict,
                Step::Needs(Need::Body { limit }) => {
                    let (arrived, whole) = self.message(agent, limit, session).await;
                    let bytes = arrived.into_bytes();
                    progress.evidence.body = match whole {
                        Ok(()) => Fetched::Here(bytes.clone()),
                        Err(unread) => {
                            progress.unread = Some(unread);
                            Fetched::Unavailable
                        }
                    };
                    read = Some(bytes);
                    ctx.now = self.clock.now();
                }
                Step::Needs(need) => {
                    let mut fetcher = Fetcher { clock: &*self.clock };
                    ctx.now = obtain(&mut fetcher, &need, ctx.now, &mut progress.evidence).await;
                }
            }
        };
        let Progress { unread, witness, took, .. } = progress;
        let mut grounds = witness.into_grounds();
        let headers = &session.req_header().headers;
        let (mut verdict, sent) = self.in_session(agent, verdict, headers, &mut grounds);
        if verdict.is_at_the_end(ctx.now) {
            verdict = self.judge_late(agent, verdict, session.req_header(), &mut grounds, ctx);
        }
        if agent.limits.is_some() {
            verdict = self.limit(agent, verdict, &mut grounds, ctx).await;
        }
        ctx.grounds = grounds;
        count(agent, &verdict);
        mismatch::tell(&verdict, agent, session.req_header(), &ctx.request_id);
        let Some(permit) = self.decided(agent, verdict, took, session.req_header(), ctx) else {
            let refused = || self.refused(agent, session.req_header(), ctx).into();
            return Err(unread.map_or_else(refused, |unread| unread.refusal().into()));
        };
        let mut session_place = None;
        if let Protocol::Mcp(_) = agent.protocol {
            forget_claims(session);
            session_place = session_id::send(session, sent)?;
        }
        let held = read.map_or(Ok(None), |read| Held::of(session, read));
        let held = held.map_err(|Unsendable| Own::from(Refusal::Failed))?;
        Ok(Governed { permit, held, session_place })
    }

    /// Asks for the decision once.
    fn ask(
        &self,
        agent: &Arc<Agent>,
        session: &Session,
        ctx: &mut Context,
        progress: &mut Progress,
    ) -> Result<Step, Own> {
        let request = self.read(session.req_header(), ctx)?;
        let began = Tick::now();
        let Progress { evidence, own, witness, .. } = progress;
        let step = if self.parts.decisions.is_some() {
            if own.is_none() {
                // Of rules that are asked anew, nothing of before counts.
                *witness = Witness::default();
            }
            decide_operation(agent, &request, evidence, own, witness)
        } else {
            decide_operation(agent, &request, evidence, own, &mut Silent)
        };
        progress.took += began.elapsed();
        Ok(step)
    }

    /// Reads the message of a request to `agent`, of at most `limit` bytes.
    async fn message(
        &self,
        agent: &Agent,
        limit: usize,
        session: &mut Session,
    ) -> (Arrived, Result<(), Unread>) {
        let mut arrived = Arrived::nothing(&self.parts.messages);
        let most = agent.max_body.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let media_types = agent.protocol.media_types();
        let time = self.parts.limits.body_timeout;
        let limits = MessageLimits { bytes: limit.min(most), time, media_types };
        let whole = message::read(session, limits, &mut arrived).await;
        (arrived, whole)
    }
}

/// Counts the decision, and what the rules by operation said.
fn count(agent: &Agent, verdict: &Verdict) {
    let class = verdict.asked.as_ref().map_or(OperationClass::None, |asked| asked.class);
    let outcome = (verdict.decision, verdict.reason);
    agent.metrics.decided_operation(verdict.provider, verdict.method, outcome, class);
    if let (Protocol::Mcp(_), Some(outcome)) = (&agent.protocol, verdict.call_outcome()) {
        agent.metrics.called(class, outcome);
    }
}

/// Removes the claims of a revision in which nobody compares them with the message.
fn forget_claims(session: &mut Session) {
    let head = session.req_header_mut();
    if Revision::of(&head.headers) == Ok(Revision::Older) {
        for name in Mirrored::HEADERS {
            head.remove_header(name);
        }
    }
}

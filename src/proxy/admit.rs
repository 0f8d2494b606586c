//! The admission of a request: its head is within the limits, a route matches, the decision allows it, a slot is free. The
//! gateway itself answers a request that is not admitted.

use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderValue, Method};
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use crate::gate::SentSession;
use crate::model::{Purpose, Refusal, Request};
use crate::protocol::METADATA_METHODS;
use crate::routing::{Agent, EVENTS_PATH, Match};

use super::answer::{Own, Problem};
use super::context::Context;
use super::events::{self, EventRequest};
use super::govern::Governed;
use super::grpc;
use super::health;
use super::limits;
use super::lists::Lists;
use super::message::content_length;
use super::metadata::{self, Answer};
use super::passage::Admitted;
use super::public::Public;
use super::service::Gateway;
use super::session_id;
use super::view::{View, path_of};

/// The agent of a request that needs a decision.
enum Routed {
    /// One whose messages are not read.
    Plain(Arc<Agent>),
    /// The same, and its sessions have owners.
    InSession(Arc<Agent>),
    /// One whose messages are read.
    Governed(Arc<Agent>),
}

impl Gateway {
    /// What an admitted request has, or the response that it gets instead.
    pub(super) async fn admit(&self, session: &mut Session, ctx: &mut Context) -> Result<Admitted, Own> {
        let head = session.req_header();
        self.screen(head)?;
        self.note_certificate(head, ctx)?;
        let request = self.read(head, ctx)?;
        let routed = self.route(&request, head, ctx)?;
        let (Routed::Plain(agent) | Routed::InSession(agent) | Routed::Governed(agent)) = &routed;
        if let Some(limits) = agent.limits.as_deref() {
            self.limit_before(agent, limits, session, ctx)?;
        }
        let judged = self.judge_origin(agent, session, ctx);
        let (agent, permit, held, lists, session_place) = match (judged, routed) {
            (Some(judged), Routed::Plain(agent) | Routed::InSession(agent) | Routed::Governed(agent)) => {
                let permit = judged?;
                let session_place = session_id::send_in_shadow(session, &agent, ctx)?;
                (agent, permit, None, None, session_place)
            }
            (None, Routed::Plain(agent)) => {
                let permit = self.decide(&agent, request, head, ctx, |verdict, _| verdict).await;
                let permit = permit.ok_or_else(|| self.refused(&agent, head, ctx))?;
                (agent, permit, None, None, None)
            }
            (None, Routed::InSession(agent)) => {
                let mut sent = SentSession::Unchanged;
                let last = |verdict, grounds: &mut _| {
                    let judged = self.in_session(&agent, verdict, &head.headers, grounds);
                    sent = judged.1;
                    judged.0
                };
                let permit = self.decide(&agent, request, head, ctx, last).await;
                let permit = permit.ok_or_else(|| self.refused(&agent, head, ctx))?;
                let session_place = session_id::send(session, sent)?;
                (agent, permit, None, None, session_place)
            }
            (None, Routed::Governed(agent)) => {
                let Governed { permit, held, session_place } = self.govern(&agent, session, ctx).await?;
                let lists = Lists::of(&agent, ctx.verdict.asked.as_deref());
                (agent, permit, held, lists, session_place)
            }
        };
        let head = session.req_header();
        if agent.max_body.is_some_and(|limit| content_length(head).is_some_and(|length| length > limit)) {
            return Err(Refusal::BodyTooLarge.into());
        }
        if grpc::is_stuck(head, &agent) {
            limits::give_back(&agent, ctx);
            return Err(Refusal::BadGateway.into());
        }
        let Some(slot) = self.parts.slots.take(&agent.slots, agent.max_in_flight) else {
            limits::give_back(&agent, ctx);
            return Err(Refusal::Busy.into());
        };
        Ok(Admitted { permit, slot, held, lists, session_place })
    }

    /// Answers requests that need no route: heads over the limits, TRACE, health checks.
    fn screen(&self, head: &RequestHeader) -> Result<(), Own> {
        let limits = &self.parts.limits;
        if head_bytes(head) > limits.header_bytes || head.headers.len() > limits.header_fields {
            return Err(Refusal::HeadTooLarge.into());
        }
        if head.method == Method::TRACE {
            return Err(Refusal::MethodNotAllowed.into());
        }
        match &self.parts.health_path {
            Some(path) if health::asks(head, path) => Err(self.health(&head.method)),
            _ => Ok(()),
        }
    }

    /// The request, as a decision sees it.
    pub(super) fn read<'s>(&self, head: &'s RequestHeader, ctx: &mut Context) -> Result<Request<'s>, Own> {
        let view = View::of(head).map_err(|bad| self.unrouted(head, ctx, bad.refusal()))?;
        ctx.path = (!view.path.is_as_sent()).then(|| view.path.as_str().into());
        ctx.encode_query = view.encode_query;
        Ok(Request {
            method: &head.method,
            scheme: if ctx.https { Scheme::HTTPS } else { Scheme::HTTP },
            host: view.host,
            authority: view.authority,
            is_trusted: ctx.origin.trusted,
            path: view.path,
            query: view.query,
            headers: &head.headers,
            peer: ctx.remote,
            client_certificate: ctx.certificate,
            now: ctx.now,
            purpose: Purpose::Serve,
        })
    }

    /// The agent of a request that needs a decision.
    fn route(&self, request: &Request<'_>, head: &RequestHeader, ctx: &mut Context) -> Result<Routed, Own> {
        match self.parts.snapshot.with(|snapshot| snapshot.router.find(request).cloned()) {
            Match::Agent(agent) => {
                ctx.route(&agent);
                Ok(Routed::Plain(agent))
            }
            Match::InSession(agent) => {
                ctx.route(&agent);
                Ok(Routed::InSession(agent))
            }
            Match::Governed(agent) => {
                ctx.route(&agent);
                Ok(Routed::Governed(agent))
            }
            Match::Preflight(agent, headers) => {
                ctx.route(&agent);
                Err(Own::Preflight(headers))
            }
            Match::MethodNotAllowed(agent, allow) => {
                ctx.route(&agent);
                let _counted = self.unrouted(head, ctx, Refusal::MethodNotAllowed);
                Err(Problem::method(allow).into())
            }
            Match::Metadata(agent, form) => {
                ctx.route(&agent);
                Err(match metadata::describe(&agent, form, head, ctx, &self.parts.snapshot) {
                    Answer::Described(described) => Own::Metadata(described),
                    Answer::MethodNotAllowed => {
                        let _counted = self.unrouted(head, ctx, Refusal::MethodNotAllowed);
                        Problem::method(METADATA_METHODS).open().into()
                    }
                    Answer::NotFound => self.reserved(head, ctx),
                })
            }
            Match::Keys => Err(self.key_set(head, ctx)),
            Match::Events => Err(self.events(request, head, ctx)),
            Match::Reserved => Err(self.reserved(head, ctx)),
            Match::Card(agent) => {
                ctx.route(&agent);
                Err(self.card(&agent, head, ctx))
            }
            Match::NotFound => Err(self.unrouted(head, ctx, Refusal::NotFound)),
        }
    }

    /// The response to a request that the decision refuses.
    pub(super) fn refused(&self, agent: &Agent, head: &RequestHeader, ctx: &mut Context) -> Problem {
        let problem = Problem::decided(&ctx.verdict, agent, || {
            self.parts.snapshot.with(|now| {
                let public = Public::of(now.public_url.as_ref(), head, agent, ctx);
                (!public.origin.is_empty()).then(|| public.metadata_url(agent, &path_of(head, ctx)))
            })
        });
        limits::count_failed(agent, &problem, ctx);
        problem
    }

    /// The response to a request that brings security events, whose body is still to be read.
    fn events(&self, request: &Request<'_>, head: &RequestHeader, ctx: &Context) -> Own {
        if !events::is_brought(head) {
            let _counted = self.unrouted(head, ctx, Refusal::MethodNotAllowed);
            return Problem::method(HeaderValue::from_static("POST")).into();
        }
        let Some(entrance) = &self.parts.events else { return self.unrouted(head, ctx, Refusal::NotFound) };
        Own::Events(Box::new(EventRequest {
            provider: request.path.as_str().strip_prefix(EVENTS_PATH).unwrap_or_default().into(),
            entrance: entrance.clone(),
        }))
    }

    /// Where clients look for metadata of authentication, and there is none.
    fn reserved(&self, head: &RequestHeader, ctx: &Context) -> Own {
        let _counted = self.unrouted(head, ctx, Refusal::NotFound);
        Problem::from(Refusal::NotFound).open().into()
    }
}

fn head_bytes(request: &RequestHeader) -> usize {
    // As HTTP/1 writes it: each field takes its name, its value, a colon, a blank and a line end of two bytes.
    request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
        + request.raw_path().len()
}

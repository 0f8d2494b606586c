//! The admission of a request: its head is within the limits, a route matches, the decision allows it, a slot is free. The
//! gateway itself answers a request that is not admitted.

use std::sync::Arc;

use http::uri::Scheme;
use http::{Method, header};
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use crate::gate::Permit;
use crate::limits::Slot;
use crate::model::{Purpose, Refusal, Request};
use crate::routing::{Agent, Match};

use super::answer::{Own, Problem};
use super::context::Context;
use super::decide::{ByOperation, Plain};
use super::health;
use super::metadata::{self, Answer};
use super::service::Gateway;
use super::view::View;

/// The agent of a request that needs a decision.
enum Routed {
    /// One without rules by operation.
    Plain(Arc<Agent>),
    /// One with rules by operation.
    Governed(Arc<Agent>),
}

impl Gateway {
    /// The permit and the slot of a request, or the response that it gets instead.
    pub(super) async fn admit(&self, session: &Session, ctx: &mut Context) -> Result<(Permit, Slot), Own> {
        let head = session.req_header();
        self.screen(head)?;
        let request = self.read(head, ctx)?;
        let (agent, permit) = match self.route(&request, head, ctx)? {
            Routed::Plain(agent) => {
                let permit = self.decide::<Plain>(&agent, request, head, ctx).await;
                (agent, permit)
            }
            Routed::Governed(agent) => {
                let permit = self.decide::<ByOperation>(&agent, request, head, ctx).await;
                (agent, permit)
            }
        };
        let permit = permit.ok_or_else(|| Problem::decided(ctx.verdict.reason, &agent))?;
        if agent.max_body.is_some_and(|limit| content_length(head).is_some_and(|length| length > limit)) {
            return Err(Refusal::BodyTooLarge.into());
        }
        let slot = self.parts.slots.take(&agent.slots, agent.max_in_flight).ok_or(Refusal::Busy)?;
        Ok((permit, slot))
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
    fn read<'s>(&self, head: &'s RequestHeader, ctx: &mut Context) -> Result<Request<'s>, Own> {
        let view = View::of(head).map_err(|bad| self.unrouted(head, ctx, bad.refusal()))?;
        ctx.path = (!view.path.is_as_sent()).then(|| view.path.as_str().into());
        ctx.encode_query = view.encode_query;
        Ok(Request {
            method: &head.method,
            scheme: if ctx.https { Scheme::HTTPS } else { Scheme::HTTP },
            host: view.host,
            path: view.path,
            query: view.query,
            headers: &head.headers,
            peer: ctx.remote,
            // No listener asks clients for a certificate.
            client_certificate: None,
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
                Err(match self.describe(&agent, form, head, ctx) {
                    Answer::Described(described) => Own::Metadata(described),
                    Answer::MethodNotAllowed => {
                        let _counted = self.unrouted(head, ctx, Refusal::MethodNotAllowed);
                        Problem::method(metadata::ALLOW).open().into()
                    }
                    Answer::NotFound => self.reserved(head, ctx),
                })
            }
            Match::Reserved => Err(self.reserved(head, ctx)),
            Match::NotFound => Err(self.unrouted(head, ctx, Refusal::NotFound)),
        }
    }

    /// Where clients look for metadata of authentication, and there is none.
    fn reserved(&self, head: &RequestHeader, ctx: &Context) -> Own {
        let _counted = self.unrouted(head, ctx, Refusal::NotFound);
        Problem::from(Refusal::NotFound).open().into()
    }
}

fn content_length(request: &RequestHeader) -> Option<u64> {
    request.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn head_bytes(request: &RequestHeader) -> usize {
    // As HTTP/1 writes it: each field takes its name, its value, a colon, a blank and a line end of two bytes.
    request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
        + request.raw_path().len()
}

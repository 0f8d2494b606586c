//! Requests for the card of an A2A agent.
//!
//! What is served was made before by `control`; here it is at most put under the base that the request says.

use std::sync::Arc;

use http::{HeaderValue, Method};
use pingora::http::RequestHeader;

use crate::gate::Verdict;
use crate::model::Refusal;
use crate::routing::{Agent, CardState};

use super::answer::{Own, Problem};
use super::card_answer::{CardAnswer, METHODS};
use super::context::Context;
use super::public::Public;
use super::service::Gateway;

/// The methods of a card.
const ALLOW: HeaderValue = HeaderValue::from_static(METHODS);

impl Gateway {
    /// The response to a request for the card of an agent.
    pub(super) fn card(&self, agent: &Arc<Agent>, head: &RequestHeader, ctx: &mut Context) -> Own {
        match head.method {
            Method::GET | Method::HEAD => {
                ctx.verdict = Verdict::unasked();
                let card = self.current_card(agent, head, ctx);
                card.map_or_else(|refusal| Problem::from(refusal).open().into(), Own::Card)
            }
            Method::OPTIONS => Own::Card(CardAnswer::Preflight),
            _ => {
                let _counted = self.unrouted(head, ctx, Refusal::MethodNotAllowed);
                Problem::method(ALLOW).open().into()
            }
        }
    }

    fn current_card(
        &self,
        agent: &Arc<Agent>,
        head: &RequestHeader,
        ctx: &Context,
    ) -> Result<CardAnswer, Refusal> {
        let a2a = agent.protocol.a2a().ok_or(Refusal::NotFound)?;
        let state = a2a.card.get();
        let served = match &*state {
            CardState::Served(served) => served,
            CardState::Absent => return Err(Refusal::CardUnavailable),
            CardState::Refused => return Err(Refusal::CardRefused),
        };
        let snapshot = self.parts.snapshot.get();
        let public_url = snapshot.public_url.as_ref();
        let public = Public::of(public_url, head, agent, ctx);
        let is_cacheable = public.is_configured;
        if let Some(card) = served.fixed() {
            return Ok(CardAnswer::Card { card: card.clone(), is_cacheable });
        }
        if public.origin.is_empty() {
            return Err(Refusal::InvalidHost);
        }
        Ok(CardAnswer::Card { card: served.under(&public.url(&agent.route.path)), is_cacheable })
    }
}

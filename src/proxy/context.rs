//! The context of one request through all phases, as a state machine: received, then answered by the gateway or admitted.
//! At the end it is one line of the access log.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant as Tick;

use http::{HeaderValue, Method};
use pingora::{Error, ErrorType};

use crate::door::{EndedAt, Over};
use crate::gate::{Counted, Verdict};
use crate::model::{Digest, EndedBy, Grounds, Instant, NextNonce, Refusal, RequestId};
use crate::routing::Agent;
use crate::spans::Trace;
use crate::telemetry::{PathText, RequestRecord, Serving, UpstreamError};

use super::origin::Origin;
use super::passage::Passage;

/// The context of one request.
#[derive(Debug)]
pub struct Context {
    pub(super) began: Tick,
    pub(super) now: Instant,
    pub(super) request_id: RequestId,
    pub(super) origin: Origin,
    pub(super) remote: Option<IpAddr>,
    pub(super) https: bool,
    /// The SHA-256 of the client's certificate.
    pub(super) certificate: Option<Digest>,
    /// Its place in a trace, where spans are made.
    pub(super) trace: Option<Trace>,
    /// The path in canonical form, when the client sent another.
    pub(super) path: Option<Box<str>>,
    /// Whether parts of the query are forwarded percent-encoded.
    pub(super) encode_query: bool,
    /// The verdict; its permit has moved into the passage.
    pub(super) verdict: Verdict,
    /// What the limits said of it, with the places that it has until it ends.
    pub(super) counted: Option<Box<Counted>>,
    /// The id as the agent has received it.
    pub(super) sent_id: Option<HeaderValue>,
    /// The status of gRPC with which it was refused, where it is a call of gRPC.
    pub(super) grpc_status: Option<u8>,
    /// The grounds of a refusal, where decisions are kept.
    pub(super) grounds: Option<Arc<Grounds>>,
    stage: Stage,
    _serving: Serving,
}

/// The stage of a request. A phase can use only the data of the stage that it is for.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every request is admitted, and its context stands in a box"
)]
enum Stage {
    /// Its head has arrived; with its agent, once a route matched.
    Received(Option<Arc<Agent>>),
    /// The gateway has answered it, and it goes no further.
    Answered(Option<Arc<Agent>>, OwnAnswer),
    /// It goes on to its agent.
    Admitted(Passage),
}

/// The kind of a response that the gateway itself gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnAnswer {
    Refusal(Refusal),
    Preflight,
    Metadata,
    Health,
    Card,
    Events,
}

impl Context {
    pub(super) fn new(now: Instant, serving: Serving) -> Self {
        Self {
            began: Tick::now(),
            now,
            request_id: RequestId::Made(0),
            origin: Origin { peer: None, trusted: false },
            remote: None,
            https: false,
            certificate: None,
            trace: None,
            path: None,
            encode_query: false,
            verdict: Verdict::NO_AGENT,
            counted: None,
            sent_id: None,
            grpc_status: None,
            grounds: None,
            stage: Stage::Received(None),
            _serving: serving,
        }
    }

    /// Notes the agent whose route matched.
    pub(super) fn route(&mut self, agent: &Arc<Agent>) {
        if let Stage::Received(found) = &mut self.stage {
            *found = Some(Arc::clone(agent));
        }
    }

    /// Notes the gateway's own response. A request that was admitted before stays admitted.
    pub(super) fn answer(&mut self, answer: OwnAnswer) {
        if let OwnAnswer::Preflight
        | OwnAnswer::Metadata
        | OwnAnswer::Health
        | OwnAnswer::Card
        | OwnAnswer::Events = answer
        {
            self.verdict = Verdict::unasked();
        }
        if let Stage::Received(agent) = &mut self.stage {
            self.stage = Stage::Answered(agent.take(), answer);
        }
    }

    /// Admits the request.
    pub(super) fn admit(&mut self, passage: Passage) {
        self.stage = Stage::Admitted(passage);
    }

    /// The agent, once a route matched.
    pub(super) fn agent(&self) -> Option<&Arc<Agent>> {
        match &self.stage {
            Stage::Received(agent) | Stage::Answered(agent, _) => agent.as_ref(),
            Stage::Admitted(passage) => Some(passage.agent()),
        }
    }

    /// The passage of an admitted request.
    ///
    /// # Errors
    /// When it was not admitted: nothing is forwarded then.
    pub(super) fn passage(&self) -> pingora::Result<&Passage> {
        self.admitted().ok_or_else(not_admitted)
    }

    /// The passage, to note its progress.
    ///
    /// # Errors
    /// When it was not admitted: nothing is forwarded then.
    pub(super) fn passage_mut(&mut self) -> pingora::Result<&mut Passage> {
        match &mut self.stage {
            Stage::Admitted(passage) => Ok(passage),
            Stage::Received(_) | Stage::Answered(..) => Err(not_admitted()),
        }
    }

    pub(super) const fn admitted(&self) -> Option<&Passage> {
        match &self.stage {
            Stage::Admitted(passage) => Some(passage),
            Stage::Received(_) | Stage::Answered(..) => None,
        }
    }

    /// The nonce for the response, where the client needs a new one for its next proof.
    pub(super) fn next_nonce(&self) -> Option<HeaderValue> {
        match self.verdict.possession.nonce {
            NextNonce::None => None,
            which @ (NextNonce::Usual | NextNonce::Reserve) => self.agent()?.next_nonce(which, self.now),
        }
    }

    /// Why the agent's time is over, if it is.
    pub(super) fn over(&self) -> Option<Over> {
        self.admitted().and_then(Passage::over)
    }

    /// Why the agent gave no response, or an incomplete one.
    pub(super) fn upstream_error(&self) -> Option<UpstreamError> {
        match &self.stage {
            Stage::Answered(_, OwnAnswer::Refusal(Refusal::Busy)) => Some(UpstreamError::TooManyInFlight),
            Stage::Received(_) | Stage::Answered(..) => None,
            Stage::Admitted(passage) => passage.failure,
        }
    }

    /// Why and where the gateway ended the request's stream.
    pub(super) fn ended(&self) -> Option<(EndedBy, EndedAt)> {
        self.admitted().and_then(Passage::ended)
    }

    /// The record of the request, as far as it is known now.
    pub(super) fn record(&self, method: Option<Method>, path: PathText) -> RequestRecord {
        let (agent, verdict) = (self.agent(), &self.verdict);
        RequestRecord {
            at: self.now,
            request_id: self.request_id.clone(),
            agent: agent.map(|agent| agent.name.clone()),
            http_method: method,
            path,
            remote: self.remote,
            auth_method: verdict.method,
            decision: verdict.decision,
            reason: verdict.reason,
            provider: agent.and_then(|agent| agent.provider_name(verdict.provider)).cloned(),
            identity: verdict.identity.clone(),
            cache: verdict.cache,
            possession: verdict.possession,
            call: verdict.asked.as_ref().and_then(|asked| asked.call.clone()),
            limit: self.counted.as_ref().zip(agent).and_then(|(counted, agent)| counted.limit(agent)),
            status: None,
            upstream_error: None,
            grounds: None,
        }
    }
}

fn not_admitted() -> Box<Error> {
    Error::explain(ErrorType::InternalError, "no permit: the request was not admitted").into_in()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Decision;
    use crate::telemetry::Metrics;

    #[test]
    fn a_request_that_was_not_admitted_has_no_passage() {
        let serving = Metrics::new().unwrap().in_flight().enter();
        let mut ctx = Context::new(Instant::from_unix(0), serving);
        assert!(ctx.passage().is_err() && ctx.passage_mut().is_err() && ctx.over().is_none());
        assert_eq!(ctx.upstream_error(), None);
        ctx.answer(OwnAnswer::Refusal(Refusal::Busy));
        assert!(ctx.passage().is_err() && ctx.passage_mut().is_err());
        assert_eq!(ctx.upstream_error(), Some(UpstreamError::TooManyInFlight));
        // The first answer stands.
        ctx.answer(OwnAnswer::Refusal(Refusal::NotFound));
        assert_eq!(ctx.upstream_error(), Some(UpstreamError::TooManyInFlight));
    }

    #[test]
    fn preflights_metadata_and_health_checks_count_as_allowed() {
        for (answer, decision) in [
            (OwnAnswer::Preflight, Decision::Allow),
            (OwnAnswer::Metadata, Decision::Allow),
            (OwnAnswer::Health, Decision::Allow),
            (OwnAnswer::Card, Decision::Allow),
            (OwnAnswer::Refusal(Refusal::NotFound), Decision::Deny),
        ] {
            let serving = Metrics::new().unwrap().in_flight().enter();
            let mut ctx = Context::new(Instant::from_unix(0), serving);
            ctx.answer(answer);
            assert_eq!(ctx.verdict.decision, decision, "{answer:?}");
        }
    }
}

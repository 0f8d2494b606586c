//! What the phases of one request tell each other, and what is written down of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use http::Method;

use crate::door::{Over, Patience};
use crate::gate::{Permit, Verdict};
use crate::limits::Place;
use crate::model::{Grounds, Instant, RequestId};
use crate::routing::Agent;
use crate::telemetry::{PathText, RequestRecord, Serving};

use super::origin::Origin;
use super::tunnel::Tunnel;

/// One request on its way through the phases.
#[derive(Debug)]
pub struct Context {
    pub(super) began: Tick,
    pub(super) now: Instant,
    pub(super) request_id: RequestId,
    pub(super) origin: Origin,
    pub(super) remote: Option<IpAddr>,
    pub(super) https: bool,
    /// The path in its one form, when it did not come in it.
    pub(super) path: Option<Box<str>>,
    /// Whether parts of the query go on percent-encoded.
    pub(super) encode_query: bool,
    pub(super) websocket: bool,
    pub(super) tunnel: Option<Tunnel>,
    /// There once the request may go to its agent.
    pub(super) patience: Option<Patience>,
    pub(super) agent: Option<Arc<Agent>>,
    pub(super) permit: Option<Permit>,
    pub(super) place: Option<Place>,
    /// The decision; its permit stands apart.
    pub(super) verdict: Verdict,
    /// What a refusal rests on, where somebody may ask.
    pub(super) grounds: Option<Arc<Grounds>>,
    pub(super) turn: usize,
    pub(super) attempt: usize,
    pub(super) retried: bool,
    pub(super) upstream_began: Option<Tick>,
    pub(super) upstream_took: Option<Duration>,
    /// The address that was tried last.
    pub(super) upstream_address: Option<SocketAddr>,
    pub(super) upstream_error: Option<&'static str>,
    pub(super) body_seen: u64,
    pub(super) body_pieces: u32,
    _serving: Serving,
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
            path: None,
            encode_query: false,
            websocket: false,
            tunnel: None,
            patience: None,
            agent: None,
            permit: None,
            place: None,
            verdict: Verdict::NO_AGENT,
            grounds: None,
            turn: 0,
            attempt: 0,
            retried: false,
            upstream_began: None,
            upstream_took: None,
            upstream_address: None,
            upstream_error: None,
            body_seen: 0,
            body_pieces: 0,
            _serving: serving,
        }
    }

    /// Why the agent's time is over, if it is.
    pub(super) fn over(&self) -> Option<Over> {
        self.patience.as_ref().and_then(Patience::over)
    }

    /// What is known of the request now.
    pub(super) fn record(&self, method: Option<Method>, path: PathText) -> RequestRecord {
        let (agent, verdict) = (self.agent.as_deref(), &self.verdict);
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
            status: None,
            upstream_error: None,
            grounds: None,
        }
    }
}

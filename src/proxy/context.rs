//! What the phases of one request tell each other, and the access log line at the end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use http::{Method, Version};

use crate::door::{Over, Patience};
use crate::gate::{Permit, Verdict};
use crate::limits::Place;
use crate::model::{AuthMethod, CacheLabel, Decision, Grounds, Identity, Instant, Reason, RequestId};
use crate::routing::Agent;
use crate::telemetry::{AccessAuth, AccessRecord, Serving};

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
    pub(super) auth: Auth,
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

/// The decision, as far as log and metrics need it.
#[derive(Debug, Clone)]
pub(super) struct Auth {
    pub(super) method: AuthMethod,
    pub(super) decision: Decision,
    pub(super) reason: Reason,
    pub(super) provider: Option<usize>,
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) cache: CacheLabel,
}

impl Auth {
    /// No agent was reached.
    pub(super) const NO_ROUTE: Self = Self {
        method: AuthMethod::None,
        decision: Decision::Deny,
        reason: Reason::NoRoute,
        provider: None,
        identity: None,
        cache: CacheLabel::Off,
    };

    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            method: verdict.method,
            decision: verdict.decision,
            reason: verdict.reason,
            provider: verdict.provider,
            identity: verdict.identity.clone(),
            cache: verdict.cache,
        }
    }
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
            auth: Auth::NO_ROUTE,
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

    /// What the access log says of the request (contract, section 6).
    pub(super) fn record(&mut self, end: Ending) -> AccessRecord {
        let agent = self.agent.as_deref();
        AccessRecord {
            at: self.now,
            request_id: self.request_id.clone(),
            agent: agent.map(|a| a.name.clone()),
            method: end.method,
            path: end.path,
            status: end.status,
            took: end.took,
            upstream_took: self.upstream_took,
            bytes_in: end.bytes_in,
            bytes_out: end.bytes_out,
            remote: self.remote,
            version: end.version,
            auth: AccessAuth {
                method: self.auth.method,
                decision: self.auth.decision,
                reason: self.auth.reason,
                provider: agent.and_then(|a| a.provider_name(self.auth.provider)).cloned(),
                identity: self.auth.identity.take(),
                cache: self.auth.cache,
            },
            upstream_error: self.upstream_error,
        }
    }
}

/// What is known only when the request has ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) method: Option<Method>,
    pub(super) path: Box<str>,
    pub(super) status: u16,
    pub(super) took: Duration,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) version: Version,
}

impl Ending {
    /// The end of what could not be read.
    pub(super) fn of_no_request(status: u16, took: Duration) -> Self {
        let version = Version::HTTP_11;
        Self { method: None, path: Box::default(), status, took, bytes_in: 0, bytes_out: 0, version }
    }
}

//! What the phases of one request tell each other, and the access log line at the end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use http::{HeaderValue, Version};

use crate::gate::{Identity, Permit, Verdict};
use crate::model::{AuthMethod, Decision, Instant, Reason};
use crate::routing::{Agent, Place};
use crate::telemetry::{AccessAuth, AccessEntry, CacheLabel, Serving};

use super::origin::Origin;

/// One request on its way through the phases.
#[derive(Debug)]
pub struct Context {
    pub(super) began: Tick,
    pub(super) now: Instant,
    pub(super) request_id: String,
    pub(super) origin: Origin,
    pub(super) remote: Option<IpAddr>,
    pub(super) https: bool,
    pub(super) sent_host: Option<HeaderValue>,
    pub(super) path: String,
    pub(super) query: Option<Vec<u8>>,
    pub(super) websocket: bool,
    pub(super) agent: Option<Arc<Agent>>,
    pub(super) permit: Option<Permit>,
    pub(super) place: Option<Place>,
    pub(super) auth: Auth,
    pub(super) turn: usize,
    pub(super) attempt: usize,
    pub(super) retried: bool,
    pub(super) upstream_began: Option<Tick>,
    pub(super) upstream_took: Option<Duration>,
    pub(super) upstream_error: Option<&'static str>,
    pub(super) body_seen: u64,
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
}

impl Auth {
    /// No agent was reached.
    pub(super) const NO_ROUTE: Self = Self {
        method: AuthMethod::None,
        decision: Decision::Deny,
        reason: Reason::NoRoute,
        provider: None,
        identity: None,
    };

    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            method: verdict.method,
            decision: verdict.decision,
            reason: verdict.reason,
            provider: verdict.provider,
            identity: verdict.identity.clone(),
        }
    }
}

impl Context {
    pub(super) fn new(now: Instant, serving: Serving) -> Self {
        Self {
            began: Tick::now(),
            now,
            request_id: String::new(),
            origin: Origin { peer: None, trusted: false },
            remote: None,
            https: false,
            sent_host: None,
            path: String::new(),
            query: None,
            websocket: false,
            agent: None,
            permit: None,
            place: None,
            auth: Auth::NO_ROUTE,
            turn: 0,
            attempt: 0,
            retried: false,
            upstream_began: None,
            upstream_took: None,
            upstream_error: None,
            body_seen: 0,
            _serving: serving,
        }
    }

    /// The access log line (contract, section 6).
    pub(super) fn entry<'a>(&'a self, end: &Ending<'a>) -> AccessEntry<'a> {
        let identity = self.auth.identity.as_deref();
        let agent = self.agent.as_deref();
        let provider = agent.and_then(|a| a.provider_name(self.auth.provider));
        AccessEntry {
            ts: self.now.timestamp(),
            request_id: &self.request_id,
            agent: agent.map(|a| a.name.as_str()),
            method: end.method,
            path: &self.path,
            status: end.status,
            duration_ms: millis(self.began.elapsed()),
            upstream_ms: self.upstream_took.map(millis),
            bytes_in: end.bytes_in,
            bytes_out: end.bytes_out,
            remote: self.remote,
            http_version: version(end.version),
            auth: AccessAuth {
                method: self.auth.method.as_str(),
                decision: self.auth.decision.as_str(),
                reason: self.auth.reason.as_str(),
                provider: provider.map(crate::model::ProviderName::as_str),
                sub: identity.and_then(|i| i.sub.as_deref()),
                client_id: identity.and_then(|i| i.client_id.as_deref()),
                jti: identity.and_then(|i| i.jti.as_deref()),
                key_id: identity.and_then(|i| i.key_id.as_deref()),
                cache: CacheLabel::Off.as_str(),
            },
            upstream_error: self.upstream_error,
        }
    }
}

/// What is known only when the request has ended.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    pub(super) method: &'a str,
    pub(super) status: u16,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) version: Version,
}

/// Milliseconds with three digits behind the point.
fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

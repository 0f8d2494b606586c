//! What agents are made of, and what is made so far.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::authn::{Issuers, NonceKeys, ProcessSessionKeys, SessionKeys, TokenCache};
use crate::config::agent_keys::AgentKeys;
use crate::config::api_keys::ApiKeys;
use crate::config::caller_limits::CallerLimits;
use crate::idp::Provider;
use crate::model::{AgentName, Denials, ProviderName};
use crate::routing::{Agent, Router};
use crate::upstream::{ClientCertificate, Endpoint, Target, TargetKey, Trust};

pub(super) type Providers = BTreeMap<ProviderName, Arc<Provider>>;

/// All agents and what they share.
#[derive(Default)]
pub(super) struct Agents {
    pub(super) router: Router,
    pub(super) agents: BTreeMap<AgentName, Arc<Agent>>,
    pub(super) issuers: Arc<Issuers>,
    pub(super) endpoints: BTreeMap<(String, u16), Arc<Endpoint>>,
    pub(super) targets: BTreeMap<TargetKey, Arc<Target>>,
    pub(super) api_keys: Arc<ApiKeys>,
    pub(super) tokens: Option<Arc<TokenCache>>,
    pub(super) denials: Arc<Denials>,
    pub(super) limits: CallerLimits,
    /// The headers in which some agent gets assertions, but for the usual one.
    pub(super) assertion_headers: Arc<[HeaderName]>,
    /// The API keys of each agent.
    pub(super) keys: Arc<HashMap<AgentName, AgentKeys>>,
}

/// The certificates that agents trust, by the file that holds them.
pub(super) type Trusted = HashMap<PathBuf, Trust>;

/// The certificates that are shown to upstreams, by the files of certificate and key.
pub(super) type ClientCertificates = HashMap<(PathBuf, PathBuf), ClientCertificate>;

/// Values of headers that agents are given, by the file that holds them.
pub(super) type Given = HashMap<PathBuf, HeaderValue>;

/// Keys of nonces, by the file that holds them.
pub(super) type NonceFiles = HashMap<PathBuf, NonceKeys>;

/// What files hold for agents.
pub(super) struct FromFiles {
    pub(super) trust: Trusted,
    pub(super) shown: ClientCertificates,
    pub(super) given: Given,
    pub(super) sessions: Sessions,
    pub(super) nonces: NonceFiles,
}

/// The keys of sessions: those of the process, and those in files of their own.
pub(super) struct Sessions {
    pub(super) process: Arc<ProcessSessionKeys>,
    pub(super) files: HashMap<PathBuf, Arc<SessionKeys>>,
}

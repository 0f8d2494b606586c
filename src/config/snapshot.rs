//! A compiled configuration: what the gateway runs on, immutable, replaced as a whole.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::sign::CertifiedKey;

use crate::authn::{Issuers, ProcessSessionKeys, TokenCache};
use crate::events::EventReceiver;
use crate::idp::Provider;
use crate::model::{
    AgentName, CertificateTerm, Denials, Instant, Live, ProviderName, ResourceId, TargetState,
};
use crate::routing::{Agent, Router};
use crate::signing::{KeyRing, SigningFrom};
use crate::telemetry::TargetReading;
use crate::upstream::{Endpoint, Target, TargetKey};

use super::agent_keys::AgentKeys;
use super::api_keys::ApiKeys;
use super::caller_limits::CallerLimits;
use super::client_trust::ClientTrust;
use super::named::Named;
use crate::config::language::known::Known;
use crate::config::language::settings::agent::AgentEntry;
use crate::config::language::settings::limit::GlobalLimit;
use crate::config::language::settings::server::PublicUrl;
use crate::config::language::settings::server::Server;
use crate::config::language::settings::store::Store;
use crate::config::language::written::{Written, written};
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::source::Source;

/// Names the inputs of a snapshot: the SHA-256 of all texts and files, in hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Revision(Arc<str>);

impl Revision {
    pub(super) fn new(hex: &str) -> Self {
        Self(Arc::from(hex))
    }

    /// The whole hash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({})", self.short())
    }
}

/// The certificates of the TLS listeners: the first of each is the default.
pub type Certificates = BTreeMap<SocketAddr, Vec<Arc<CertifiedKey>>>;

/// Everything that a request and the loops need, compiled.
pub struct Snapshot {
    /// Which inputs this is made of. What the environment held is not part of it.
    pub revision: Revision,
    /// The settings that the process runs with: those of its first snapshot, since a change of them takes
    /// effect on restart.
    pub server: Arc<Server>,
    /// How callers reach the gateway. It says nothing to the process, so it does follow a change.
    pub public_url: Option<PublicUrl>,
    /// The keys with which the gateway signs now; one cell for the life of the process, which `control` fills.
    pub signing: Arc<Live<KeyRing>>,
    /// Where they are from; `None` when the gateway signs nothing.
    pub signing_from: Option<SigningFrom>,
    /// Where resources are stored one by one, likewise.
    pub store: Option<Store>,
    /// The texts that this is made of.
    pub sources: Arc<[Source]>,
    /// Which of them hold a resource of their own, in the order of these.
    pub(super) stored: Box<[usize]>,
    /// What each of them was read to, where that may be known next time.
    pub(super) known: Box<[Option<Known>]>,
    /// What the agents were made of, in the order of their names.
    pub(super) entries: Box<[Arc<AgentEntry>]>,
    /// All API keys, those that wait for their agent among them.
    pub api_keys: Arc<ApiKeys>,
    /// Those of each agent, and what they were made of.
    pub(super) keys: Arc<HashMap<AgentName, AgentKeys>>,
    /// What somebody should look at.
    pub warnings: Diagnostics,
    /// The certificates that the documents name, and where.
    pub(super) certificate_files: Box<[Named]>,
    /// The certificates of every listener that serves TLS; these do follow a change.
    pub certificates: Certificates,
    /// What is asked of the clients of TLS listeners; of those that are not here, nothing. It follows a change likewise.
    pub client_trust: BTreeMap<SocketAddr, Arc<ClientTrust>>,
    /// Which agent answers to a request.
    pub router: Router,
    /// All agents.
    pub agents: BTreeMap<AgentName, Arc<Agent>>,
    /// All identity providers. One whose settings did not change is the same as in the snapshot before,
    /// and keeps its keys.
    pub providers: BTreeMap<ProviderName, Arc<Provider>>,
    /// The issuers of all providers.
    pub issuers: Arc<Issuers>,
    /// The tokens that were verified; one cache for the life of the process.
    pub tokens: Option<Arc<TokenCache>>,
    /// The keys of sessions where an agent names no file with its own; one cell for the life of the process.
    pub sessions: Arc<ProcessSessionKeys>,
    /// The credentials that are denied; one cell for the life of the process, which `control` fills.
    pub denials: Arc<Denials>,
    /// Who takes the security events of providers that have `events`, with what is remembered of them.
    pub events: BTreeMap<ProviderName, Arc<EventReceiver>>,
    /// The limits of the callers of every agent, in the order of their names.
    pub global_limits: Box<[Arc<GlobalLimit>]>,
    /// The limits, with what is spent; one state for the life of the process.
    pub limits: CallerLimits,
    /// Where agents run, each host and port once; kept from the snapshot before.
    pub endpoints: BTreeMap<(String, u16), Arc<Endpoint>>,
    /// The targets whose state is kept, each once; kept from the snapshot before.
    pub targets: BTreeMap<TargetKey, Arc<Target>>,
}

impl Snapshot {
    /// The certificates that the configuration names, and until when each is valid.
    pub fn certificate_terms(&self) -> impl Iterator<Item = &CertificateTerm> {
        self.certificate_files.iter().map(|named| &named.term)
    }

    /// How the targets stand whose state is kept, each URL once.
    #[must_use]
    pub fn target_readings(&self, now: Instant) -> Vec<TargetReading> {
        let mut states: BTreeMap<&str, TargetState> = BTreeMap::new();
        let targets = self.agents.values().filter_map(|agent| agent.upstream.targets.as_ref());
        for (targets, member) in
            targets.flat_map(|targets| targets.members.iter().map(move |member| (targets, member)))
        {
            let state = targets.state(member, now);
            let held = states.entry(&*member.target.name).or_insert(state);
            // One that drains for an agent serves another, and one that is well in one way may not be so in another.
            if matches!(*held, TargetState::Draining | TargetState::Healthy) && state != TargetState::Draining
            {
                *held = state;
            }
        }
        let mut in_flight: BTreeMap<&str, usize> = BTreeMap::new();
        for target in self.targets.values() {
            *in_flight.entry(&*target.name).or_default() += target.in_flight();
        }
        let reading = |(url, in_flight): (&str, usize)| {
            Some(TargetReading { url: url.to_owned(), state: *states.get(url)?, in_flight })
        };
        in_flight.into_iter().filter_map(reading).collect()
    }

    /// A resource as it was written; `None` when there is none of that name.
    #[must_use]
    pub fn written(&self, id: &ResourceId) -> Option<Written> {
        match self.source_of(id) {
            Some(source) => written(std::slice::from_ref(source), id),
            None => written(&self.sources, id),
        }
    }

    /// Whether a file of its own holds this resource.
    #[must_use]
    pub fn is_stored(&self, id: &ResourceId) -> bool {
        self.index_of(id).is_some()
    }

    /// The file that holds this resource alone.
    #[must_use]
    pub fn source_of(&self, id: &ResourceId) -> Option<&Source> {
        self.sources.get(self.index_of(id)?)
    }

    /// The number of the source that holds this resource alone.
    pub(super) fn index_of(&self, id: &ResourceId) -> Option<usize> {
        let entry = |index: &usize| self.sources.get(*index).and_then(|source| source.entry.as_ref());
        let at = self.stored.binary_search_by(|index| entry(index).cmp(&Some(id))).ok()?;
        self.stored.get(at).copied()
    }

    /// The number of the source of this resource, which is `likely` that one.
    pub(super) fn index_of_source(&self, source: &Source, likely: usize) -> Option<usize> {
        if self.sources.get(likely).is_some_and(|held| held.is(source)) {
            return Some(likely);
        }
        self.index_of(source.entry.as_ref()?)
    }

    /// The API keys of an agent that has some.
    pub(super) fn agent_keys(&self, agent: &AgentName) -> Option<&AgentKeys> {
        self.keys.get(agent)
    }

    /// What an agent was made of.
    pub(super) fn entry_of(&self, name: &AgentName) -> Option<&Arc<AgentEntry>> {
        let at = self.entries.binary_search_by(|entry| entry.id.value.cmp(name)).ok()?;
        self.entries.get(at)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("revision", &self.revision)
            .field("agents", &self.agents.keys().collect::<Vec<_>>())
            .field("providers", &self.providers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

//! What the sections say about each other: names that must exist, routes and issuers that must differ, and
//! parts that nothing uses.

use std::collections::{HashMap, HashSet};

use super::super::document::Document;
use super::super::settings::agent::{AgentEntry, Auth};
use super::super::settings::api_key::ApiKeyEntry;
use super::super::settings::store::Store;
use super::super::web;
use crate::config::text::code::Code;
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Source};
use crate::config::text::suggest::suggest;
use crate::model::ResourceKind;

/// The names of entries that could not be read: a reference to those is not called wrong, and what only they may use is
/// not called unused.
#[derive(Default)]
pub(super) struct Unread {
    providers: Vec<String>,
    agents: Vec<String>,
    api_keys: Vec<String>,
    limits: Vec<String>,
}

impl Unread {
    pub(super) const fn of(&mut self, kind: ResourceKind) -> &mut Vec<String> {
        match kind {
            ResourceKind::IdentityProvider => &mut self.providers,
            ResourceKind::Agent => &mut self.agents,
            ResourceKind::ApiKey => &mut self.api_keys,
            ResourceKind::Limit => &mut self.limits,
        }
    }
}

/// Checks all links.
pub(super) fn check(findings: &Findings, document: &Document, unread: &Unread) {
    beside_store(findings, document);
    issuers(findings, document);
    routes(findings, document);
    upstreams(findings, document);
    let used = providers_of_agents(findings, document, &unread.providers);
    if unread.agents.is_empty() {
        unused_providers(findings, document, &used);
    }
    same_hashes(findings, document);
    let opened = keys_of_agents(findings, document, &unread.agents);
    if unread.api_keys.is_empty() {
        agents_without_keys(findings, document, &opened);
    }
}

/// What stands in a member's own file is not at the others.
fn beside_store(findings: &Findings, document: &Document) {
    let Some((_, Store::Etcd(_))) = &document.store else { return };
    let agents =
        document.agents.iter().map(|agent| (&agent.source, &agent.id.place, agent.id.as_str(), "agent"));
    let providers = document.identity_providers.iter();
    let providers = providers.map(|p| (&p.source, &p.id.place, p.id.as_str(), "identity provider"));
    let keys = document.api_keys.iter().map(|key| (&key.source, &key.id.place, key.id.as_str(), "API key"));
    let limits = document.limits.iter();
    let limits = limits.map(|limit| (&limit.source, &limit.name.place, &*limit.name.value, "limit"));
    for (source, place, name, noun) in agents.chain(providers).chain(keys).chain(limits) {
        if source.entry.is_none() {
            let message = format!("the {noun} `{name}` is at this member alone");
            let help = "write it to the store, so that all members have it";
            Report::new(findings, source).say(Code::BesideStore, *place, message, help);
        }
    }
}

fn issuers(findings: &Findings, document: &Document) {
    let mut seen: HashMap<&str, (&Source, Place)> = HashMap::new();
    for provider in &document.identity_providers {
        let issuer = &provider.issuer;
        if let Some(first) = seen.get(issuer.as_str()) {
            let message = "two identity providers have the same issuer";
            let help = "keep one of them; an agent can accept any number of providers";
            provider.report(findings).clash_with(Code::DuplicateIssuer, issuer.place, *first, message, help);
        } else {
            seen.insert(issuer.value.as_str(), (&provider.source, issuer.place));
        }
    }
}

fn routes(findings: &Findings, document: &Document) {
    let mut seen = HashMap::new();
    for agent in &document.agents {
        let (route, report) = (&agent.route, agent.report(findings));
        let health = document.server.health_path.as_ref().filter(|path| path.value == route.path);
        if let (Some(health), Some(server)) = (health, &document.server_at) {
            let message = format!("`{}` has the path at which health checks are answered", agent.id.value);
            let help = "change `server.health_path`, or the path of the agent";
            let other = (&server.source, health.place);
            report.clash_with(Code::DuplicateRoute, route.place, other, message, help);
        }
        let every_host = route.hosts.is_empty().then_some(None);
        for host in route.hosts.iter().map(Some).chain(every_host) {
            let key = (host, route.path.as_str());
            let here = (&agent.id.value, (&agent.source, route.place));
            let (first, other) = *seen.entry(key).or_insert(here);
            if *first != agent.id.value {
                let message = format!("`{}` has the route of `{first}`", agent.id.value);
                let help = "change the path or the host of one of them";
                report.clash_with(Code::DuplicateRoute, route.place, other, message, help);
                break;
            }
        }
    }
}

fn upstreams(findings: &Findings, document: &Document) {
    let server = &document.server;
    let admin = server.admin.as_ref().map(|admin| (admin.address.value, "the control API"));
    let ops = (server.ops.address.value, "the metrics and health listener");
    for (own, what) in std::iter::once(ops).chain(admin) {
        let targets = document
            .agents
            .iter()
            .flat_map(|agent| agent.upstream.targets.iter().map(move |target| (agent, &target.url)));
        for (agent, url) in targets {
            let port = url.port_or_known_default().filter(|_| url.socket.is_none());
            if own.port() != 0 && port == Some(own.port()) && web::reaches(url, own.ip()) {
                let message = format!("this upstream is {what} of the gateway itself");
                let help = "write where the agent listens";
                agent.report(findings).say(Code::SelfUpstream, url.place, message, help);
            }
        }
    }
}

fn providers_of_agents<'d>(
    findings: &Findings,
    document: &'d Document,
    unread: &[String],
) -> HashSet<&'d str> {
    let providers = document.identity_providers.iter().map(|provider| provider.id.as_str());
    let known: HashSet<&str> = providers.chain(unread.iter().map(String::as_str)).collect();
    let mut used = HashSet::new();
    for agent in &document.agents {
        let Auth::OAuth(oauth) = &agent.auth.value else { continue };
        let report = agent.report(findings);
        let mut listed: HashMap<&str, Place> = HashMap::new();
        for name in &oauth.identity_providers {
            let text = name.value.as_str();
            used.insert(text);
            if !known.contains(text) {
                let message = format!("there is no identity provider {}", name.shown());
                report.find(Code::UnknownProvider, name.place, message, |finding| {
                    finding.help(suggest(text, known.iter().copied()))
                });
            }
            if let Some(first) = listed.insert(text, name.place) {
                let message = format!("{} is listed twice", name.shown());
                report.clash(Code::DuplicateValue, name.place, first, message, "remove one of them");
            }
        }
    }
    used
}

fn unused_providers(findings: &Findings, document: &Document, used: &HashSet<&str>) {
    for provider in &document.identity_providers {
        if !used.contains(provider.id.as_str()) {
            let message = format!("no agent accepts the identity provider `{}`", provider.id.value);
            let help = "name it at an agent, or remove it";
            provider.report(findings).say(Code::UnusedProvider, provider.id.place, message, help);
        }
    }
}

/// The agents, and whether a key opens each.
type Opened<'d> = HashMap<&'d str, (&'d AgentEntry, bool)>;

fn keys_of_agents<'d>(findings: &Findings, document: &'d Document, unread: &[String]) -> Opened<'d> {
    let agents = document.agents.iter().map(|agent| (agent.id.as_str(), (&**agent, false)));
    let mut agents: Opened<'d> = agents.collect();
    for key in &document.api_keys {
        match agents.get_mut(key.agent.value.as_str()) {
            Some((agent, is_opened)) => {
                *is_opened = true;
                if !matches!(agent.auth.value, Auth::ApiKey(_)) {
                    say_not_by_key(findings, key, agent);
                }
            }
            None if unread.iter().any(|name| *name == key.agent.value.as_str()) => {}
            None => say_no_agent(findings, key, document, unread),
        }
    }
    agents
}

/// Keys that run have no hash twice, and there may be a hundred thousand of them: so each is compared with the new ones.
fn same_hashes(findings: &Findings, document: &Document) {
    let new = document.new_keys.iter().filter_map(|index| Some((*index, document.api_keys.get(*index)?)));
    let mut first: HashMap<&[u8; 32], (usize, &ApiKeyEntry)> = HashMap::new();
    for (index, key) in new {
        first.entry(key.sha256.value.as_bytes()).or_insert((index, key));
    }
    if first.is_empty() {
        return;
    }
    for (index, key) in document.api_keys.iter().enumerate() {
        let Some((other, first)) =
            first.get(key.sha256.value.as_bytes()).filter(|(other, _)| *other != index)
        else {
            continue;
        };
        let (earlier, later) = if *other < index { (*first, &**key) } else { (&**key, *first) };
        let message = "two API keys have the same hash";
        let (help, place) = ("remove one of them", (&earlier.source, earlier.sha256.place));
        later.report(findings).clash_with(Code::DuplicateValue, later.sha256.place, place, message, help);
    }
}

fn say_no_agent(findings: &Findings, key: &ApiKeyEntry, document: &Document, unread: &[String]) {
    let agents = document.agents.iter().map(|agent| agent.id.as_str());
    let known = agents.chain(unread.iter().map(String::as_str));
    let message = format!("there is no agent {}", key.agent.shown());
    key.report(findings).find(Code::UnknownAgent, key.agent.place, message, |finding| {
        finding.help(suggest(key.agent.value.as_str(), known))
    });
}

fn say_not_by_key(findings: &Findings, key: &ApiKeyEntry, agent: &AgentEntry) {
    let help = "give the agent `auth: { api_key: {} }`, or remove the key";
    let (in_key, in_agent) = ((&key.source, key.agent.place), (&agent.source, agent.auth.place));
    // In a store, an agent can be switched to tokens and back, and its keys wait meanwhile.
    if key.source.entry.is_none() {
        let message = format!("the agent {} takes no API keys", key.agent.shown());
        key.report(findings).clash_with(Code::WrongAgent, in_key.1, in_agent, message, help);
    } else if key.revoked_at.is_none() {
        // One that was revoked waits for nothing.
        let message = format!("the API key {} waits: its agent takes no API keys", key.id.shown());
        agent.report(findings).clash_with(Code::DormantKey, in_agent.1, in_key, message, help);
    }
}

fn agents_without_keys(findings: &Findings, document: &Document, opened: &Opened<'_>) {
    for agent in document.agents.iter().filter(|agent| matches!(agent.auth.value, Auth::ApiKey(_))) {
        if !opened.get(agent.id.as_str()).is_some_and(|(_, is_opened)| *is_opened) {
            let message = format!("no API key opens the agent `{}`", agent.id.value);
            let help = format!("make one: `portcullis api-key create --agent {}`", agent.id.value);
            agent.report(findings).say(Code::AgentWithoutKeys, agent.auth.place, message, help);
        }
    }
}

//! What the sections say about each other: names that must exist, routes and issuers that must differ, and
//! parts that nothing uses.

use std::collections::{HashMap, HashSet};

use super::super::document::{AgentEntry, Auth, Document};
use super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::{Report, suggest};
use crate::config::text::source::Place;

/// What was written, also of entries that could not be read: a reference to those is not called wrong, and
/// what only they may use is not called unused.
pub(super) struct Names<'a> {
    pub(super) providers: Vec<&'a str>,
    pub(super) agents: Vec<&'a str>,
    pub(super) api_keys: usize,
}

/// Checks all links.
pub(super) fn check(report: &Report<'_>, document: &Document, names: &Names<'_>) {
    issuers(report, document);
    routes(report, document);
    upstreams(report, document);
    let used = providers_of_agents(report, document, names);
    if document.agents.len() == names.agents.len() {
        unused_providers(report, document, &used);
    }
    keys_of_agents(report, document, names);
    if document.api_keys.len() == names.api_keys {
        agents_without_keys(report, document);
    }
}

fn issuers(report: &Report<'_>, document: &Document) {
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for provider in &document.identity_providers {
        let issuer = &provider.issuer;
        if let Some(first) = seen.get(issuer.as_str()) {
            let message = "two identity providers have the same issuer";
            let help = "keep one of them; an agent can accept any number of providers";
            report.clash(Code::DuplicateIssuer, issuer.place, *first, message, help);
        } else {
            seen.insert(issuer.value.as_str(), issuer.place);
        }
    }
}

fn routes(report: &Report<'_>, document: &Document) {
    let mut seen = HashMap::new();
    for agent in &document.agents {
        let route = &agent.route;
        if let Some(health) = document.server.health_path.as_ref().filter(|path| path.value == route.path) {
            let message = format!("`{}` has the path at which health checks are answered", agent.name.value);
            let help = "change `server.health_path`, or the path of the agent";
            report.clash(Code::DuplicateRoute, route.place, health.place, message, help);
        }
        let every_host = route.hosts.is_empty().then_some(None);
        for host in route.hosts.iter().map(Some).chain(every_host) {
            let key = (host, route.path.as_str());
            let (first, place) = *seen.entry(key).or_insert((&agent.name.value, route.place));
            if *first != agent.name.value {
                let message = format!("`{}` has the route of `{first}`", agent.name.value);
                let help = "change the path or the host of one of them";
                report.clash(Code::DuplicateRoute, route.place, place, message, help);
                break;
            }
        }
    }
}

fn upstreams(report: &Report<'_>, document: &Document) {
    let server = &document.server;
    let admin = server.admin.as_ref().map(|admin| (admin.address, "the control API"));
    for (own, what) in std::iter::once((server.ops, "the metrics and health listener")).chain(admin) {
        for agent in &document.agents {
            let url = &agent.upstream.url;
            let port = url.port_or_known_default().filter(|_| agent.upstream.socket.is_none());
            if own.port() != 0 && port == Some(own.port()) && web::reaches(url, own.ip()) {
                let message = format!("this upstream is {what} of the gateway itself");
                report.say(Code::SelfUpstream, url.place, message, "write where the agent listens");
            }
        }
    }
}

fn providers_of_agents<'d>(
    report: &Report<'_>,
    document: &'d Document,
    names: &Names<'_>,
) -> HashSet<&'d str> {
    let known: HashSet<&str> = names.providers.iter().copied().collect();
    let mut used = HashSet::new();
    for agent in &document.agents {
        let Auth::OAuth(oauth) = &agent.auth.value else { continue };
        let mut listed: HashMap<&str, Place> = HashMap::new();
        for name in &oauth.identity_providers {
            let text = name.value.as_str();
            used.insert(text);
            if !known.contains(text) {
                let message = format!("there is no identity provider {}", name.shown());
                report.find(Code::UnknownProvider, name.place, message, |finding| {
                    finding.help(suggest(text, names.providers.iter().copied()))
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

fn unused_providers(report: &Report<'_>, document: &Document, used: &HashSet<&str>) {
    for provider in &document.identity_providers {
        if !used.contains(provider.name.as_str()) {
            let message = format!("no agent accepts the identity provider `{}`", provider.name.value);
            report.say(
                Code::UnusedProvider,
                provider.name.place,
                message,
                "name it at an agent, or remove it",
            );
        }
    }
}

fn keys_of_agents(report: &Report<'_>, document: &Document, names: &Names<'_>) {
    let known: HashSet<&str> = names.agents.iter().copied().collect();
    let agents: HashMap<&str, &AgentEntry> =
        document.agents.iter().map(|a| (a.name.as_str(), &**a)).collect();
    let mut hashes: HashMap<String, Place> = HashMap::new();
    for key in &document.api_keys {
        let text = key.agent.value.as_str();
        if !known.contains(text) {
            let message = format!("there is no agent {}", key.agent.shown());
            report.find(Code::UnknownAgent, key.agent.place, message, |finding| {
                finding.help(suggest(text, names.agents.iter().copied()))
            });
        }
        if let Some(agent) = agents.get(text).filter(|agent| !matches!(agent.auth.value, Auth::ApiKey(_))) {
            let help = "give the agent `auth: { api_key: {} }`, or remove the key";
            // In a store, an agent can be switched to tokens and back, and its keys wait meanwhile.
            if report.sources().get(key.agent.place.source()).is_some_and(|source| source.entry.is_some()) {
                let message = format!("the API key {} waits: its agent takes no API keys", key.id.shown());
                // One that was revoked waits for nothing.
                if key.revoked_at.is_none() {
                    report.clash(Code::DormantKey, agent.auth.place, key.agent.place, message, help);
                }
            } else {
                let message = format!("the agent {} takes no API keys", key.agent.shown());
                report.clash(Code::WrongAgent, key.agent.place, agent.auth.place, message, help);
            }
        }
        if let Some(first) = hashes.insert(key.sha256.to_hex(), key.sha256.place) {
            let message = "two API keys have the same hash";
            report.clash(Code::DuplicateValue, key.sha256.place, first, message, "remove one of them");
        }
    }
}

fn agents_without_keys(report: &Report<'_>, document: &Document) {
    let opened: HashSet<&str> = document.api_keys.iter().map(|key| key.agent.value.as_str()).collect();
    for agent in document.agents.iter().filter(|agent| matches!(agent.auth.value, Auth::ApiKey(_))) {
        if !opened.contains(agent.name.as_str()) {
            let message = format!("no API key opens the agent `{}`", agent.name.value);
            let help = format!("make one: `portcullis api-key create --agent {}`", agent.name.value);
            report.say(Code::AgentWithoutKeys, agent.auth.place, message, help);
        }
    }
}

//! What the sections say about each other: names that must exist, routes and issuers that must differ, and
//! parts that nothing uses.

use std::collections::{HashMap, HashSet};

use super::super::code::Code;
use super::super::document::{Auth, Document};
use super::super::report::{Report, suggest};
use super::super::source::Place;
use super::super::web;

/// Checks all links. `providers` and `agents` are the names as written, also of entries that could not be
/// read, so that a reference to those is not called wrong.
pub(super) fn check(report: &Report<'_>, document: &Document, providers: &[&str], agents: &[&str]) {
    issuers(report, document);
    routes(report, document);
    upstreams(report, document);
    providers_of_agents(report, document, providers);
    keys_of_agents(report, document, agents);
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
        let key = (route.host.as_deref(), route.path.as_str());
        if let Some((first, place)) = seen.get(&key) {
            let message = format!("`{}` has the route of `{first}`", agent.name.value);
            let help = "change the path or the host of one of them";
            report.clash(Code::DuplicateRoute, route.place, *place, message, help);
        } else {
            seen.insert(key, (&agent.name.value, route.place));
        }
    }
}

fn upstreams(report: &Report<'_>, document: &Document) {
    let server = &document.server;
    let admin = server.admin.as_ref().map(|admin| (admin.address, "the control API"));
    for (own, what) in std::iter::once((server.ops, "the metrics and health listener")).chain(admin) {
        for agent in &document.agents {
            let url = &agent.upstream.url;
            let port = url.port_or_known_default();
            if own.port() != 0 && port == Some(own.port()) && web::reaches(url, own.ip()) {
                let message = format!("this upstream is {what} of the gateway itself");
                report.say(Code::SelfUpstream, url.place, message, "write where the agent listens");
            }
        }
    }
}

fn providers_of_agents(report: &Report<'_>, document: &Document, names: &[&str]) {
    let mut used = HashSet::new();
    for agent in &document.agents {
        let Auth::OAuth(oauth) = &agent.auth.value else { continue };
        let mut listed: HashMap<&str, Place> = HashMap::new();
        for name in &oauth.identity_providers {
            let text = name.value.as_str();
            used.insert(text);
            if !names.contains(&text) {
                let message = format!("there is no identity provider `{text}`");
                report.say(Code::UnknownProvider, name.place, message, suggest(text, names.iter().copied()));
            }
            if let Some(first) = listed.insert(text, name.place) {
                let message = format!("`{text}` is listed twice");
                report.clash(Code::DuplicateValue, name.place, first, message, "remove one of them");
            }
        }
    }
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

fn keys_of_agents(report: &Report<'_>, document: &Document, names: &[&str]) {
    let mut hashes: HashMap<String, Place> = HashMap::new();
    for key in &document.api_keys {
        let text = key.agent.value.as_str();
        if !names.contains(&text) {
            let message = format!("there is no agent `{text}`");
            report.say(Code::UnknownAgent, key.agent.place, message, suggest(text, names.iter().copied()));
        }
        let agent = document.agents.iter().find(|agent| agent.name.as_str() == text);
        if let Some(agent) = agent.filter(|agent| !matches!(agent.auth.value, Auth::ApiKey(_))) {
            let message = format!("the agent `{text}` takes no API keys");
            let help = "give the agent `auth: { api_key: {} }`, or remove the key";
            report.clash(Code::WrongAgent, key.agent.place, agent.auth.place, message, help);
        }
        if let Some(first) = hashes.insert(key.sha256.to_hex(), key.sha256.place) {
            let message = "two API keys have the same hash";
            report.clash(Code::DuplicateValue, key.sha256.place, first, message, "remove one of them");
        }
    }
    for agent in document.agents.iter().filter(|agent| matches!(agent.auth.value, Auth::ApiKey(_))) {
        if !document.api_keys.iter().any(|key| key.agent.value == agent.name.value) {
            let message = format!("no API key opens the agent `{}`", agent.name.value);
            let help = format!("make one: `portcullis api-key create --agent {}`", agent.name.value);
            report.say(Code::AgentWithoutKeys, agent.auth.place, message, help);
        }
    }
}

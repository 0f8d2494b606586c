//! What limits say about each other and about the agents that they are for.

use std::collections::HashMap;

use super::super::document::Document;
use super::super::settings::agent::{AgentEntry, Auth};
use super::super::settings::limit::LimitSettings;
use crate::config::text::code::Code;
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Source};
use crate::limits::{Counting, Per};
use crate::routing::LimitScope;

/// Checks all limits.
pub(super) fn check(findings: &Findings, document: &Document) {
    same_everywhere(findings, document);
    counted_somewhere(findings, document);
    let agents = || document.agents.iter().map(|agent| &**agent);
    for agent in agents() {
        for limit in agent.limits.iter().filter(|limit| is_anonymous(limit, agent)) {
            let message =
                format!("no caller of this agent has {}: all count together", named(&limit.per.value));
            say_anonymous(&agent.report(findings), limit, message);
        }
    }
    for provider in &document.identity_providers {
        for limit in provider.limits.iter().filter(|limit| limit.per.value == Per::ApiKey) {
            let message = "no caller with a token has an API key: all count together".to_owned();
            say_anonymous(&provider.report(findings), limit, message);
        }
    }
    for limit in document.limits.iter().filter(|limit| agents().all(|agent| is_anonymous(limit, agent))) {
        if agents().next().is_some() {
            let message =
                format!("no caller of any agent has {}: all count together", named(&limit.per.value));
            say_anonymous(&limit.report(findings), limit, message);
        }
    }
}

/// Whether no caller of the agent can have what the limit counts by.
fn is_anonymous(limit: &LimitSettings, agent: &AgentEntry) -> bool {
    match (&limit.per.value, &agent.auth.value) {
        (Per::Address | Per::Agent, _)
        | (Per::Principal, Auth::OAuth(_) | Auth::ApiKey(_))
        | (Per::ClientId | Per::Claim(_), Auth::OAuth(_))
        | (Per::ApiKey, Auth::ApiKey(_)) => false,
        (Per::Principal | Per::ClientId | Per::Claim(_) | Per::ApiKey, _) => true,
    }
}

fn named(per: &Per) -> String {
    match per {
        Per::Principal => "a principal".to_owned(),
        Per::ClientId => "a client id".to_owned(),
        Per::ApiKey => "an API key".to_owned(),
        Per::Address => "an address".to_owned(),
        Per::Agent => "an agent".to_owned(),
        Per::Claim(name) => format!("the claim `{name}`"),
    }
}

fn say_anonymous(report: &Report<'_>, limit: &LimitSettings, message: String) {
    report.say(
        Code::AnonymousLimit,
        limit.per.place,
        message,
        "write `per: address`, or `per: agent` if that is meant",
    );
}

/// Limits that count together must permit the same.
fn same_everywhere(findings: &Findings, document: &Document) {
    let mut seen: HashMap<&str, (&LimitSettings, (&Source, Place))> = HashMap::new();
    for (source, limit) in all(document).filter(|(_, limit)| limit.scope.value == LimitScope::Everywhere) {
        let here = (source, limit.name.place);
        let (first, other) = *seen.entry(&limit.name.value).or_insert((limit, here));
        let is_same = first.measure() == limit.measure()
            && first.per.value == limit.per.value
            && first.count == limit.count
            && first.fleetwide() == limit.fleetwide();
        if !is_same {
            let message = format!(
                "`{}` counts everywhere, and permits something else in another place",
                limit.name.value
            );
            let help = "give both the same numbers, another name to one of them, or `scope: agent`";
            Report::new(findings, source).clash_with(Code::LimitConflict, here.1, other, message, help);
        }
    }
}

/// Members that count together need a place where they do.
fn counted_somewhere(findings: &Findings, document: &Document) {
    if document.server.shared_state.is_some() {
        return;
    }
    for (source, limit) in all(document).filter(|(_, limit)| limit.counting() != Counting::LocalShare) {
        let message =
            format!("the limit `{}` counts over all members, and nothing says where", limit.name.value);
        const ADD: &str = "add `server: { shared_state: { redis: { url: \"redis://HOST:6379\" } } }` at each member, or write";
        let (place, instead) = match (&limit.quota, limit.counting) {
            (Some(quota), _) => (quota.place, "`rate: 1000/1d`, which is refilled steadily"),
            (None, Some(counting)) => (counting.place, "`counting: local_share`"),
            (None, None) => (limit.name.place, "`counting: local_share`"),
        };
        Report::new(findings, source).say(Code::LimitCounting, place, message, format!("{ADD} {instead}"));
    }
}

/// Every limit, with its source.
fn all(document: &Document) -> impl Iterator<Item = (&Source, &LimitSettings)> {
    let global = document.limits.iter().map(|limit| (&limit.source, &limit.settings));
    let agents =
        document.agents.iter().flat_map(|agent| agent.limits.iter().map(|limit| (&agent.source, limit)));
    let providers = document.identity_providers.iter();
    let providers =
        providers.flat_map(|provider| provider.limits.iter().map(|limit| (&provider.source, limit)));
    global.chain(providers).chain(agents)
}

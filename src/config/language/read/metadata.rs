//! What clients are told about agents (RFC 9728): the root of a host speaks for one agent, and the URL of an agent is known.

use super::super::document::Document;
use super::super::settings::agent::{AgentEntry, Auth, Spoken};
use crate::config::text::code::Code;
use crate::config::text::findings::Findings;
use crate::config::text::source::Place;
use crate::model::HostRule;

/// Checks what all agents together say to clients.
pub(super) fn check(findings: &Findings, document: &Document) {
    roots(findings, document);
    for agent in &document.agents {
        let is_known = agent.public_url.is_some() || document.server.public_url.is_some();
        if agent.protocol != Spoken::Http && agent.route.hosts.is_empty() && !is_known {
            let message =
                "without `public_url` the URL that clients compare with theirs is taken from each request";
            let help = "write `public_url` here or in `server`, or give the route a host";
            agent.report(findings).say(Code::PublicUrlMissing, agent.route.place, message, help);
        }
    }
}

/// An agent that clients are told about at the root of its hosts, and the line by which it is.
struct Root<'d> {
    agent: &'d AgentEntry,
    place: Place,
}

/// Refuses two such agents on one host.
fn roots(findings: &Findings, document: &Document) {
    let marked: Vec<Root<'_>> = document.agents.iter().filter_map(|agent| marked(agent)).collect();
    if marked.is_empty() {
        return;
    }
    let at_root = document.agents.iter().filter_map(|agent| at_root(agent));
    let all: Vec<Root<'_>> = at_root.chain(marked).collect();
    for (index, root) in all.iter().enumerate() {
        let before = all.iter().take(index).find(|other| share_a_host(other.agent, root.agent));
        let Some(other) = before else { continue };
        let message = format!("the root of a host speaks for `{}` already", other.agent.id.value);
        let help = "keep `root_metadata: true` at one agent of a host; the route `/` has its root anyhow";
        let first = (&other.agent.source, other.place);
        root.agent.report(findings).clash_with(Code::RootMetadata, root.place, first, message, help);
    }
}

fn marked(agent: &AgentEntry) -> Option<Root<'_>> {
    let root = agent.mcp.as_ref().map(|mcp| mcp.root_metadata).filter(|root| root.value)?;
    Some(Root { agent, place: root.place })
}

/// The agent whose route is the root, unless it is marked too.
fn at_root(agent: &AgentEntry) -> Option<Root<'_>> {
    let has_metadata = matches!(agent.auth.value, Auth::OAuth(_));
    let is_root = agent.route.path == "/" && has_metadata && marked(agent).is_none();
    is_root.then_some(Root { agent, place: agent.route.place })
}

fn share_a_host(a: &AgentEntry, b: &AgentEntry) -> bool {
    let (a, b) = (&a.route.hosts, &b.route.hosts);
    a.is_empty() || b.is_empty() || a.iter().any(|a| b.iter().any(|b| overlap(a, b)))
}

fn overlap(a: &HostRule, b: &HostRule) -> bool {
    match (a, b) {
        (HostRule::Exact(host), rule) | (rule, HostRule::Exact(host)) => rule.covers(host),
        (HostRule::OneBelow(a), HostRule::OneBelow(b)) => a == b,
    }
}

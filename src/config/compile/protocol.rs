//! What an agent speaks, compiled.

use std::sync::Arc;

use super::card;
use super::input::Input;
use super::made::{FromFiles, Providers};
use super::session_keys;
use crate::authn::SessionKeySource;
use crate::authz::requested_scopes;
use crate::config::language::settings::agent::{AgentEntry, Mcp, Origins, Spoken};
use crate::protocol::ResourceForms;
use crate::protocol::a2a::PushHosts;
use crate::routing::{A2aAgent, AllowedOrigins, CardPlan, McpAgent, Protocol, Route, UpstreamChallenge};

/// What this agent speaks. Nothing when the file of its card cannot be used, which was reported.
pub(super) fn spoken(
    input: &Input<'_>,
    providers: &Providers,
    from: &FromFiles,
    entry: &AgentEntry,
    route: &Route,
) -> Option<Protocol> {
    Some(match entry.protocol {
        Spoken::Http => Protocol::Http,
        Spoken::Mcp => Protocol::Mcp(Box::new(mcp(entry, session_keys::source(&from.sessions, entry)?))),
        Spoken::A2a => Protocol::A2a(Arc::new(a2a(entry, card::plan(input, providers, entry, route)?))),
    })
}

/// What becomes of its own challenges: clients of an agent that speaks HTTP may know them, as before.
pub(super) fn upstream_challenge(entry: &AgentEntry) -> UpstreamChallenge {
    match entry.protocol {
        Spoken::Http => UpstreamChallenge::Pass,
        Spoken::Mcp | Spoken::A2a => entry.upstream_challenge,
    }
}

/// The A2A side of an agent.
fn a2a(entry: &AgentEntry, plan: CardPlan) -> A2aAgent {
    let written = entry.a2a.as_deref().cloned().unwrap_or_default();
    let max_message = usize::try_from(written.max_message).unwrap_or(usize::MAX);
    A2aAgent::new(plan, max_message, PushHosts::new(written.push.allow_hosts.into_iter().map(Into::into)))
}

/// The paths under which clients know an agent that speaks MCP.
pub(super) fn forms(entry: &AgentEntry) -> ResourceForms {
    match &entry.mcp {
        Some(written) => ResourceForms::new(&entry.route.path, &written.endpoint),
        None => ResourceForms::new(&entry.route.path, &Mcp::default().endpoint),
    }
}

/// The MCP side of an agent.
fn mcp(entry: &AgentEntry, sessions: SessionKeySource) -> McpAgent {
    let written = entry.mcp.as_deref().cloned().unwrap_or_default();
    let scopes = requested_scopes(written.scopes_supported.iter().map(|scope| &**scope));
    McpAgent {
        forms: forms(entry),
        scopes_supported: scopes.into_iter().map(Into::into).collect(),
        resource_name: written.resource_name.map(Into::into),
        documentation: written.documentation.map(Into::into),
        root_metadata: written.root_metadata.value,
        origins: origins(entry, written.allowed_origins),
        max_message: usize::try_from(written.max_message).unwrap_or(usize::MAX),
        trust_mirrored_headers: written.trust_mirrored_headers,
        sessions,
        listing: written.listing,
        max_list: usize::try_from(written.max_list).unwrap_or(usize::MAX),
    }
}

/// The origins whose pages may call: those that are written, else those of the cross-origin rules.
fn origins(entry: &AgentEntry, written: Option<Origins>) -> AllowedOrigins {
    let of_cors = || entry.cors.as_ref().map(|cors| cors.allowed_origins.clone().unwrap_or(Origins::Any));
    match written.or_else(of_cors) {
        Some(Origins::Any) => AllowedOrigins::Any,
        Some(Origins::These(list)) => AllowedOrigins::These(list.into()),
        None => AllowedOrigins::Unsaid,
    }
}

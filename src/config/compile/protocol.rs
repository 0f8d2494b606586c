//! What an agent speaks, compiled.

use crate::config::language::settings::agent::{AgentEntry, Origins, Spoken};
use crate::protocol::ResourceForms;
use crate::routing::{AllowedOrigins, McpAgent, Protocol, UpstreamChallenge};

/// The longest message that is read of an MCP agent.
const MAX_MESSAGE: usize = 1 << 20;

/// The scope that asks for a refresh token. It is no right at an agent, so that agents do not ask for it.
const OFFLINE_ACCESS: &str = "offline_access";

/// What this agent speaks.
pub(super) fn spoken(entry: &AgentEntry) -> Protocol {
    match entry.protocol {
        Spoken::Http => Protocol::Http,
        Spoken::Mcp => Protocol::Mcp(Box::new(mcp(entry))),
    }
}

/// What becomes of its own challenges: clients of an agent that speaks HTTP may know them, as before.
pub(super) fn upstream_challenge(entry: &AgentEntry) -> UpstreamChallenge {
    match entry.protocol {
        Spoken::Http => UpstreamChallenge::Pass,
        Spoken::Mcp => entry.upstream_challenge,
    }
}

fn mcp(entry: &AgentEntry) -> McpAgent {
    let written = entry.mcp.as_deref().cloned().unwrap_or_default();
    let scopes = written.scopes_supported.into_iter().filter(|scope| scope != OFFLINE_ACCESS);
    McpAgent {
        forms: ResourceForms::new(&entry.route.path, &written.endpoint),
        scopes_supported: scopes.map(Into::into).collect(),
        resource_name: written.resource_name.map(Into::into),
        documentation: written.documentation.map(Into::into),
        root_metadata: written.root_metadata.value,
        origins: origins(entry, written.allowed_origins),
        max_message: MAX_MESSAGE,
        trust_mirrored_headers: false,
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

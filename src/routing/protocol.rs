//! The protocol that an agent speaks, as far as the gateway takes part in it.

use std::sync::Arc;

use crate::authn::SessionKeySource;
use crate::authz::Listing;
use crate::protocol::ResourceForms;

use super::a2a::A2aAgent;
use super::allowed_origin::AllowedOrigins;

/// What an agent speaks.
#[derive(Debug, Clone, Default)]
pub enum Protocol {
    /// HTTP, of which the gateway reads the heads alone.
    #[default]
    Http,
    /// MCP over HTTP.
    Mcp(Box<McpAgent>),
    /// A2A over HTTP.
    A2a(Arc<A2aAgent>),
}

impl Protocol {
    /// The A2A side of the agent, if it has one.
    #[must_use]
    pub const fn a2a(&self) -> Option<&Arc<A2aAgent>> {
        match self {
            Self::A2a(agent) => Some(agent),
            Self::Http | Self::Mcp(_) => None,
        }
    }

    /// The keys that seal the sessions of the agent; `None` where it has no sessions.
    #[must_use]
    pub const fn sessions(&self) -> Option<&SessionKeySource> {
        match self {
            Self::Mcp(mcp) => Some(&mcp.sessions),
            Self::Http | Self::A2a(_) => None,
        }
    }
}

impl Protocol {
    /// The media types that messages to the agent may have: that of JSON-RPC, and that of A2A's binding HTTP+JSON (A2A 1.0
    /// section 14.1).
    #[must_use]
    pub const fn media_types(&self) -> &'static [&'static str] {
        match self {
            Self::Http | Self::Mcp(_) => &["application/json"],
            Self::A2a(_) => &["application/json", "application/a2a+json"],
        }
    }
}

/// The form of an error that the gateway gives to a client of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorForm {
    /// A problem document.
    Problem,
    /// An error of JSON-RPC.
    JsonRpc,
    /// An error of A2A's binding HTTP+JSON.
    Rest,
}

/// An agent that speaks MCP.
#[derive(Debug, Clone)]
pub struct McpAgent {
    /// The paths under which clients know it.
    pub forms: ResourceForms,
    /// The scopes that its clients should ask for; empty = those of its rules.
    pub scopes_supported: Box<[Box<str>]>,
    /// The name that clients show; `None` = that for people.
    pub resource_name: Option<Box<str>>,
    /// Where people read about it.
    pub documentation: Option<Box<str>>,
    /// Whether the roots of its hosts tell clients about it too.
    pub root_metadata: bool,
    /// The origins whose pages may call it.
    pub origins: AllowedOrigins,
    /// The longest message that is read, in bytes.
    pub max_message: usize,
    /// Whether `Mcp-Method` and `Mcp-Name` are believed, since the agent compares them with the message itself.
    pub trust_mirrored_headers: bool,
    /// The keys that seal the ids of its sessions.
    pub sessions: SessionKeySource,
    /// Which entries lists show, where the agent has rules by operation.
    pub listing: Listing,
    /// The longest list that is read, in bytes.
    pub max_list: usize,
}

impl Protocol {
    /// Whether an agent with rules by operation has this path: its endpoint alone, since nothing is known of what happens
    /// elsewhere.
    pub(super) fn serves(&self, path: &str) -> bool {
        match self {
            Self::Http | Self::A2a(_) => true,
            Self::Mcp(mcp) => mcp.forms.is_endpoint(path),
        }
    }
}

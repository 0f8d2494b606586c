//! The URLs under which callers reach an agent.

use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::http::{HeaderMap, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Snapshot;
use crate::model::{Host, HostRule};
use crate::protocol::{RESOURCE_METADATA, ResourceForm, metadata_url_in_challenge};
use crate::routing::{Agent, Protocol};

/// What says how callers reach an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OriginSource {
    /// `public_url` of the agent.
    Agent,
    /// `server.public_url`.
    Server,
    /// The first listener, since nobody has said; a client's request may name another host.
    Listener,
}

/// How callers reach an agent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// Scheme and authority; empty for a gateway that listens nowhere.
    pub(super) origin: String,
    /// The prefix of every path, which something in front of the gateway removes.
    base: String,
    /// What says so.
    pub(super) source: OriginSource,
}

impl Reached {
    /// The agent's own public URL, else that of the gateway with a host of the agent's route, else the first listener; one
    /// on all addresses gets the host by which the operator reached the admin listener.
    pub(super) fn of(live: &Snapshot, agent: &Agent, headers: &HeaderMap) -> Self {
        if let Some(origin) = &agent.public_url {
            return Self { origin: origin.to_string(), base: String::new(), source: OriginSource::Agent };
        }
        if let Some(public) = &live.public_url {
            let has_it = agent.route.hosts.iter().any(|host| host.covers(public.host()));
            let origin = public.origin(host_of(agent).filter(|_| !has_it).as_deref());
            return Self { origin, base: public.base().to_owned(), source: OriginSource::Server };
        }
        let origin = listener(live, agent, headers);
        Self { origin, base: String::new(), source: OriginSource::Listener }
    }

    /// Whether settings say it, so that it is the same for every client.
    pub(super) fn is_configured(&self) -> bool {
        self.source != OriginSource::Listener
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.base)
    }

    /// The URL of the metadata of the resource at a path.
    pub(super) fn metadata_url(&self, path: &str) -> String {
        format!("{}{RESOURCE_METADATA}{}{path}", self.origin, self.base)
    }

    /// The same in a challenge.
    pub(super) fn challenged(&self, path: &str) -> String {
        metadata_url_in_challenge(&self.origin, &format!("{}{path}", self.base))
    }

    /// The URL of the agent.
    pub(super) fn agent(&self, agent: &Agent) -> String {
        self.url(if agent.route.path.is_empty() { "/" } else { &agent.route.path })
    }

    /// The URL that people give to their client. One that speaks A2A resolves the place of the card against it, so that a
    /// base without a slash at its end would lose its last segment.
    pub(super) fn client(&self, agent: &Agent) -> String {
        match &agent.protocol {
            Protocol::Http => self.agent(agent),
            Protocol::Mcp(mcp) => self.url(&mcp.forms.path(ResourceForm::ENDPOINT)),
            Protocol::A2a(_) => self.url(&format!("{}/", agent.route.path)),
        }
    }
}

fn listener(live: &Snapshot, agent: &Agent, headers: &HeaderMap) -> String {
    let Some(listener) = live.server.listeners.first() else { return String::new() };
    let address: SocketAddr = listener.address.value;
    let (scheme, usual) = if listener.tls.is_none() { ("http", 80) } else { ("https", 443) };
    let asked =
        headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(|h| Host::parse(h).ok());
    let host = match (host_of(agent), asked) {
        (Some(host), _) => host,
        (None, Some(asked)) if address.ip().is_unspecified() => asked.as_str().to_owned(),
        (None, _) if address.is_ipv6() => format!("[{}]", address.ip()),
        (None, _) => address.ip().to_string(),
    };
    let mut origin = format!("{scheme}://{host}");
    if address.port() != usual {
        // Writing to a string does not fail.
        let _written = write!(origin, ":{}", address.port());
    }
    origin
}

/// The host of an agent's URL: the first without a wildcard, or the first.
fn host_of(agent: &Agent) -> Option<String> {
    let hosts = &agent.route.hosts;
    let exact = hosts.iter().find(|host| matches!(host, HostRule::Exact(_)));
    exact.or_else(|| hosts.first()).map(HostRule::to_string)
}

//! The URL under which callers reach an agent.

use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::http::{HeaderMap, header};

use crate::config::Snapshot;
use crate::model::{Host, HostRule};
use crate::routing::Agent;

/// The URL of an agent: its own public URL, else that of the gateway with a host of the agent's route. Without a public URL, the first listener; a
/// listener on all addresses gets the host by which the operator reached the admin listener.
pub(super) fn url(live: &Snapshot, agent: &Agent, headers: &HeaderMap) -> String {
    let path = if agent.route.path.is_empty() { "/" } else { &agent.route.path };
    if let Some(origin) = &agent.public_url {
        return format!("{origin}{path}");
    }
    if let Some(public) = &live.public_url {
        let has_it = agent.route.hosts.iter().any(|host| host.covers(public.host()));
        return public.of(host_of(agent).filter(|_| !has_it).as_deref(), path);
    }
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
    let mut url = format!("{scheme}://{host}");
    if address.port() != usual {
        // Writing to a string does not fail.
        let _written = write!(url, ":{}", address.port());
    }
    url + path
}

/// The host of an agent's URL: the first without a wildcard, or the first.
fn host_of(agent: &Agent) -> Option<String> {
    let hosts = &agent.route.hosts;
    let exact = hosts.iter().find(|host| matches!(host, HostRule::Exact(_)));
    exact.or_else(|| hosts.first()).map(HostRule::to_string)
}

//! The target of the request that `portcullis explain` is about, and what to say of one that does not reach the agent.

use http::Method;

use crate::config::Snapshot;
use crate::model::{CanonicalPath, Host, HostRule};
use crate::routing::Agent;

/// The target of a request: a path, or a whole URL.
pub(super) struct Target<'a> {
    pub(super) is_https: bool,
    pub(super) host: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (host, rest) = match text.split_once("://") {
            Some((_, rest)) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let (host, path) = rest.split_at_checked(end)?;
                (Some(host), if path.is_empty() { "/" } else { path })
            }
            None => (None, text),
        };
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let is_https = text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        Some(Self { is_https, host, path, query })
    }
}

/// Says when such a request would not reach the agent at all.
pub(super) fn route_note(
    snapshot: &Snapshot,
    agent: &Agent,
    method: Option<&str>,
    target: &str,
) -> Option<String> {
    let own = agent.route.hosts.first().map(HostRule::example);
    let Target { is_https: _, host, path, query: _ } = Target::of(target)?;
    let host = host.or(own.as_deref());
    let canonical = match CanonicalPath::parse(path.as_bytes()) {
        Ok(path) => path,
        Err(error) => return Some(format!("a request for {path} gets 400: {error}")),
    };
    let host = host.and_then(|host| Host::parse(host).ok());
    let found = snapshot.router.at(host.as_ref().map(Host::as_str), &canonical);
    match found {
        Some(other) if other.name == agent.name => {
            let method = Method::from_bytes(method?.as_bytes()).ok()?;
            let methods = agent.route.methods.as_ref().filter(|methods| !methods.allows(&method))?;
            let allow = methods.allow().to_str().unwrap_or_default();
            Some(format!("a request with {method} gets 405: the route takes {allow}"))
        }
        Some(other) => {
            Some(format!("a request for {path} goes to agent `{}`, not to `{}`", other.name, agent.name))
        }
        None => Some(format!("a request for {path} reaches no agent (404)")),
    }
}

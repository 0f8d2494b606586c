//! The backends of a route: hosts, and servers of MCP that are reached over HTTP.

use super::super::item::Item;
use super::super::place::{authority, web_url};

/// Where requests go.
pub(super) struct Backend<'a> {
    /// Scheme and authority.
    pub(super) url: String,
    /// The path of a server of MCP; empty for others.
    pub(super) path: String,
    /// The name of a server of MCP.
    pub(super) name: Option<&'a str>,
    /// Where it was written.
    pub(super) item: Item<'a>,
}

/// The policies that stand at backends and at the servers behind them.
pub(super) fn policies<'a>(backends: &[Item<'a>]) -> Vec<Item<'a>> {
    let mut found = Vec::new();
    for backend in backends {
        found.extend(backend.get("policies"));
        let targets = backend.get("mcp").map(|mcp| mcp.list("targets")).unwrap_or_default();
        found.extend(targets.iter().filter_map(|target| target.get("policies")));
    }
    found
}

/// The servers of MCP among `targets`.
pub(super) fn targets<'a>(targets: &[Item<'a>], scheme: &str) -> Vec<Backend<'a>> {
    let mut found = Vec::new();
    for target in targets {
        let name = target.keep("name");
        let Some(server) = target.get("mcp") else {
            if let Some(program) = target.get("stdio") {
                program.cannot("the gateway runs no programs: let the server speak HTTP, and write its URL");
            } else {
                target.cannot("only servers of MCP over streamable HTTP are imported");
            }
            continue;
        };
        let Some(host) = server.get("host") else {
            server.cannot("it has no `host`");
            continue;
        };
        let text = host.text().unwrap_or_default();
        let (base, path) = match web_url(text) {
            Ok(url) => {
                let port = url.port().map(|port| port.to_string());
                let name = url.host_str().unwrap_or_default();
                (format!("{}://{}", url.scheme(), authority(name, port.as_deref())), url.path().to_owned())
            }
            Err(why) if text.contains("://") => {
                host.cannot(why);
                continue;
            }
            Err(_) => {
                let path = server.keep("path").unwrap_or("/mcp").to_owned();
                (format!("{scheme}://{}", authority(text, server.keep("port"))), path)
            }
        };
        host.kept();
        found.push(Backend { url: base, path, name, item: *target });
    }
    found
}

/// The backends of a route.
pub(super) fn read<'a>(route: Item<'a>, scheme: &str) -> Vec<Backend<'a>> {
    let mut found = Vec::new();
    for backend in route.list("backends") {
        if let Some(mcp) = backend.get("mcp") {
            found.extend(targets(&mcp.list("targets"), scheme));
        } else if let Some(host) = backend.get("host") {
            host.kept();
            let url = format!("{scheme}://{}", host.text().unwrap_or_default());
            found.push(Backend { url, path: String::new(), name: None, item: backend });
        } else {
            backend.cannot("only hosts and servers of MCP are imported");
        }
        if let Some(weight) = backend.get("weight") {
            weight.changed("all targets have the same weight; `targets[].weight` is 0 to 100");
        }
    }
    found
}

//! A service of Traefik: where an agent runs, and how its certificate is verified.

use serde_json::{Map, Value};

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::named::find;

/// Where an agent runs.
pub(super) struct Backend {
    pub(super) urls: Vec<String>,
    /// The settings of `upstream` beside them.
    pub(super) rest: Map<String, Value>,
}

/// Reads a service; `None` for one of another kind, or without servers.
pub(super) fn read(service: Item<'_>, transports: &[(&str, Item<'_>)]) -> Option<Backend> {
    let balancer = service.get("loadBalancer")?;
    let mut rest = Map::new();
    let servers = balancer.list("servers");
    let urls: Vec<String> = servers.iter().filter_map(|server| url(*server, &mut rest)).collect();
    let is_h2c =
        |server: &Item<'_>| server.get("url").and_then(Item::text).is_some_and(|url| url.starts_with("h2c:"));
    if servers.iter().any(is_h2c) && !servers.iter().all(is_h2c) {
        balancer.changed("all of its servers are spoken to by h2c here");
    }
    // Traefik hands the caller's `Host` on.
    match balancer.get("passHostHeader") {
        Some(pass) if pass.is_false() => {
            pass.kept();
        }
        pass => {
            pass.into_iter().for_each(|pass| {
                pass.kept();
            });
            rest.insert("host".to_owned(), "preserve".into());
        }
    }
    if urls.len() > 1 {
        rest.insert("balance".to_owned(), "round_robin".into());
    }
    if let Some(sticky) = balancer.get("sticky") {
        sticky.changed("see `upstream.affinity`");
    }
    if let Some(name) = balancer.get("serversTransport") {
        match name.text().and_then(|name| find(transports, name)) {
            Some(transport) => {
                name.kept();
                verification(transport, &mut rest);
            }
            None => name.changed("it is not in the files: the system's trust counts"),
        }
    }
    (!urls.is_empty()).then_some(Backend { urls, rest })
}

/// The URL of a server. Traefik does not use its path, unless it is told to.
fn url(server: Item<'_>, rest: &mut Map<String, Value>) -> Option<String> {
    let item = server.get("url")?;
    if let Some(weight) = server.get("weight") {
        weight.changed("all targets have the same weight; `targets[].weight` is 0 to 100");
    }
    let Ok(mut url) = url::Url::parse(item.text()?) else {
        item.cannot("this is no URL");
        return None;
    };
    let has_password = !url.username().is_empty() || url.password().is_some();
    let keeps_path = server.get("preservePath").map(Item::kept).is_some_and(Item::is_true);
    let loses_path = !keeps_path && !matches!(url.path(), "" | "/");
    let is_h2c = url.scheme() == "h2c";
    if is_h2c {
        rest.insert("protocol".to_owned(), "h2c".into());
    }
    if has_password {
        item.changed("without its password, which was not read: see `set_headers`");
    }
    if loses_path {
        item.changed("without its path, which Traefik does not use without `preservePath`");
    }
    if !has_password && !loses_path {
        item.kept();
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = if loses_path { "" } else { url.path().trim_end_matches('/') };
    let host = url.host_str()?;
    let scheme = if is_h2c { "http" } else { url.scheme() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}{path}"))
}

fn verification(transport: Item<'_>, rest: &mut Map<String, Value>) {
    if let Some(skip) = transport.get("insecureSkipVerify") {
        if skip.is_true() {
            skip.weak(
                Verdict::Changed,
                "Traefik verifies no certificate of this upstream; here it is verified",
            );
        } else {
            skip.kept();
        }
    }
    if let Some(name) = transport.keep("serverName") {
        rest.insert("server_name".to_owned(), name.into());
    }
    for (number, ca) in transport.list("rootCAs").into_iter().enumerate() {
        match (number, ca.text()) {
            (0, Some(file)) if !file.contains("-----BEGIN ") => {
                ca.kept();
                rest.insert("ca_file".to_owned(), file.into());
            }
            _ => ca.cannot("one file holds all certificates: put them together, and name it in `ca_file`"),
        }
    }
    for (number, pair) in transport.list("certificates").into_iter().enumerate() {
        match (number, pair.get("certFile"), pair.get("keyFile")) {
            (0, Some(cert), Some(key)) if !key.text().is_some_and(|text| text.contains("-----BEGIN ")) => {
                for (item, ours) in [(cert, "cert_file"), (key, "key_file")] {
                    rest.insert(ours.to_owned(), item.kept().text().unwrap_or_default().into());
                }
            }
            _ => pair.cannot("one certificate is shown, and it and its key stand in files"),
        }
    }
    let is_harmless =
        |name: &str| matches!(name, "maxIdleConnsPerHost" | "disableHTTP2" | "forwardingTimeouts");
    transport.rest_is_weak(is_harmless);
}

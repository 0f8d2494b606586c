//! A service and its routes: an agent for each path.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::super::draft::{Draft, upstream};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::{HostAs, authority, host, route_path};
use super::credential::Credentials;
use super::plugin::{self, Said};

/// What all services have in common.
pub(super) struct Context<'c, 'a> {
    pub(super) credentials: &'c Credentials,
    pub(super) plugins: &'c [Item<'a>],
    pub(super) upstreams: &'c [Item<'a>],
    pub(super) draft: &'c mut Draft,
}

/// Where a service runs.
struct Backend {
    urls: Vec<String>,
    path: String,
    rest: Map<String, Value>,
}

/// Reads a service with its routes.
pub(super) fn read<'a>(
    service: Item<'a>,
    routes: &[Item<'a>],
    context: &mut Context<'_, 'a>,
    made: &mut Vec<Neighbour<'a>>,
) {
    if service.get("enabled").and_then(Item::text) == Some("false") {
        service.changed("it is off in Kong, and left out here");
        return;
    }
    let Some(backend) = backend(service, context.upstreams) else {
        service.cannot("where it runs cannot be imported, so it is left out");
        return;
    };
    let name = service.get("name").and_then(Item::text).unwrap_or_default();
    for route in routes {
        let route_name = route.keep("name").unwrap_or_default();
        let plugins = plugins(*route, service, (route_name, name), context.plugins);
        let said = plugin::read(&plugins, context.credentials, context.draft);
        let wanted = if route_name.is_empty() { name } else { route_name };
        agents(*route, (wanted, &backend, &said), context.draft, made);
    }
}

/// The plugins of a route, the nearest first.
fn plugins<'a>(route: Item<'a>, service: Item<'a>, names: (&str, &str), all: &[Item<'a>]) -> Vec<Item<'a>> {
    let mut plugins = route.list("plugins");
    let of = |kind: &str, name: &str| -> Vec<Item<'a>> {
        let mut found = all.to_vec();
        found.retain(|plugin| !name.is_empty() && plugin.named(kind) == Some(name));
        found
    };
    plugins.extend(of("route", names.0));
    plugins.extend(service.list("plugins"));
    plugins.extend(of("service", names.1));
    let everywhere = |plugin: &Item<'_>| {
        ["route", "service", "consumer", "consumer_group"].iter().all(|kind| plugin.get(kind).is_none())
    };
    plugins.extend(all.iter().copied().filter(everywhere));
    plugins
}

fn backend(service: Item<'_>, upstreams: &[Item<'_>]) -> Option<Backend> {
    let (protocol, name, port, path) = match service.get("url") {
        Some(item) => {
            let url = url::Url::parse(item.text()?).ok()?;
            item.kept();
            (url.scheme().to_owned(), url.host_str()?.to_owned(), url.port(), url.path().to_owned())
        }
        None => {
            let protocol = service.keep("protocol").unwrap_or("http").to_owned();
            let port = service.keep("port").and_then(|port| port.parse().ok());
            let path = service.keep("path").unwrap_or_default().to_owned();
            (protocol, service.keep("host")?.to_owned(), port, path)
        }
    };
    let scheme = match protocol.as_str() {
        "http" | "grpc" => "http",
        "https" | "grpcs" => "https",
        _ => return None,
    };
    let mut rest = Map::new();
    if protocol == "grpc" {
        rest.insert("protocol".to_owned(), "h2c".into());
    }
    let named = upstreams.iter().find(|upstream| upstream.get("name").and_then(Item::text) == Some(&name));
    let urls = match named {
        Some(upstream) => targets(*upstream, scheme),
        None => {
            vec![format!("{scheme}://{}", authority(&name, port.map(|port| port.to_string()).as_deref()))]
        }
    };
    if urls.is_empty() {
        return None;
    }
    if scheme == "https" {
        verification(service);
    }
    times(service, &mut rest);
    Some(Backend { urls, path, rest })
}

fn targets(upstream: Item<'_>, scheme: &str) -> Vec<String> {
    upstream.keep("name");
    let mut urls = Vec::new();
    for target in upstream.list("targets") {
        if let Some(text) = target.keep("target") {
            urls.push(format!("{scheme}://{text}"));
        }
        if let Some(weight) = target.get("weight") {
            weight.changed("all targets have the same weight; `targets[].weight` is 0 to 100");
        }
    }
    if let Some(algorithm) = upstream.get("algorithm") {
        algorithm.changed("`balance: least_in_flight`; there are `round_robin` and `hash` too");
    }
    urls
}

fn verification(service: Item<'_>) {
    match service.get("tls_verify") {
        Some(verify) if verify.is_true() => {
            verify.kept();
        }
        Some(verify) => {
            verify
                .weak(Verdict::Changed, "Kong verifies no certificate of this upstream; here it is verified");
        }
        None => {
            let why = "without `tls_verify: true` Kong verifies no certificate of this upstream; here it is verified";
            service.weak(Verdict::Changed, why);
        }
    }
    if let Some(certificates) = service.get("ca_certificates") {
        certificates.changed("certificates of Kong's store: put them into a file, and name it in `ca_file`");
    }
    if let Some(shown) = service.get("client_certificate") {
        shown.cannot(
            "a certificate of Kong's store: put it into files, and name them in `cert_file` and `key_file`",
        );
    }
}

/// Kong's times are milliseconds.
fn times(service: Item<'_>, rest: &mut Map<String, Value>) {
    for (name, ours, most) in
        [("connect_timeout", "connect_timeout", 600_000), ("read_timeout", "response_timeout", 86_400_000)]
    {
        let Some(item) = service.get(name) else { continue };
        let millis = item.text().and_then(|text| text.parse::<u64>().ok()).unwrap_or(60_000).clamp(1, most);
        rest.insert(ours.to_owned(), show_duration(Duration::from_millis(millis)).into());
        if ours == name {
            item.kept();
        } else {
            item.changed("`response_timeout` ends with the head of the answer; `stream_idle_timeout` is off");
        }
    }
    if let Some(write) = service.get("write_timeout") {
        write.cannot("there is no such limit");
    }
    if let Some(retries) = service.get("retries") {
        retries.changed("requests are sent again to another target only, as `upstream.retry` says");
    }
}

fn agents<'a>(
    route: Item<'a>,
    (wanted, backend, said): (&str, &Backend, &Said),
    draft: &mut Draft,
    made: &mut Vec<Neighbour<'a>>,
) {
    for kind in ["headers", "snis", "sources", "destinations"] {
        if route.get(kind).is_some() {
            route.weak(Verdict::Cannot, "it matches by more than host, path and methods, so it is left out: another route may get its requests");
            return;
        }
    }
    let auth = said.auth.clone().unwrap_or_else(|| {
        route.weak(Verdict::Kept, "no plugin asks for a credential here, so the agent is public");
        "public".into()
    });
    route.keep_all(&["protocols", "https_redirect_status_code", "path_handling"]);
    let Some(hosts) = hosts(route) else { return };
    let paths = route.list("paths");
    let all = paths.iter().map(|item| (*item, item.text().unwrap_or_default()));
    let whole = paths.is_empty().then_some((route, "/"));
    for (item, text) in all.chain(whole) {
        if text.starts_with('~') {
            match auth == "public" {
                true => item.cannot("a regular expression: the path is left out"),
                false => item.weak(
                    Verdict::Cannot,
                    "a regular expression: the path is left out, and another route may get its requests",
                ),
            }
            continue;
        }
        let path = match route_path(text) {
            Ok(path) => path,
            Err(why) => {
                item.cannot(why);
                continue;
            }
        };
        let spec = agent(route, &path, &hosts, (backend, said), &auth);
        if !draft.agent(wanted, spec) {
            item.cannot(format!("another agent has the path `{path}` already"));
            continue;
        }
        if !paths.is_empty() {
            item.kept();
        }
        made.push(Neighbour { path, written: text.to_owned(), reach: Reach::Text, auth: auth.clone(), item });
    }
}

/// The hosts of a route; empty for all, `None` when none of them can be had.
fn hosts(route: Item<'_>) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    let written = route.list("hosts");
    for item in &written {
        match host(item.text().unwrap_or_default(), true) {
            HostAs::Any | HostAs::No => item.cannot("no host that a route can have"),
            HostAs::Same(name) => {
                hosts.push(name);
                item.kept();
            }
            HostAs::Less(name, why) => {
                hosts.push(name);
                item.changed(why);
            }
        }
    }
    hosts.sort();
    hosts.dedup();
    if hosts.is_empty() && !written.is_empty() {
        route.cannot("it has no host that can be imported, so it is left out");
        return None;
    }
    Some(hosts)
}

fn agent(
    route: Item<'_>,
    path: &str,
    hosts: &[String],
    (backend, said): (&Backend, &Said),
    auth: &Value,
) -> Value {
    let mut spec = Map::new();
    spec.insert("path".to_owned(), path.into());
    match hosts {
        [] => {}
        [one] => {
            spec.insert("host".to_owned(), one.clone().into());
        }
        many => {
            spec.insert("hosts".to_owned(), json!(many));
        }
    }
    if let Some(methods) = route.get("methods") {
        spec.insert("methods".to_owned(), json!(methods.kept().texts()));
    }
    let strip = route.keep("strip_path") != Some("false");
    if strip && path != "/" {
        spec.insert("strip_path".to_owned(), true.into());
    }
    let mut rest = backend.rest.clone();
    if route.keep("preserve_host") == Some("true") {
        rest.insert("host".to_owned(), "preserve".into());
    }
    let mut agent = Map::new();
    agent.insert("route".to_owned(), Value::Object(spec));
    agent.insert("upstream".to_owned(), upstream(&backend.urls, &backend.path, rest));
    agent.insert("auth".to_owned(), auth.clone());
    if let Some(size) = &said.max_body {
        agent.insert("max_body".to_owned(), size.clone());
    }
    Value::Object(agent)
}

//! A service and its routes: an agent for each path.

use serde_json::{Map, Value};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::{HostAs, host, route_path};
use super::super::spec;
use super::backend::{self, Backend};
use super::credential::Credentials;
use super::plugin::{self, Said};

/// What all services have in common.
pub(super) struct Context<'c, 'a> {
    pub(super) credentials: &'c Credentials,
    pub(super) plugins: &'c [Item<'a>],
    pub(super) upstreams: &'c [Item<'a>],
    pub(super) draft: &'c mut Draft,
    /// Before format 3.0 a path is a regular expression when it has characters of one; from then on `~` says so.
    pub(super) paths_may_be_expressions: bool,
}

/// Reads a service with its routes.
pub(super) fn read<'a>(
    service: Item<'a>,
    routes: &[Item<'a>],
    context: &mut Context<'_, 'a>,
    made: &mut Vec<Neighbour<'a>>,
) {
    let name = service.keep("name").unwrap_or_default();
    if service.get("enabled").is_some_and(Item::is_false) {
        service.changed("it is off in Kong, and left out here");
        return;
    }
    service.keep_all(&["enabled", "id"]);
    let Some(backend) = backend::read(service, context.upstreams) else {
        service.left_out("where it runs cannot be imported");
        return;
    };
    for route in routes {
        let route_name = route.keep("name").unwrap_or_default();
        let plugins = plugins(*route, service, context.plugins);
        let said = plugin::read(&plugins, service, context.credentials, context.draft);
        let wanted = if route_name.is_empty() { name } else { route_name };
        agents(*route, (wanted, &backend, &said), context, made);
    }
}

/// The plugins of a route, the nearest first.
fn plugins<'a>(route: Item<'a>, service: Item<'a>, all: &[Item<'a>]) -> Vec<Item<'a>> {
    let is_everywhere = |plugin: &Item<'_>| {
        ["route", "service", "consumer", "consumer_group"].iter().all(|kind| plugin.get(kind).is_none())
    };
    let is_for_all =
        |plugin: &Item<'_>| plugin.get("consumer").is_none() && plugin.get("consumer_group").is_none();
    let mut plugins = route.list("plugins");
    let of = |kind: &str, item: Item<'a>| -> Vec<Item<'a>> {
        all.iter().copied().filter(|plugin| is_for_all(plugin) && plugin.refers(kind, item)).collect()
    };
    plugins.extend(of("route", route));
    plugins.extend(service.list("plugins"));
    plugins.extend(of("service", service));
    plugins.extend(all.iter().copied().filter(is_everywhere));
    plugins
}

fn agents<'a>(
    route: Item<'a>,
    (wanted, backend, said): (&str, &Backend, &Said),
    context: &mut Context<'_, 'a>,
    made: &mut Vec<Neighbour<'a>>,
) {
    for kind in ["headers", "snis", "sources", "destinations", "expression"] {
        if route.get(kind).is_some() {
            route.left_out("it matches by more than host, path and methods");
            return;
        }
    }
    let auth = said.auth.clone().unwrap_or_else(|| spec::unasked(route, said.unread));
    protocols(route);
    route.keep_all(&["id", "https_redirect_status_code", "path_handling", "service"]);
    let Some(hosts) = hosts(route) else { return };
    let paths = route.list("paths");
    let all = paths.iter().map(|item| (*item, item.text().unwrap_or_default()));
    let whole = paths.is_empty().then_some((route, "/"));
    for (item, text) in all.chain(whole) {
        let path = match path(text, context.paths_may_be_expressions) {
            Ok(path) => path,
            Err(why) if spec::is_public(&auth) => {
                item.cannot(why);
                continue;
            }
            Err(why) => {
                item.left_out(&why);
                continue;
            }
        };
        let mut spec = agent(route, &path, &hosts, (backend, said), &auth);
        spec::put_beside(&mut spec, said.cors.as_ref(), context.draft.limits(&said.limits(&auth)));
        let spec = Value::Object(spec);
        if !context.draft.agent(wanted, spec, item) {
            continue;
        }
        if !paths.is_empty() {
            item.kept();
        }
        let (written, auth, hosts) = (text.to_owned(), auth.clone(), hosts.clone());
        made.push(Neighbour { path, written, reach: Reach::Text, auth, hosts, rank: rank(route), item });
    }
}

/// Kong takes the route that asks for most, and looks at the length of paths only among those that ask for as much.
fn rank(route: Item<'_>) -> u64 {
    ["hosts", "paths", "methods"].into_iter().map(|kind| u64::from(!route.list(kind).is_empty())).sum()
}

/// The path as a prefix.
///
/// # Errors
/// Why it is none.
fn path(text: &str, may_be_expression: bool) -> Result<String, String> {
    if text.is_empty() {
        return Err("no path".to_owned());
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/%".contains(c);
    if text.starts_with('~') || may_be_expression && !text.chars().all(is_plain) {
        return Err("a regular expression".to_owned());
    }
    route_path(text)
}

/// Without `http` Kong refuses plain requests, or sends them elsewhere.
fn protocols(route: Item<'_>) {
    let Some(protocols) = route.get("protocols") else { return };
    if protocols.texts().iter().any(|protocol| matches!(*protocol, "http" | "grpc")) {
        protocols.kept();
    } else {
        protocols.changed("an agent answers on every listener: give `tls` to all of `server.listeners`");
    }
}

/// The hosts; empty for all, `None` when none of them can be had.
fn hosts(route: Item<'_>) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    let written = route.list("hosts");
    for item in &written {
        match host(item.text().unwrap_or_default(), true) {
            HostAs::Any | HostAs::No => item.left_out("no host that a route can have"),
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
    (!hosts.is_empty() || written.is_empty()).then_some(hosts)
}

fn agent(
    route: Item<'_>,
    path: &str,
    hosts: &[String],
    (backend, said): (&Backend, &Said),
    auth: &Value,
) -> Map<String, Value> {
    let methods: Vec<String> = route
        .get("methods")
        .map(|methods| methods.kept().texts().into_iter().map(str::to_owned).collect())
        .unwrap_or_default();
    let mut written = spec::route(path, hosts, &methods);
    let strip = route.get("strip_path");
    if !strip.is_some_and(Item::is_false) && path != "/" {
        written.insert("strip_path".to_owned(), true.into());
    }
    let mut rest = backend.rest.clone();
    if route.get("preserve_host").is_some_and(Item::is_true) {
        rest.insert("host".to_owned(), "preserve".into());
    }
    route.keep_all(&["strip_path", "preserve_host"]);
    let mut agent = Map::new();
    agent.insert("route".to_owned(), Value::Object(written));
    agent.insert("upstream".to_owned(), spec::upstream(&backend.urls, &backend.path, rest));
    agent.insert("auth".to_owned(), auth.clone());
    if let Some(size) = &said.max_body {
        agent.insert("max_body".to_owned(), size.clone());
    }
    agent
}

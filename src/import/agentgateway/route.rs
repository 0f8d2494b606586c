//! A route: an agent for each of its paths, and for each server of MCP behind it.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::{HostAs, duration_within, host, route_path};
use super::super::spec::Unread;
use super::agents::{Agents, Place};
use super::backend;
use super::policy;

/// The hosts under a key: one, or a list; empty for all, `None` when there is none like them.
pub(super) fn hosts(item: Item<'_>, key: &str) -> Option<Vec<String>> {
    let Some(written) = item.get(key) else { return Some(Vec::new()) };
    let (mut hosts, mut is_any) = (Vec::new(), false);
    let each = if written.text().is_some() { vec![written] } else { written.items() };
    for one in &each {
        match host(one.text().unwrap_or("?"), true) {
            HostAs::Any => {
                is_any = true;
                one.kept();
            }
            HostAs::Same(name) => {
                hosts.push(name);
                one.kept();
            }
            HostAs::Less(name, why) => {
                hosts.push(name);
                one.changed(why);
            }
            HostAs::No => one.left_out("no host that a route can have"),
        }
    }
    if is_any || each.is_empty() {
        return Some(Vec::new());
    }
    hosts.sort();
    hosts.dedup();
    (!hosts.is_empty()).then_some(hosts)
}

/// Reads a route of a listener with these hosts and policies. `beside`: whether policies stand elsewhere that may be about it.
pub(super) fn read<'a>(
    route: Item<'a>,
    (outer, around, beside): (&[String], Option<Item<'a>>, Unread),
    draft: &mut Draft,
    made: &mut Vec<Neighbour<'a>>,
) {
    let name = route.keep("name").unwrap_or_default();
    let Some(mut hosts) = hosts(route, "hostnames") else { return };
    if hosts.is_empty() {
        hosts = outer.to_vec();
    }
    let mut policies: Vec<Item<'a>> = route.get("policies").into_iter().chain(around).collect();
    policies.extend(backend::policies(&route.list("backends")));
    let said = policy::read(&policies, beside, draft);
    let mut upstream = Map::new();
    let is_tls = tls(&policies, &mut upstream);
    let backends = backend::read(route, if is_tls { "https" } else { "http" });
    if backends.is_empty() {
        route.left_out("it goes to no host and to no server of MCP");
        return;
    }
    let base = rewritten(&policies, &mut upstream);
    let agents = Agents { route, name, hosts: &hosts, said: &said, upstream, base };
    for place in places(route) {
        agents.add(&place, &backends, draft, made);
    }
}

/// Reads the short form: one section with the targets and the policies of all.
pub(super) fn read_short<'a>(
    short: Item<'a>,
    beside: Unread,
    draft: &mut Draft,
    made: &mut Vec<Neighbour<'a>>,
) {
    let targets = short.list("targets");
    let mut policies: Vec<Item<'a>> = short.get("policies").into_iter().collect();
    policies.extend(backend::policies(&targets));
    let said = policy::read(&policies, beside, draft);
    let mut upstream = Map::new();
    let is_tls = tls(&policies, &mut upstream);
    let backends = backend::targets(&targets, if is_tls { "https" } else { "http" });
    let agents = Agents { route: short, name: "mcp", hosts: &[], said: &said, upstream, base: None };
    agents.add(&whole(), &backends, draft, made);
}

fn whole<'a>() -> Place<'a> {
    Place { path: "/".to_owned(), reach: Reach::Segments, method: None, item: None }
}

fn places(route: Item<'_>) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    let matches = route.list("matches");
    if matches.is_empty() {
        return vec![whole()];
    }
    for item in matches {
        if item.entries().iter().any(|(key, _)| !matches!(*key, "path" | "method")) {
            item.left_out("it matches by more than path and method");
            continue;
        }
        let method =
            item.get("method").and_then(|method| method.get("method").or(Some(method))).and_then(|method| {
                method.kept();
                method.text()
            });
        let (written, reach) = match item.get("path") {
            None => (None, Reach::Segments),
            Some(path) => match (path.get("pathPrefix"), path.get("exact")) {
                (Some(prefix), _) => (Some(prefix), Reach::Segments),
                (None, Some(exact)) => (Some(exact), Reach::Exact),
                (None, None) => {
                    path.left_out("a regular expression");
                    continue;
                }
            },
        };
        let text = written.map_or("/", |item| item.text().unwrap_or_default());
        if text.is_empty() {
            item.left_out("no path");
            continue;
        }
        if text.starts_with("/.well-known/oauth-") {
            written
                .into_iter()
                .for_each(|item| item.changed("the gateway serves the metadata of its agents itself"));
            continue;
        }
        match route_path(text) {
            Ok(path) => {
                written.into_iter().for_each(|item| {
                    item.kept();
                });
                places.push(Place { path, reach, method, item: written });
            }
            Err(why) => item.left_out(&why),
        }
    }
    places
}

/// Whether TLS is spoken to the backends.
fn tls(policies: &[Item<'_>], upstream: &mut Map<String, Value>) -> bool {
    let Some(tls) = policies.iter().find_map(|policies| policies.get("backendTLS")) else { return false };
    for (key, ours) in
        [("root", "ca_file"), ("cert", "cert_file"), ("key", "key_file"), ("hostname", "server_name")]
    {
        if let Some(text) = tls.keep(key) {
            upstream.insert(ours.to_owned(), text.into());
        }
    }
    for key in ["insecure", "insecureHost"] {
        let Some(item) = tls.get(key) else { continue };
        if item.is_true() {
            item.weak(Verdict::Changed, "agentgateway does not verify this certificate; here it is verified");
        } else {
            item.kept();
        }
    }
    if tls.entries().is_empty() {
        tls.kept();
    }
    tls.rest_is_weak(|name| name == "alpn");
    true
}

/// What goes before the path at the upstream instead of that of the route, and the time that it has.
fn rewritten(policies: &[Item<'_>], upstream: &mut Map<String, Value>) -> Option<String> {
    let find = |path: &[&str]| policies.iter().find_map(|policies| policies.at(path));
    if let Some(timeout) = find(&["timeout", "requestTimeout"]) {
        let text = timeout.text().unwrap_or_default();
        if let Some(text) = duration_within(text, Duration::from_millis(1), Duration::from_secs(86_400)) {
            upstream.insert("response_timeout".to_owned(), text.into());
            timeout.changed("`response_timeout` ends with the head of the answer");
        }
    }
    if let Some(host) = find(&["urlRewrite", "authority", "full"]) {
        host.kept();
        upstream.insert("host".to_owned(), host.text()?.into());
    }
    let prefix = find(&["urlRewrite", "path", "prefix"])?;
    prefix.kept();
    prefix.text().map(str::to_owned)
}

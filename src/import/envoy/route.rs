//! The routes of a virtual host, each with what is asked for on its paths: an agent for each.
//!
//! In Envoy the first match counts, for routes and for rules; here the longest path does. A rule for a part of a route
//! becomes an agent of its own, with the same upstream.

use std::ops::Range;
use std::time::Duration;

use serde_json::{Map, Value};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::neighbour::{Neighbour, Reach};
use super::super::place::{HostAs, duration_within, host, route_path};
use super::super::spec::{self, Unread, is_public};
use super::asked::{self, Piece, Rule};
use super::beside::Beside;
use super::cluster::{Cluster, Clusters};
use super::filters::Filters;
use super::matching::{self, Matching, Paths};

/// A route that goes somewhere.
struct Way<'a> {
    item: Item<'a>,
    matching: Matching,
    action: Item<'a>,
    cluster: Cluster,
    name: &'a str,
}

/// A virtual host, with what its routes have in common.
struct VirtualHost<'v, 'a> {
    /// All routes, and the virtual host.
    around: [Item<'a>; 2],
    hosts: Vec<String>,
    filters: &'v Filters<'a>,
    rules: Vec<Rule<'a>>,
    clusters: &'v Clusters<'a>,
}

/// Reads a virtual host.
pub(super) fn read<'a>(
    (all, virtual_host): (Item<'a>, Item<'a>),
    filters: &Filters<'a>,
    clusters: &Clusters<'a>,
    (draft, made): (&mut Draft, &mut Vec<Neighbour<'a>>),
) {
    virtual_host.keep("name");
    let Some(hosts) = hosts(virtual_host) else { return };
    if let Some(tls) = virtual_host.get("require_tls").filter(|item| item.text() != Some("NONE")) {
        tls.changed("an agent answers on every listener: give `tls` to all of `server.listeners`");
    }
    let rules = filters.jwt.as_ref().map(asked::rules).unwrap_or_default();
    let this = VirtualHost { around: [virtual_host, all], hosts, filters, rules, clusters };
    let mut before: Vec<Paths> = Vec::new();
    // Those for some methods alone, with the agents that they became.
    let mut some: Vec<(Paths, Range<usize>)> = Vec::new();
    for item in virtual_host.list("routes") {
        let Some(way) = this.way(item) else { continue };
        if before.iter().any(|paths| paths.cover(&way.matching.paths)) {
            item.cannot("a route above has all its paths, so it is never reached");
            continue;
        }
        let first = made.len();
        this.agents(&way, &before, draft, made);
        if way.matching.methods.is_empty() {
            before.push(way.matching.paths.clone());
        }
        let (earlier, own) = made.split_at(first);
        passed_over(&some, earlier, own);
        if !way.matching.methods.is_empty() {
            some.push((way.matching.paths, first..made.len()));
        }
    }
}

/// Says of routes above for some methods that a longer path below takes their requests here.
fn passed_over(some: &[(Paths, Range<usize>)], earlier: &[Neighbour<'_>], own: &[Neighbour<'_>]) {
    let begins = |paths: &Paths, one: &Neighbour<'_>| {
        paths.reach() != Reach::Exact && paths.text() != one.written && one.written.starts_with(paths.text())
    };
    for one in own {
        for (_, made) in some.iter().filter(|(paths, _)| begins(paths, one)) {
            for above in earlier.get(made.clone()).unwrap_or_default() {
                if !is_public(&above.auth) && above.auth != one.auth {
                    let why = format!(
                        "the longest path wins here: what goes to `{}` as well no longer asks for what is asked for here",
                        one.written
                    );
                    above.item.weak(Verdict::Changed, why);
                }
            }
        }
    }
}

/// The hosts; empty for all of them, `None` when there is none like them.
fn hosts(virtual_host: Item<'_>) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    let mut any = false;
    for domain in virtual_host.list("domains") {
        match host(domain.text().unwrap_or("?"), true) {
            HostAs::Any => {
                any = true;
                domain.kept();
            }
            HostAs::Same(name) => {
                hosts.push(name);
                domain.kept();
            }
            HostAs::Less(name, why) => {
                hosts.push(name);
                domain.changed(why);
            }
            HostAs::No => domain.left_out("no host that a route can have"),
        }
    }
    if any {
        return Some(Vec::new());
    }
    hosts.sort();
    hosts.dedup();
    if hosts.is_empty() {
        virtual_host.cannot("it has no domain that can be imported, so nothing of it is");
        return None;
    }
    Some(hosts)
}

impl<'a> VirtualHost<'_, 'a> {
    /// A route that is not imported: where nothing asks for a token, others ask for no less.
    fn left_out(&self, item: Item<'_>, why: &str) {
        if self.filters.jwt.is_none() && self.filters.unread == Unread::Nothing {
            item.cannot(format!("{why}: left out"));
        } else {
            item.left_out(why);
        }
    }

    fn way(&self, item: Item<'a>) -> Option<Way<'a>> {
        item.keep("name");
        let Some(matching) = item.get("match").and_then(matching::read) else {
            self.left_out(item, "it matches by more than a path and a method");
            return None;
        };
        let Some(action) = item.get("route") else {
            let why = "the gateway has no answers of its own, only routes to a cluster";
            match item.get("direct_response") {
                // It may be what keeps everybody out of a path.
                Some(_) => item.left_out(why),
                None => self.left_out(item, why),
            }
            return None;
        };
        let named = action.get("cluster");
        let Some(name) = named.and_then(Item::text) else {
            self.left_out(item, "it goes to more than one cluster, or to none with a name");
            return None;
        };
        let Some(cluster) = self.clusters.find(name) else {
            self.left_out(item, "its cluster is not imported");
            return None;
        };
        named.into_iter().for_each(|named| {
            named.kept();
        });
        Some(Way { item, matching, action, cluster, name })
    }

    fn agents(&self, way: &Way<'a>, before: &[Paths], draft: &mut Draft, made: &mut Vec<Neighbour<'a>>) {
        let base = upstream_settings(way);
        let whole = &way.matching.paths;
        let [virtual_host, all] = self.around;
        let beside = Beside::of(&[way.item, virtual_host, all], way.action, self.filters);
        let pieces = match asked::own(&[way.item, virtual_host, all], self.filters) {
            Some(auth) => vec![Piece { paths: whole.clone(), item: way.item, auth }],
            None => asked::pieces(whole, way.item, self.filters, &self.rules),
        };
        for Piece { paths, item, auth } in pieces {
            // A part that a route above has already.
            if before.iter().any(|above| above.cover(&paths)) {
                continue;
            }
            let path = match route_path(paths.text()) {
                Ok(path) => path,
                Err(why) if is_public(&auth) => {
                    item.cannot(why);
                    continue;
                }
                Err(why) => {
                    item.left_out(&why);
                    continue;
                }
            };
            let mut route = spec::route(&path, &self.hosts, &way.matching.methods);
            let below = rewritten(way, &paths, &mut route);
            let mut spec = Map::new();
            spec.insert("route".to_owned(), Value::Object(route));
            spec.insert("upstream".to_owned(), spec::upstream(&way.cluster.urls, &below, base.clone()));
            spec.insert("auth".to_owned(), auth.clone());
            spec::put_beside(&mut spec, beside.cors.as_ref(), draft.limits(&beside.limits));
            let spec = Value::Object(spec);
            if draft.agent(way.name, spec, item) {
                let item = item.get("match").unwrap_or(item);
                let (written, reach) = (paths.text().to_owned(), paths.reach());
                let hosts = self.hosts.clone();
                made.push(Neighbour { path, written, reach, auth, hosts, rank: 0, item });
            }
        }
    }
}

/// What goes before the rest of the path at the upstream; `route` says whether the prefix is taken off.
fn rewritten(way: &Way<'_>, paths: &Paths, route: &mut Map<String, Value>) -> String {
    let Some(rewrite) = way.action.get("prefix_rewrite") else { return String::new() };
    let text = rewrite.text().unwrap_or_default();
    let whole = way.matching.paths.text();
    if text.ends_with('/') && whole.ends_with('/') {
        rewrite.kept();
    } else {
        rewrite.changed(
            "one slash stands between it and the rest of the path, also where Envoy puts none or two",
        );
    }
    if route.get("path").is_some_and(|path| path != "/") {
        route.insert("strip_path".to_owned(), true.into());
    }
    let rest = paths.text().strip_prefix(whole).unwrap_or_default();
    spec::below(text, rest)
}

/// The settings of `upstream` beside its URL.
fn upstream_settings(way: &Way<'_>) -> Map<String, Value> {
    let mut rest = way.cluster.rest.clone();
    let mut host = Value::from("preserve");
    if let Some(auto) = way.action.get("auto_host_rewrite") {
        auto.kept();
        if auto.is_true() {
            host = "rewrite".into();
        }
    }
    if let Some(name) = way.action.keep("host_rewrite_literal") {
        host = name.into();
    }
    rest.insert("host".to_owned(), host);
    if let Some(timeout) = way.action.get("timeout") {
        let text = timeout.text().unwrap_or_default();
        match duration_within(text, Duration::from_millis(1), Duration::from_secs(86_400)) {
            Some(text) => {
                rest.insert("response_timeout".to_owned(), text.into());
                timeout.changed("`response_timeout` ends with the head of the answer");
            }
            None => {
                rest.insert("response_timeout".to_owned(), "1d".into());
                timeout.changed("`response_timeout` is a day at most");
            }
        }
    }
    if let Some(upgrades) = way.action.get("upgrade_configs") {
        upgrades.changed("WebSocket upgrades pass at every agent, unless it has `websocket: false`");
    }
    if let Some(rewrite) = way.action.get("regex_rewrite") {
        rewrite.cannot("the path is not rewritten by an expression: the agent gets it as it came");
    }
    rest
}

//! The routes of a virtual host, each with what the rules of the filter ask for on its paths: an agent for each.
//!
//! In Envoy the first match counts, for routes and for rules; here the longest path does. A rule for a part of a route
//! becomes an agent of its own, with the same upstream.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, upstream};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::neighbour::{self, Neighbour};
use super::super::place::{HostAs, duration_within, host, route_path};
use super::cluster::{Cluster, Clusters};
use super::matching::{self, Matching, Paths};
use super::provider::JwtFilter;

/// A rule of the filter.
struct Rule<'a> {
    paths: Paths,
    item: Item<'a>,
}

/// A route that goes somewhere.
struct Way<'a> {
    item: Item<'a>,
    matching: Matching,
    action: Item<'a>,
    cluster: Cluster,
    name: &'a str,
}

/// Reads a virtual host.
pub(super) fn read<'a>(
    virtual_host: Item<'a>,
    filter: Option<&JwtFilter<'a>>,
    clusters: &Clusters<'a>,
    draft: &mut Draft,
) {
    virtual_host.keep("name");
    let Some(hosts) = hosts(virtual_host) else { return };
    let rules = filter.map(rules).unwrap_or_default();
    let mut before: Vec<Paths> = Vec::new();
    let mut made: Vec<Neighbour<'a>> = Vec::new();
    for item in virtual_host.list("routes") {
        let Some(way) = way(item, clusters) else { continue };
        if before.iter().any(|paths| paths.cover(&way.matching.paths)) {
            item.cannot("a route above has all its paths, so it is never reached");
            continue;
        }
        if way.matching.methods.is_empty() {
            before.push(way.matching.paths.clone());
        }
        agents(&way, filter, &rules, (hosts.as_slice(), &mut *draft), &mut made);
    }
    neighbour::tell(&made);
}

/// The hosts; empty for all of them, `None` when there is none like them.
fn hosts(virtual_host: Item<'_>) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    let mut any = false;
    for domain in virtual_host.list("domains") {
        match host(domain.text().unwrap_or_default(), true) {
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
            HostAs::No => domain.cannot("no host that a route can have"),
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

/// The rules that can be imported.
fn rules<'a>(filter: &JwtFilter<'a>) -> Vec<Rule<'a>> {
    let mut rules = Vec::new();
    for item in filter.item.list("rules") {
        let read = item.get("match").and_then(matching::read);
        match read {
            Some(Matching { paths, methods }) if methods.is_empty() => rules.push(Rule { paths, item }),
            _ if item.get("requires").or_else(|| item.get("requirement_name")).is_some() => {
                item.weak(
                    Verdict::Cannot,
                    "no plain path: what it asks for is not asked for here, unless another rule does",
                );
            }
            _ => item
                .cannot("no plain path: what it opens stays closed, unless no rule asks for a token there"),
        }
    }
    rules
}

fn way<'a>(item: Item<'a>, clusters: &Clusters<'a>) -> Option<Way<'a>> {
    item.keep("name");
    let Some(matching) = item.get("match").and_then(matching::read) else {
        item.cannot("it matches by more than a path and methods, so it is left out");
        return None;
    };
    let Some(action) = item.get("route") else {
        item.cannot("the gateway has no answers of its own: only routes to a cluster are imported");
        return None;
    };
    let Some(named) = action.get("cluster") else {
        action.cannot("only routes to one cluster are imported");
        return None;
    };
    let name = named.text()?;
    let Some(cluster) = clusters.find(name) else {
        item.cannot("its cluster is not imported, so it is not");
        return None;
    };
    named.kept();
    Some(Way { item, matching, action, cluster, name })
}

fn agents<'a>(
    way: &Way<'a>,
    filter: Option<&JwtFilter<'a>>,
    rules: &[Rule<'a>],
    (hosts, draft): (&[String], &mut Draft),
    made: &mut Vec<Neighbour<'a>>,
) {
    let base = upstream_settings(way);
    for (paths, item, auth) in pieces(way, filter, rules) {
        let path = match route_path(paths.text()) {
            Ok(path) => path,
            Err(why) => {
                item.cannot(why);
                continue;
            }
        };
        let mut route = Map::new();
        route.insert("path".to_owned(), path.clone().into());
        match hosts {
            [] => {}
            [one] => {
                route.insert("host".to_owned(), one.clone().into());
            }
            many => {
                route.insert("hosts".to_owned(), json!(many));
            }
        }
        if !way.matching.methods.is_empty() {
            route.insert("methods".to_owned(), json!(way.matching.methods));
        }
        let below = rewritten(way, &paths, &mut route);
        let spec = json!({
            "route": route,
            "upstream": upstream(&way.cluster.urls, &below, base.clone()),
            "auth": auth.clone(),
        });
        if draft.agent(way.name, spec) {
            let item = item.get("match").unwrap_or(item);
            made.push(Neighbour { path, written: paths.text().to_owned(), reach: paths.reach(), auth, item });
        } else {
            item.cannot(format!("another agent has the path `{path}` already"));
        }
    }
}

/// The paths of a route, each with what is asked for there, and where that is written.
fn pieces<'a>(
    way: &Way<'a>,
    filter: Option<&JwtFilter<'a>>,
    rules: &[Rule<'a>],
) -> Vec<(Paths, Item<'a>, Value)> {
    let whole = way.matching.paths.clone();
    let public = || Value::from("public");
    let own = way.item.get("typed_per_filter_config").and_then(|all| {
        let (_, item) = all.entries().into_iter().find(|(name, _)| name.ends_with(".jwt_authn"))?;
        Some(item)
    });
    if let (Some(own), Some(filter)) = (own, filter) {
        own.keep("@type");
        if let Some(disabled) = own.get("disabled").filter(|item| item.is_true()) {
            disabled.kept();
            return vec![(whole, way.item, public())];
        }
        if let Some(name) = own.get("requirement_name") {
            let auth = name.text().and_then(|text| filter.named(text)).and_then(|item| filter.auth(item));
            let auth = auth.unwrap_or_else(|| closed(name));
            name.kept();
            return vec![(whole, way.item, auth)];
        }
    }
    let mut pieces: Vec<(Paths, Item<'a>, Value)> = Vec::new();
    for rule in rules {
        let is_all = rule.paths.cover(&whole);
        if !is_all && !whole.cover(&rule.paths) {
            continue;
        }
        let auth = asked(rule, filter);
        if is_all {
            pieces.push((whole, way.item, auth));
            return pieces;
        }
        if !pieces.iter().any(|(paths, ..)| paths.cover(&rule.paths)) {
            pieces.push((rule.paths.clone(), rule.item, auth));
        }
    }
    way.item.weak(Verdict::Kept, "no rule asks for a token here, so the agent is public");
    pieces.push((whole, way.item, public()));
    pieces
}

/// What a rule asks for.
fn asked<'a>(rule: &Rule<'a>, filter: Option<&JwtFilter<'a>>) -> Value {
    let named = rule.item.get("requirement_name").map(Item::kept);
    let Some(item) = named.or_else(|| rule.item.get("requires")) else { return "public".into() };
    let auth = filter.and_then(|filter| match named.and_then(Item::text) {
        Some(name) => filter.auth(filter.named(name)?),
        None => filter.auth(item),
    });
    auth.unwrap_or_else(|| closed(item))
}

/// What stands where nothing of a requirement can be had: nobody gets in, since there is no key.
fn closed(item: Item<'_>) -> Value {
    item.changed("nothing of it can be imported: nobody gets in, until you write `auth` of the agent");
    json!({ "api_key": {} })
}

/// What goes before the rest of the path at the upstream; `route` says whether the prefix is taken off.
fn rewritten(way: &Way<'_>, paths: &Paths, route: &mut Map<String, Value>) -> String {
    let Some(rewrite) = way.action.get("prefix_rewrite") else { return String::new() };
    let text = rewrite.text().unwrap_or_default();
    if text.ends_with('/') {
        rewrite.kept();
    } else {
        rewrite.changed("a request for the path itself arrives with a slash at its end");
    }
    route.insert("strip_path".to_owned(), true.into());
    let whole = way.matching.paths.text();
    let rest = paths.text().strip_prefix(whole).unwrap_or_default();
    format!("{text}{rest}")
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
    rest
}

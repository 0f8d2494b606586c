//! A static bootstrap of Envoy (v3): listeners with an HTTP connection manager, the `jwt_authn` filter, routes and
//! clusters. What comes over xDS is not in the file, and not imported.

mod asked;
mod beside;
mod cluster;
mod cors;
mod filters;
mod limit;
mod listener;
mod matching;
mod provider;
mod requirement;
mod route;

use super::draft::Draft;
use super::item::Item;
use super::ledger::Verdict;
use super::neighbour::{self, Neighbour};
use cluster::Clusters;
use filters::Filters;

/// Reads bootstraps into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    let mut made = Vec::new();
    for document in documents {
        let Some(resources) = document.get("static_resources") else { continue };
        let clusters = Clusters::of(&resources.list("clusters"));
        if let Some(admin) = document.get("admin") {
            admin.cannot("the admin port of Envoy; here it is `server.ops` and `server.admin`");
        }
        if let Some(dynamic) = document.get("dynamic_resources") {
            dynamic.cannot("what comes over xDS is not in the file");
        }
        let listeners = resources.list("listeners");
        let several = listeners.len() > 1;
        for item in listeners {
            item.keep("name");
            listener::read(item, draft);
            if several {
                let why = "what one listener serves, all of them serve here";
                item.weak(Verdict::Changed, why);
            }
            for manager in managers(item) {
                manager_routes(manager, &clusters, draft, &mut made);
            }
        }
        clusters.finish();
    }
    neighbour::tell(&made);
}

fn manager_routes<'a>(
    manager: Item<'a>,
    clusters: &Clusters<'a>,
    draft: &mut Draft,
    made: &mut Vec<Neighbour<'a>>,
) {
    let filters = Filters::read(manager, draft);
    for key in ["rds", "scoped_routes"] {
        if let Some(remote) = manager.get(key) {
            remote.cannot("routes that come over xDS are not in the file");
        }
    }
    let Some(config) = manager.get("route_config") else { return };
    config.keep("name");
    for host in config.list("virtual_hosts") {
        route::read((config, host), &filters, clusters, (&mut *draft, &mut *made));
    }
    if let Some(filter) = &filters.jwt {
        let is_read =
            |name: &str| matches!(name, "providers" | "rules" | "strip_failure_response" | "stat_prefix");
        filter.item.rest_is_weak(is_read);
    }
}

/// The HTTP connection managers of a listener.
fn managers(listener: Item<'_>) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    let chains: Vec<Item<'_>> =
        listener.list("filter_chains").into_iter().chain(listener.get("default_filter_chain")).collect();
    let several = chains.len() > 1;
    for chain in chains {
        chain.keep("name");
        if several {
            chain.weak(Verdict::Changed, "what one filter chain serves, all of them serve here");
        }
        if let Some(matching) = chain.get("filter_chain_match") {
            matching.weak(Verdict::Cannot, "connections that it does not match are served, too");
        }
        let (managers, others): (Vec<Item<'_>>, Vec<Item<'_>>) =
            chain.list("filters").into_iter().partition(|filter| is_manager(*filter));
        for filter in others {
            let why = "a filter that is no HTTP connection manager";
            if managers.is_empty() {
                filter.cannot(why);
            } else {
                filter.weak(Verdict::Cannot, format!("{why}: what it refuses is let through here"));
            }
        }
        for filter in managers {
            filter.keep("name");
            let config = filter.get("typed_config");
            config.into_iter().for_each(|config| config.keep_all(&["@type", "codec_type", "stat_prefix"]));
            found.extend(config);
        }
    }
    found
}

fn is_manager(filter: Item<'_>) -> bool {
    let name = filter.get("name").and_then(Item::text).unwrap_or_default();
    let kind = filter.at(&["typed_config", "@type"]).and_then(Item::text);
    kind.map_or(name.ends_with("http_connection_manager"), |kind| kind.ends_with("HttpConnectionManager"))
}

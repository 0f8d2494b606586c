//! A static bootstrap of Envoy (v3): listeners with an HTTP connection manager, the `jwt_authn` filter, routes and
//! clusters. What comes over xDS is not in the file, and not imported.

mod cluster;
mod listener;
mod matching;
mod provider;
mod requirement;
mod route;

use super::draft::Draft;
use super::item::Item;
use super::ledger::Verdict;
use cluster::Clusters;
use provider::JwtFilter;

/// Reads bootstraps into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    for document in documents {
        let Some(resources) = document.get("static_resources") else { continue };
        let clusters = Clusters::of(&resources.list("clusters"));
        if let Some(admin) = document.get("admin") {
            admin.cannot("the admin port of Envoy; here it is `server.ops` and `server.admin`");
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
                let filter = filters(manager, draft);
                let config = manager.get("route_config");
                if let Some(rds) = manager.get("rds") {
                    rds.cannot("routes that come over RDS are not in the file");
                }
                if let Some(config) = config {
                    config.keep("name");
                    for host in config.list("virtual_hosts") {
                        route::read(host, filter.as_ref(), &clusters, draft);
                    }
                }
            }
        }
        clusters.finish();
    }
}

/// The HTTP connection managers of a listener.
fn managers(listener: Item<'_>) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    for chain in listener.list("filter_chains").into_iter().chain(listener.get("default_filter_chain")) {
        chain.keep("name");
        for filter in chain.list("filters") {
            let name = filter.keep("name").unwrap_or_default();
            let config = filter.get("typed_config");
            let is_manager = config
                .and_then(|config| config.get("@type"))
                .and_then(Item::text)
                .map_or(name.ends_with("http_connection_manager"), |kind| {
                    kind.ends_with("HttpConnectionManager")
                });
            match config {
                Some(config) if is_manager => {
                    config.keep_all(&["@type", "codec_type", "stat_prefix"]);
                    found.push(config);
                }
                _ => filter.cannot("a filter that is no HTTP connection manager"),
            }
        }
    }
    found
}

/// Filters that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 11] = [
    "Cors",
    "Compressor",
    "Decompressor",
    "FilterConfig",
    "GrpcJsonTranscoder",
    "GrpcWeb",
    "HTTPFault",
    "HeaderToMetadata",
    "HealthCheck",
    "OnDemand",
    "Tap",
];

/// The filter that asks for tokens, if there is one.
fn filters<'a>(manager: Item<'a>, draft: &mut Draft) -> Option<JwtFilter<'a>> {
    let mut found = None;
    for filter in manager.list("http_filters") {
        let name = filter.get("name").and_then(Item::text).unwrap_or_default();
        let config = filter.get("typed_config");
        let kind = config.and_then(|config| config.get("@type")).and_then(Item::text).unwrap_or(name);
        let kind = kind.rsplit('.').next().unwrap_or(kind);
        match config {
            Some(config) if kind == "JwtAuthentication" || name.ends_with(".jwt_authn") => {
                filter.keep("name");
                config.keep("@type");
                found = Some(JwtFilter::read(config, draft));
            }
            _ if kind == "Router" || name.ends_with(".router") => {
                filter.kept();
            }
            _ if HARMLESS.contains(&kind) => filter.cannot("this filter has no counterpart here"),
            _ => filter.weak(
                Verdict::Cannot,
                "what this filter refuses is let through here, unless you write it anew",
            ),
        }
    }
    found
}

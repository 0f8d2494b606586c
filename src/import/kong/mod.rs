//! Declarative configuration of Kong: services, their routes, and the plugins `jwt`, `key-auth`, `openid-connect`, `cors` and
//! those that limit rates.

mod backend;
mod cors;
mod credential;
mod jwt;
mod limit;
mod openid;
mod plugin;
mod service;

use super::draft::Draft;
use super::item::Item;
use super::ledger::Verdict;
use super::neighbour;
use credential::Credentials;

/// Reads declarative configuration into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    let all =
        |name: &str| -> Vec<Item<'_>> { documents.iter().flat_map(|document| document.list(name)).collect() };
    for document in documents {
        document.keep_all(&["_format_version", "_transform", "_comment"]);
    }
    let version = documents.iter().find_map(|document| document.get("_format_version")?.text());
    let credentials = Credentials::read(&all("consumers"), &all("jwt_secrets"), draft);
    let (plugins, upstreams, routes) = (all("plugins"), all("upstreams"), all("routes"));
    let mut made = Vec::new();
    let mut context = service::Context {
        credentials: &credentials,
        plugins: &plugins,
        upstreams: &upstreams,
        draft,
        paths_may_be_expressions: version.is_some_and(|version| version.starts_with(['1', '2'])),
    };
    for item in all("services") {
        let others = routes.iter().copied().filter(|route| route.refers("service", item));
        let own: Vec<Item<'_>> = item.list("routes").into_iter().chain(others).collect();
        service::read(item, &own, &mut context, &mut made);
    }
    for name in ["keyauth_credentials", "basicauth_credentials", "hmacauth_credentials"] {
        all(name).into_iter().for_each(|item| item.cannot(credential::NO_KEYS));
    }
    for route in routes.iter().filter(|route| !route.is_told()) {
        route.left_out("its service is not in the files");
    }
    for group in all("consumer_groups").iter().flat_map(|group| group.list("plugins")) {
        group.weak(Verdict::Cannot, "what is refused to some consumers is not refused here");
    }
    for plugin in plugins {
        if plugin.get("consumer").or_else(|| plugin.get("consumer_group")).is_some() {
            plugin.weak(Verdict::Cannot, "what is refused to one consumer is not refused here");
        } else if !plugin.is_told() {
            plugin.cannot("what it stands at is not imported");
        }
    }
    neighbour::tell(&made);
}

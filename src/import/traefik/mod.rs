//! A dynamic file of Traefik (v2 and v3): HTTP routers, services and middlewares. Its open edition knows no tokens: what a
//! `forwardAuth` server decides there is not in the file.

mod claims;
mod headers;
mod limit;
mod middleware;
mod named;
mod router;
mod rule;
mod service;
mod token;

use super::draft::Draft;
use super::item::Item;
use super::ledger::Verdict;
use super::neighbour;
use super::spec::is_public;

/// Reads dynamic files into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    let all = |kind: &str| -> Vec<(&str, Item<'_>)> {
        let each = documents.iter().filter_map(|document| document.at(&["http", kind]));
        each.flat_map(Item::entries).collect()
    };
    let (services, middlewares, transports) = (all("services"), all("middlewares"), all("serversTransports"));
    let mut made = Vec::new();
    let parts = router::Parts { services: &services, middlewares: &middlewares, transports: &transports };
    let routers = all("routers");
    for (name, item) in routers.iter().copied() {
        router::read((name, item), &parts, draft, &mut made);
    }
    // The longest path wins here, also over one with a priority.
    let has_public = made.iter().any(|one| is_public(&one.auth));
    for priority in routers.iter().filter_map(|(_, router)| router.get("priority")) {
        if has_public {
            priority.weak(Verdict::Changed, "the longest path wins, also when its agent is public");
        } else {
            priority.changed("the longest path wins");
        }
    }
    for options in
        documents.iter().filter_map(|document| document.at(&["tls", "options"])).flat_map(Item::entries)
    {
        if let Some(wanted) = options.1.get("clientAuth") {
            wanted.weak(Verdict::Cannot, "callers need no client certificate here");
        }
    }
    for point in documents.iter().filter_map(|document| document.get("entryPoints")).flat_map(Item::entries) {
        if let Some(middlewares) = point.1.at(&["http", "middlewares"]) {
            let why = "middlewares of an entry point: what they refuse is let through here, unless you write it anew";
            middlewares.weak(Verdict::Cannot, why);
        }
    }
    neighbour::tell(&made);
}

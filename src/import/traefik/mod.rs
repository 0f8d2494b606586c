//! A dynamic file of Traefik (v2 and v3): HTTP routers, services and middlewares. Its open edition knows no tokens: what a
//! `forwardAuth` server decides there is not in the file.

mod middleware;
mod router;

use super::draft::Draft;
use super::item::Item;
use super::neighbour;

/// Reads dynamic files into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    let all = |kind: &str| -> Vec<(&str, Item<'_>)> {
        let each = documents.iter().filter_map(|document| document.at(&["http", kind]));
        each.flat_map(Item::entries).collect()
    };
    let (services, middlewares, transports) = (all("services"), all("middlewares"), all("serversTransports"));
    let mut made = Vec::new();
    let parts = router::Parts { services: &services, middlewares: &middlewares, transports: &transports };
    for (name, item) in all("routers") {
        router::read((name, item), &parts, draft, &mut made);
    }
    neighbour::tell(&made);
}

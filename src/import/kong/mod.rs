//! Declarative configuration of Kong: services, their routes, and the plugins `jwt`, `key-auth` and `openid-connect`.

mod credential;
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
    let credentials = Credentials::read(&all("consumers"), &all("jwt_secrets"), draft);
    let (plugins, upstreams) = (all("plugins"), all("upstreams"));
    let mut made = Vec::new();
    let mut context =
        service::Context { credentials: &credentials, plugins: &plugins, upstreams: &upstreams, draft };
    let routes = all("routes");
    for item in all("services") {
        let name = item.keep("name").unwrap_or_default();
        let own = item.list("routes").into_iter();
        let others = routes.iter().copied().filter(|route| route.named("service") == Some(name));
        service::read(item, &own.chain(others).collect::<Vec<_>>(), &mut context, &mut made);
    }
    for name in ["keyauth_credentials", "basicauth_credentials", "hmacauth_credentials"] {
        for item in all(name) {
            item.cannot(credential::NO_KEYS);
        }
    }
    for plugin in plugins
        .iter()
        .filter(|plugin| plugin.get("consumer").or_else(|| plugin.get("consumer_group")).is_some())
    {
        plugin.weak(Verdict::Cannot, "what is refused to one consumer is not refused here");
    }
    neighbour::tell(&made);
}

//! What a route, its virtual host or all routes say beside the credential: `cors`, and a bucket of their own.

use serde_json::Value;

use super::super::item::Item;
use super::super::limit::Limit;
use super::filters::Filters;
use super::{cors, limit};

/// What stands in the settings of an agent.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) cors: Option<Value>,
    pub(super) limits: Vec<Limit>,
}

impl Beside {
    /// Of a route. `around`: what stands nearest comes first, and is the one that counts.
    pub(super) fn of(around: &[Item<'_>], action: Item<'_>, filters: &Filters<'_>) -> Self {
        let own = nearest(around, "local_ratelimit").filter(|_| filters.has_buckets);
        let policy = nearest(around, ".cors")
            .or_else(|| action.get("cors"))
            .or_else(|| around.iter().find_map(|item| item.get("cors")));
        let cors = match policy {
            Some(policy) if filters.has_cors => cors::read(policy),
            Some(policy) => {
                policy.changed("there is no filter for it, so that Envoy does nothing with it: left out");
                None
            }
            None => None,
        };
        let limit = match own {
            Some(own) => limit::read(own),
            None => filters.limit.clone(),
        };
        Self { cors, limits: limit.into_iter().collect() }
    }
}

/// What the nearest of them says about the filter whose name ends so.
fn nearest<'a>(around: &[Item<'a>], filter: &str) -> Option<Item<'a>> {
    around.iter().find_map(|item| {
        let entries = item.get("typed_per_filter_config")?.entries();
        entries.into_iter().find(|(name, _)| name.ends_with(filter)).map(|(_, item)| item)
    })
}

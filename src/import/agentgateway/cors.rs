//! The policy `cors`.

use serde_json::Value;

use super::super::cors::{Cors, List, ToAll};
use super::super::item::Item;
use super::super::place::duration;

/// Reads it; `None`, with why said, when no page may do anything.
pub(super) fn read(policy: Item<'_>) -> Option<Value> {
    let mut cors = Cors::new(policy);
    for origin in policy.list("allowOrigins") {
        cors.origin(origin, origin.text().unwrap_or_default());
    }
    for (key, list) in
        [("allowMethods", List::Methods), ("allowHeaders", List::Headers), ("exposeHeaders", List::Exposed)]
    {
        if let Some(texts) = policy.get(key) {
            cors.list(list, texts);
        }
    }
    if let Some(credentials) = policy.get("allowCredentials") {
        cors.credentials(credentials);
    }
    if let Some(age) = policy.get("maxAge") {
        cors.max_age(age, age.text().and_then(duration));
    }
    cors.finish(ToAll::Origin)
}

//! The middleware `headers`: what it says of pages of other origins.

use std::time::Duration;

use serde_json::Value;

use super::super::cors::{Cors, List, ToAll};
use super::super::item::Item;
use super::super::ledger::Verdict;

/// Reads it; `None`, with why said, when no page may do anything. `has_cors`: whether another one has said what they may.
pub(super) fn read(item: Item<'_>, has_cors: bool) -> Option<Value> {
    if let Some(hosts) = item.get("allowedHosts") {
        let why = "requests for other hosts than these are let through here: write `host` in the route";
        hosts.weak(Verdict::Cannot, why);
    }
    let (list, expressions) = ("accessControlAllowOriginList", "accessControlAllowOriginListRegex");
    if item.get(list).or_else(|| item.get(expressions)).is_none() {
        if item.get("allowedHosts").is_none() {
            item.cannot("`headers` has no counterpart here");
        }
        return None;
    }
    if has_cors {
        item.cannot("an agent has one `cors`: only the first of these middlewares counts");
        return None;
    }
    let mut cors = Cors::new(item);
    for origin in item.list(list) {
        cors.origin(origin, origin.text().unwrap_or_default());
    }
    for expression in item.list(expressions) {
        cors.expression(expression, expression.text().unwrap_or_default());
    }
    for (key, list) in [
        ("accessControlAllowMethods", List::Methods),
        ("accessControlAllowHeaders", List::Headers),
        ("accessControlExposeHeaders", List::Exposed),
    ] {
        if let Some(texts) = item.get(key) {
            cors.list(list, texts);
        }
    }
    if let Some(credentials) = item.get("accessControlAllowCredentials") {
        cors.credentials(credentials);
    }
    match item.get("accessControlMaxAge") {
        Some(age) => cors.max_age(age, age.number().map(Duration::from_secs)),
        // Traefik says 0 where nothing is written.
        None => cors.remembered_for(Duration::ZERO),
    }
    if let Some(vary) = item.get("addVaryHeader") {
        vary.changed("`Vary` is there whenever answers differ");
    }
    cors.finish(ToAll::Star)
}

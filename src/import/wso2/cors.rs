//! The policy `cors`, which stands at a whole API.

use std::time::Duration;

use serde_json::Value;

use super::super::cors::{Cors, List, ToAll};
use super::super::item::Item;

/// The methods that are allowed where none are written.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "OPTIONS"];

/// How long a browser remembers an answer where nothing is written.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// Reads it; `None`, with why said, when no page may do anything.
pub(super) fn read(policy: Item<'_>) -> Option<Value> {
    policy.keep_all(&["name", "version"]);
    let params = policy.get("params").unwrap_or(policy);
    let mut cors = Cors::new(policy);
    let origins = params.list("allowedOrigins");
    if origins.is_empty() {
        cors.every_origin();
    }
    for item in origins {
        let text = item.text().unwrap_or_default();
        match text == "*" || !text.contains(['*', '\\', '(', '[', '^', '$', '+', '?', '|']) {
            true => cors.origin(item, text),
            false => cors.expression(item, text),
        }
    }
    match params.get("allowedMethods") {
        Some(methods) => cors.list(List::Methods, methods),
        None => cors.default(List::Methods, &METHODS),
    }
    for (key, list) in [("allowedHeaders", List::Headers), ("exposedHeaders", List::Exposed)] {
        if let Some(texts) = params.get(key) {
            cors.list(list, texts);
        }
    }
    if let Some(credentials) = params.get("allowCredentials") {
        cors.credentials(credentials);
    }
    match params.get("maxAge") {
        Some(age) => cors.max_age(age, age.number().map(Duration::from_secs)),
        None => cors.remembered_for(MAX_AGE),
    }
    if let Some(forward) = params.get("forwardPreflight") {
        if forward.is_true() {
            forward.changed("the gateway answers preflights itself");
        } else {
            forward.kept();
        }
    }
    cors.finish(ToAll::Star)
}

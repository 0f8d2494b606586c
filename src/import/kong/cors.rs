//! The plugin `cors`.

use std::time::Duration;

use serde_json::Value;

use super::super::cors::{Cors, List, ToAll};
use super::super::item::Item;

/// The methods that Kong allows where none are written, without those that no agent has.
const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"];

/// Reads it; `None`, with why said, when no page may do anything.
pub(super) fn read(plugin: Item<'_>, auth: Option<&Value>) -> Option<Value> {
    plugin.keep_all(&["name", "enabled"]);
    let config = plugin.get("config").unwrap_or(plugin);
    let mut cors = Cors::new(plugin);
    let origins = config.list("origins");
    if origins.is_empty() {
        cors.every_origin();
    }
    for item in origins {
        match item.text().unwrap_or_default() {
            // What is no plain text is an expression.
            text if text == "*" || text.chars().all(|c| c.is_ascii_alphanumeric() || ".:/-".contains(c)) => {
                cors.origin(item, text);
            }
            text => cors.expression(item, text),
        }
    }
    match config.get("methods") {
        Some(methods) => cors.list(List::Methods, methods),
        None => cors.default(List::Methods, &METHODS),
    }
    match config.get("headers") {
        Some(headers) => cors.list(List::Headers, headers),
        None => {
            plugin.changed(
                "Kong allows the headers that a page asks for; here those of the credential and `Content-Type`: write \
                 `allowed_headers`",
            );
            cors.default(List::Headers, &[credential_header(auth), "Content-Type"]);
        }
    }
    if let Some(exposed) = config.get("exposed_headers") {
        cors.list(List::Exposed, exposed);
    }
    if let Some(credentials) = config.get("credentials") {
        cors.credentials(credentials);
    }
    if let Some(age) = config.get("max_age") {
        cors.max_age(age, age.number().map(Duration::from_secs));
    }
    if let Some(preflight) = config.get("preflight_continue") {
        if preflight.is_true() {
            preflight.changed("the gateway answers preflights itself");
        } else {
            preflight.kept();
        }
    }
    for key in ["private_network", "allow_origin_absent"] {
        if let Some(item) = config.get(key) {
            item.cannot("there is no such answer to browsers");
        }
    }
    cors.finish(ToAll::Origin)
}

/// The header of the credential.
fn credential_header(auth: Option<&Value>) -> &str {
    let way = |name: &str| auth.and_then(|auth| auth.get(name));
    let default = if way("api_key").is_some() { "X-API-Key" } else { "Authorization" };
    let written = way("oauth").or_else(|| way("api_key")).and_then(|way| way.get("header"));
    written.and_then(Value::as_str).unwrap_or(default)
}

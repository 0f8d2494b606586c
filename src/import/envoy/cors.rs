//! The policy of the filter `cors`, which stands at a route, a virtual host or all routes.

use std::time::Duration;

use serde_json::Value;

use super::super::cors::{Cors, List, ToAll};
use super::super::item::Item;

/// Reads a policy; `None`, with why said, when no page may do anything.
pub(super) fn read(policy: Item<'_>) -> Option<Value> {
    policy.keep_all(&["@type"]);
    if let Some(enabled) = policy.get("filter_enabled") {
        if enabled.at(&["default_value", "numerator"]).and_then(Item::number).unwrap_or(0) == 0 {
            enabled.changed("it is off in Envoy, and left out here");
            return None;
        }
        enabled.changed("it holds for all requests here");
    }
    let mut cors = Cors::new(policy);
    for matcher in policy.list("allow_origin_string_match") {
        origin(matcher, &mut cors);
    }
    // Before version 3 of its API.
    for text in policy.list("allow_origin") {
        cors.origin(text, text.text().unwrap_or_default());
    }
    for (key, list) in [
        ("allow_methods", List::Methods),
        ("allow_headers", List::Headers),
        ("expose_headers", List::Exposed),
    ] {
        if let Some(texts) = policy.get(key) {
            cors.list(list, texts);
        }
    }
    if policy
        .get("allow_headers")
        .and_then(Item::text)
        .is_some_and(|text| text.split(',').any(|one| one.trim() == "*"))
    {
        policy.changed("Envoy allows the headers that a page asks for: `Authorization` is written out, since `*` does not stand for it");
        cors.default(List::Headers, &["Authorization"]);
    }
    if let Some(credentials) = policy.get("allow_credentials") {
        cors.credentials(credentials);
    }
    if let Some(age) = policy.get("max_age") {
        cors.max_age(age, age.number().map(Duration::from_secs));
    }
    if let Some(shadow) = policy.get("shadow_enabled") {
        shadow.cannot("`cors` has no trial");
    }
    if let Some(forward) = policy.get("forward_not_matching_preflights") {
        forward.changed("the gateway answers preflights itself");
    }
    if let Some(private) = policy.get("allow_private_network_access") {
        private.cannot("there is no such answer to browsers");
    }
    cors.finish(ToAll::Origin)
}

/// The origins that a matcher means. One that matches `*` means all.
fn origin<'a>(matcher: Item<'a>, cors: &mut Cors<'a>) {
    if let Some(exact) = matcher.get("exact") {
        if matcher.get("ignore_case").is_some_and(Item::is_true) {
            matcher.changed("as browsers write it, in small letters");
        }
        cors.origin(exact, exact.text().unwrap_or_default());
    } else if let Some(expression) = matcher.at(&["safe_regex", "regex"]) {
        matcher.at(&["safe_regex"]).into_iter().for_each(|item| item.keep_all(&["google_re2"]));
        cors.expression(expression, expression.text().unwrap_or_default());
    } else {
        matcher.cannot("a part of an origin: write the origins, such as `https://app.example.com` or `https://*.example.com`");
    }
}

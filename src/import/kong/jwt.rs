//! The plugin `jwt`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::spec::closed;
use super::credential::{Credentials, anonymous};

/// Reads it.
pub(super) fn read(plugin: Item<'_>, credentials: &Credentials) -> Value {
    let config = plugin.get("config");
    anonymous(config);
    plugin.weak(
        Verdict::Kept,
        "Kong compares no audience here: tokens that are meant for another service pass",
    );
    plugin.changed("the agent no longer gets the token, unless `forward_token` says so; tokens without `exp` are refused");
    if credentials.providers.is_empty() {
        plugin.changed(
            "no key of a consumer can be imported: nobody gets in, until you write an identity provider",
        );
        return closed();
    }
    let mut oauth = Map::new();
    oauth.insert("identity_providers".to_owned(), json!(credentials.providers));
    match config {
        Some(config) => settings(plugin, config, &mut oauth),
        None => no_time(plugin),
    }
    json!({ "oauth": oauth })
}

fn settings(plugin: Item<'_>, config: Item<'_>, oauth: &mut Map<String, Value>) {
    if let Some(claim) = config.get("key_claim_name") {
        if claim.text() == Some("iss") {
            claim.kept();
        } else {
            claim.weak(
                Verdict::Changed,
                "the issuer is not bound: another claim names the key; here it is `iss`",
            );
        }
    }
    match config.get("claims_to_verify") {
        Some(claims) if claims.texts().contains(&"exp") => {
            claims.kept();
        }
        Some(claims) => no_time(claims),
        None => no_time(plugin),
    }
    places(plugin, config, oauth);
    if let Some(most) = config.get("maximum_expiration") {
        match most.text().and_then(|text| text.parse().ok()) {
            Some(0) => {
                most.kept();
            }
            Some(seconds @ 1..=316_224_000) => {
                let most_text = show_duration(Duration::from_secs(seconds));
                oauth.insert("max_token_lifetime".to_owned(), most_text.into());
                most.kept();
            }
            _ => most.weak(Verdict::Cannot, "no lifetime that can be written here"),
        }
    }
    if let Some(preflight) = config.get("run_on_preflight") {
        preflight.changed("preflights are answered at agents with `cors`, and need a token elsewhere");
    }
    config.rest_is_weak(|name| matches!(name, "secret_is_base64" | "realm"));
}

fn no_time(item: Item<'_>) {
    item.weak(Verdict::Changed, "Kong lets expired tokens pass; here they are refused");
}

/// Where the token is.
fn places(plugin: Item<'_>, config: Item<'_>, oauth: &mut Map<String, Value>) {
    for (number, name) in config.list("header_names").into_iter().enumerate() {
        match name.text() {
            Some(text) if number == 0 => {
                if !text.eq_ignore_ascii_case("authorization") {
                    oauth.insert("prefix".to_owned(), "Bearer".into());
                    oauth.insert("header".to_owned(), text.into());
                }
                name.kept();
            }
            _ => name.cannot("the token is in one header"),
        }
    }
    let mut also = Vec::new();
    for (key, kind) in [("uri_param_names", "query"), ("cookie_names", "cookie")] {
        for name in config.list(key) {
            if let Some(text) = name.text() {
                also.push(json!({ kind: text }));
                name.kept();
            }
        }
    }
    if config.get("uri_param_names").is_none() {
        plugin.changed("the query parameter `jwt` is no place of the token, unless `also` names it");
    }
    if !also.is_empty() {
        oauth.insert("also".to_owned(), also.into());
    }
}

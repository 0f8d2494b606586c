//! The plugin `openid-connect`, as far as it verifies bearer tokens.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::super::draft::{Draft, Provider};
use super::super::item::Item;
use super::super::keys::{self, Keys};
use super::super::ledger::Verdict;
use super::super::spec::{self, closed};
use super::credential::anonymous;

/// Beginnings of settings that refuse no bearer token: how people log in, and how Kong speaks to the provider.
const HARMLESS: [&str; 32] = [
    "authorization_",
    "bearer_",
    "by_username_",
    "cache_",
    "client_",
    "disable_session",
    "discovery_",
    "display_",
    "downstream_",
    "forbidden_",
    "hide_",
    "http",
    "id_token_",
    "introspection_endpoint",
    "introspection_h",
    "introspection_post",
    "keepalive",
    "login_",
    "logout_",
    "password_",
    "preserve_",
    "realm",
    "redirect",
    "rediscovery_",
    "refresh_",
    "response_",
    "scopes",
    "session_",
    "timeout",
    "token_",
    "unauthorized_",
    "upstream_",
];

/// Reads it.
pub(super) fn read(plugin: Item<'_>, draft: &mut Draft) -> Value {
    let Some(config) = plugin.get("config") else {
        plugin.changed("it says nothing: nobody gets in, until you write `auth` of the agent");
        return closed();
    };
    anonymous(Some(config));
    let mut oauth = Map::new();
    let provider = provider(plugin, config, draft);
    oauth.insert("identity_providers".to_owned(), json!([provider]));
    audiences(plugin, config, &mut oauth);
    terms(config, &mut oauth);
    verification(config);
    flow(plugin, config, &mut oauth);
    config.rest_is_weak(|name| HARMLESS.iter().any(|beginning| name.starts_with(beginning)));
    json!({ "oauth": oauth })
}

fn provider(plugin: Item<'_>, config: Item<'_>, draft: &mut Draft) -> String {
    let issuer = config.get("issuer");
    let text = issuer.and_then(Item::text).map(|text| text.split("/.well-known/").next().unwrap_or(text));
    let mut rest = Map::new();
    let mut keys = Keys::Nowhere;
    match (issuer, text) {
        (Some(item), Some(text)) => {
            if item.text() == Some(text) {
                item.kept();
            } else {
                item.changed("the issuer alone, without the address of its metadata");
            }
            keys = keys::discovered(text, item, &mut rest);
        }
        _ => plugin.weak(Verdict::Changed, "no issuer is bound: write the one that tokens have"),
    }
    let leeway = config.get("leeway");
    let seconds = leeway.map_or(Some(0), |item| item.text()?.parse().ok());
    if let (Some(item), Some(0..=300)) = (leeway, seconds) {
        item.kept();
    } else if let Some(item) = leeway {
        item.changed("`leeway` is 5m at most");
    }
    let seconds = Duration::from_secs(seconds.unwrap_or(0).min(300));
    rest.insert("leeway".to_owned(), show_duration(seconds).into());
    let name = text.and_then(|text| text.split('/').nth(2)).unwrap_or("openid");
    draft.provider(name, Provider { issuer: text.map(str::to_owned), keys, rest }, config)
}

/// The entries of a list of Kong: all words of an entry are needed, of one of the entries.
fn ways(item: Item<'_>) -> Vec<Vec<&str>> {
    let ways = item.texts().into_iter().map(|entry| entry.split_whitespace().collect::<Vec<_>>());
    ways.filter(|words| !words.is_empty()).collect()
}

/// One list that is at least as strict: all of the first, or one of several that stand alone.
enum Asked<'a> {
    All(Vec<&'a str>),
    Any(Vec<&'a str>),
}

fn asked(item: Item<'_>) -> Option<Asked<'_>> {
    let ways = ways(item);
    let first = ways.first()?.clone();
    if ways.len() > 1 && ways.iter().all(|words| words.len() == 1) {
        item.kept();
        return Some(Asked::Any(ways.concat()));
    }
    if ways.len() == 1 {
        item.kept();
    } else {
        item.changed("one list of several: all of the first are needed");
    }
    Some(Asked::All(first))
}

fn audiences(plugin: Item<'_>, config: Item<'_>, oauth: &mut Map<String, Value>) {
    let required = config.get("audience_required");
    let ways = required.map(ways).unwrap_or_default();
    match required {
        Some(item) if !ways.is_empty() => {
            if ways.iter().all(|words| words.len() == 1) {
                item.kept();
            } else {
                item.weak(
                    Verdict::Changed,
                    "one of these audiences will do here, and Kong needs all of an entry",
                );
            }
            oauth.insert("audiences".to_owned(), json!(ways.concat()));
        }
        _ => plugin.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass"),
    }
    if let Some(claim) = config.get("audience_claim") {
        if claim.texts() == ["aud"] {
            claim.kept();
        } else {
            claim.changed("the audience is in `aud`: see `audience_claim`");
        }
    }
}

/// What a token must have besides.
fn terms(config: Item<'_>, oauth: &mut Map<String, Value>) {
    match config.get("scopes_required").and_then(asked) {
        Some(Asked::All(all)) => {
            oauth.insert("scopes".to_owned(), json!({ "all_of": all }));
        }
        Some(Asked::Any(any)) => {
            oauth.insert("scopes".to_owned(), json!({ "any_of": any }));
        }
        None => {}
    }
    if let Some(claim) = config.get("scopes_claim") {
        if matches!(claim.texts().as_slice(), ["scope" | "scp"]) {
            claim.kept();
        } else {
            claim.changed("scopes are in `scope` or `scp`");
        }
    }
    let mut rules: Vec<Value> = Vec::new();
    for (key, claim, default) in
        [("groups_required", "groups_claim", "groups"), ("roles_required", "roles_claim", "roles")]
    {
        let path = config.get(claim).map_or_else(|| default.to_owned(), |item| item.kept().texts().join("."));
        let Some(item) = config.get(key) else { continue };
        let wanted: Vec<Vec<&str>> = match asked(item) {
            Some(Asked::All(all)) => all.into_iter().map(|value| vec![value]).collect(),
            Some(Asked::Any(any)) => vec![any],
            None => Vec::new(),
        };
        for values in wanted {
            match spec::claim(&path, &values) {
                Some(rule) => rules.push(rule),
                None => item.weak(Verdict::Cannot, spec::NO_CLAIM),
            }
        }
    }
    if !rules.is_empty() {
        oauth.insert("claims".to_owned(), json!({ "all_of": rules }));
    }
}

/// What Kong can be told not to verify.
fn verification(config: Item<'_>) {
    for (check, strict, why) in [
        ("verify_signature", true, "Kong does not look at it; here it is verified"),
        ("verify_claims", true, "Kong does not look at it; here it is verified"),
        ("ssl_verify", true, "Kong verifies no certificate of the provider; here it is verified"),
        (
            "introspection_check_active",
            true,
            "Kong does not look at it; here a token that is not active is refused",
        ),
        ("enable_hs_signatures", false, "symmetric signatures pass in Kong; here they are refused"),
    ] {
        let Some(item) = config.get(check) else { continue };
        let is_strict = if strict { item.is_true() } else { item.is_false() };
        if is_strict {
            item.kept();
        } else {
            item.weak(Verdict::Changed, why);
        }
    }
    if let Some(ignored) = config.get("ignore_signature").filter(|item| !item.texts().is_empty()) {
        ignored.weak(Verdict::Changed, "Kong verifies no signature of these; here each is verified");
    }
}

/// How a token comes, and where it goes.
fn flow(plugin: Item<'_>, config: Item<'_>, oauth: &mut Map<String, Value>) {
    let methods = config.list("auth_methods");
    let takes_bearer = |method: &Item<'_>| matches!(method.text(), Some("bearer" | "introspection"));
    if !methods.is_empty() && !methods.iter().any(takes_bearer) {
        plugin.weak(Verdict::Changed, "Kong takes no bearer tokens here, and the gateway takes nothing else");
    }
    for method in methods {
        match method.text() {
            Some("bearer") => {
                method.kept();
            }
            _ => method
                .cannot("callers bring a bearer token; the gateway logs nobody in and asks for no token"),
        }
    }
    for place in config.list("bearer_token_param_type") {
        match place.text() {
            Some("header") => {
                place.kept();
            }
            _ => {
                place.changed("the token is in the header `Authorization`, unless `also` names another place")
            }
        }
    }
    forwarded(plugin, config, oauth);
    let (claims, names) = (config.list("upstream_headers_claims"), config.list("upstream_headers_names"));
    let mut headers = Map::new();
    for (claim, name) in claims.into_iter().zip(names) {
        if let (Some(claim_text), Some(name_text)) = (claim.text(), name.text()) {
            headers.insert(claim_text.to_owned(), name_text.into());
            claim.kept();
            name.kept();
        }
    }
    if !headers.is_empty() {
        oauth.insert("claim_headers".to_owned(), Value::Object(headers));
    }
    for secret in ["client_id", "client_secret", "session_secret", "client_jwk"] {
        if let Some(item) = config.get(secret) {
            item.cannot("the gateway is no client of the provider; the value was not read");
        }
    }
}

/// `HEADER`, or `HEADER:bearer` for a token with the word before it.
fn forwarded(plugin: Item<'_>, config: Item<'_>, oauth: &mut Map<String, Value>) {
    let Some(item) = config.get("upstream_access_token_header") else {
        plugin.changed("the agent no longer gets the token, unless `forward_token` says so");
        return;
    };
    let text = item.text().unwrap_or_default();
    let (name, scheme) = text.split_once(':').map_or((text, "strip"), |(name, _)| (name, "keep"));
    if name.is_empty() {
        item.kept();
        return;
    }
    let value = if name.eq_ignore_ascii_case("authorization") && scheme == "keep" {
        Value::Bool(true)
    } else {
        json!({ "header": name, "scheme": scheme })
    };
    oauth.insert("forward_token".to_owned(), value);
    item.weak(Verdict::Kept, "the agent gets the caller's token, and can use it elsewhere");
}

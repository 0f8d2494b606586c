//! The providers of a `jwt_authn` filter.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::super::draft::{Draft, Provider};
use super::super::item::Item;
use super::super::keys::{self, Keys};
use super::super::ledger::Verdict;
use super::super::place::duration_within;

/// The filter that asks for tokens.
pub(super) struct JwtFilter<'a> {
    /// Its providers, by their names in Envoy.
    pub(super) providers: BTreeMap<&'a str, Known<'a>>,
    /// Its configuration.
    pub(super) item: Item<'a>,
}

/// A provider that was read.
pub(super) struct Known<'a> {
    pub(super) item: Item<'a>,
    /// What it is called here.
    pub(super) name: String,
    pub(super) audiences: Vec<String>,
    /// What it says about the place and the use of a token: settings of `auth.oauth`.
    pub(super) oauth: Map<String, Value>,
}

/// How far clocks may differ where nothing is written.
const LEEWAY: &str = "1m";

/// Settings of a provider that refuse nothing.
const HARMLESS: [&str; 8] = [
    "clear_route_cache",
    "failed_status_in_metadata",
    "header_in_metadata",
    "jwt_cache_config",
    "normalize_payload_in_metadata",
    "pad_forward_payload_header",
    "payload_in_metadata",
    "strip_failure_response",
];

impl<'a> JwtFilter<'a> {
    pub(super) fn read(item: Item<'a>, draft: &mut Draft) -> Self {
        let providers = item.get("providers").map(Item::entries).unwrap_or_default();
        let providers =
            providers.into_iter().map(|(name, item)| (name, provider(name, item, draft))).collect();
        if let Some(bypass) = item.get("bypass_cors_preflight") {
            bypass.changed("preflights are answered at agents with `cors`, and need a token elsewhere");
        }
        item.keep_all(&["requirement_map"]);
        Self { providers, item }
    }
}

fn provider<'a>(name: &str, item: Item<'a>, draft: &mut Draft) -> Known<'a> {
    let issuer = item.keep("issuer").map(str::to_owned);
    if issuer.is_none() {
        item.weak(
            Verdict::Changed,
            "no issuer: any issuer whose key is in the set would do; write `issuer` instead of the one that stands there",
        );
    }
    let mut rest = Map::new();
    let keys = keys(item, &mut rest);
    let leeway = match item.get("clock_skew_seconds") {
        None => LEEWAY.to_owned(),
        Some(skew) => match skew.text().and_then(|text| text.parse().ok()) {
            Some(seconds @ 0..=300) => {
                skew.kept();
                show_duration(Duration::from_secs(seconds))
            }
            _ => {
                skew.changed("`leeway` is 5m at most");
                "5m".to_owned()
            }
        },
    };
    rest.insert("leeway".to_owned(), leeway.into());
    let known = draft.provider(name, Provider { issuer, keys, rest }, item);
    let audiences = item.get("audiences");
    let texts = audiences.map(|audiences| audiences.kept().texts()).unwrap_or_default();
    let oauth = oauth(item);
    item.rest_is_weak(|name| HARMLESS.contains(&name));
    Known { item, name: known, audiences: texts.into_iter().map(str::to_owned).collect(), oauth }
}

fn keys(item: Item<'_>, rest: &mut Map<String, Value>) -> Keys {
    if let Some(uri) = item.at(&["remote_jwks", "http_uri", "uri"]) {
        let keys = keys::fetched(uri, rest);
        let why = "keys are fetched over the system's resolver and trust (`ca_file`), no cluster";
        item.at(&["remote_jwks", "http_uri", "cluster"]).into_iter().for_each(|item| item.changed(why));
        let timeout = item.at(&["remote_jwks", "http_uri", "timeout"]);
        timeout.into_iter().for_each(|item| item.changed("a fetch may take 5s"));
        if let Some(cached) = item.at(&["remote_jwks", "cache_duration"]) {
            match duration_within(
                cached.text().unwrap_or_default(),
                Duration::from_secs(60),
                Duration::from_secs(86_400),
            ) {
                Some(text) => {
                    rest.insert("refresh".to_owned(), text.into());
                    cached.kept();
                }
                None => cached.changed("`refresh` has its default, 10m"),
            }
        }
        if let Some(fetch) = item.at(&["remote_jwks", "async_fetch"]) {
            fetch.changed("keys are always fetched in the background");
        }
        return keys;
    }
    if let Some(file) = item.at(&["local_jwks", "filename"]) {
        file.kept();
        return Keys::At("jwks_file", file.text().unwrap_or_default().into());
    }
    if let Some(inline) = item.at(&["local_jwks", "inline_string"]) {
        return keys::set(inline);
    }
    item.cannot("no key source that can be imported: write one");
    Keys::Nowhere
}

/// Where the token is, and what becomes of it.
fn oauth(item: Item<'_>) -> Map<String, Value> {
    let mut oauth = Map::new();
    let (headers, params, cookies) =
        (item.list("from_headers"), item.list("from_params"), item.list("from_cookies"));
    let mut also = Vec::new();
    match headers.split_first() {
        Some((first, others)) => {
            if let Some(name) = first.keep("name") {
                oauth.insert("header".to_owned(), name.into());
            }
            let prefix = first.get("value_prefix").and_then(|item| item.kept().text()).unwrap_or_default();
            oauth.insert("prefix".to_owned(), prefix.trim_end().into());
            for other in others {
                other.cannot("the token is in one header");
            }
        }
        None if params.is_empty() && cookies.is_empty() => {
            item.changed(
                "the query parameter `access_token` is no place of the token, unless `also` names it",
            );
        }
        None => item.changed("the header `Authorization` is a place of the token, too"),
    }
    for (places, kind) in [(params, "query"), (cookies, "cookie")] {
        for place in places {
            if let Some(name) = place.text() {
                also.push(json!({ kind: name }));
                place.kept();
            }
        }
    }
    if !also.is_empty() {
        oauth.insert("also".to_owned(), also.into());
    }
    if let Some(forward) = item.get("forward") {
        if forward.is_true() {
            oauth.insert("forward_token".to_owned(), true.into());
            forward.weak(Verdict::Kept, "the agent gets the caller's token, and can use it elsewhere");
        } else {
            forward.kept();
        }
    }
    claims(item, &mut oauth);
    oauth
}

fn claims(item: Item<'_>, oauth: &mut Map<String, Value>) {
    let mut headers = Map::new();
    for entry in item.list("claim_to_headers") {
        if let (Some(header), Some(claim)) = (entry.keep("header_name"), entry.keep("claim_name")) {
            headers.insert(claim.to_owned(), header.into());
        }
    }
    if !headers.is_empty() {
        oauth.insert("claim_headers".to_owned(), Value::Object(headers));
    }
    if let Some(payload) = item.get("forward_payload_header") {
        payload.cannot("the agent gets claims in `claim_headers`, no payload");
    }
    if let Some(lifetime) = item.get("max_lifetime") {
        let most = Duration::from_secs(3660 * 86_400);
        match duration_within(lifetime.text().unwrap_or_default(), Duration::from_secs(1), most) {
            Some(text) => {
                oauth.insert("max_token_lifetime".to_owned(), text.into());
                lifetime.kept();
            }
            None => lifetime.weak(Verdict::Cannot, "no lifetime that can be written here"),
        }
    }
    if let Some(expiration) = item.get("require_expiration") {
        if expiration.is_true() {
            expiration.kept();
        } else {
            expiration.changed("a token without `exp` is refused");
        }
    }
}

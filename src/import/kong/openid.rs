//! The plugin `openid-connect`, as far as it verifies bearer tokens.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::super::draft::{Draft, Keys, Provider};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::credential::anonymous;

/// Reads it.
pub(super) fn read(plugin: Item<'_>, draft: &mut Draft) -> Value {
    let mut oauth = Map::new();
    let Some(config) = plugin.get("config") else { return json!({ "api_key": {} }) };
    anonymous(Some(config));
    let issuer = config.get("issuer");
    let text = issuer.and_then(Item::text).map(|text| text.split("/.well-known/").next().unwrap_or(text));
    match issuer {
        Some(item) if item.text() == text => {
            item.kept();
        }
        Some(item) => item.changed("the issuer alone, without the address of its metadata"),
        None => plugin.weak(Verdict::Changed, "no issuer is bound: write the one that tokens have"),
    }
    let keys = if text.is_some() { Keys::Discovery } else { Keys::Nowhere };
    let mut rest = Map::new();
    if let Some(leeway) = config.get("leeway") {
        match leeway.text().and_then(|text| text.parse().ok()) {
            Some(seconds @ 0..=300) => {
                rest.insert("leeway".to_owned(), show_duration(Duration::from_secs(seconds)).into());
                leeway.kept();
            }
            _ => leeway.changed("`leeway` has its default, 30s"),
        }
    }
    let name = text.and_then(|text| text.split('/').nth(2)).unwrap_or("openid");
    let entered = draft.provider(name, Provider { issuer: text.map(str::to_owned), keys, rest });
    oauth.insert("identity_providers".to_owned(), json!([entered.name()]));
    terms(plugin, config, &mut oauth);
    flow(plugin, config, &mut oauth);
    json!({ "oauth": oauth })
}

/// What a token must have.
fn terms(plugin: Item<'_>, config: Item<'_>, oauth: &mut Map<String, Value>) {
    match config.get("audience_required") {
        Some(audiences) => {
            oauth.insert("audiences".to_owned(), json!(audiences.kept().texts()));
        }
        None => plugin.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass"),
    }
    if let Some(scopes) = config.get("scopes_required") {
        let texts = scopes.texts();
        let all: Vec<&str> = texts.first().map(|text| text.split(' ').collect()).unwrap_or_default();
        if texts.len() == 1 {
            scopes.kept();
            oauth.insert("scopes".to_owned(), json!({ "all_of": all }));
        } else if texts.iter().all(|text| !text.contains(' ')) {
            scopes.kept();
            oauth.insert("scopes".to_owned(), json!({ "any_of": texts }));
        } else {
            scopes.changed("one list of several: all of the first are needed");
            oauth.insert("scopes".to_owned(), json!({ "all_of": all }));
        }
    }
    for (key, claim, default) in
        [("groups_required", "groups_claim", "groups"), ("roles_required", "roles_claim", "roles")]
    {
        let Some(wanted) = config.get(key) else { continue };
        let path =
            config.get(claim).map(|item| item.kept().texts().join(".")).unwrap_or_else(|| default.to_owned());
        let rule = json!({ "claim": path, "values": wanted.kept().texts() });
        let claims = oauth.entry("claims").or_insert_with(|| json!({ "all_of": [] }));
        if let Some(rules) = claims.get_mut("all_of").and_then(Value::as_array_mut) {
            rules.push(rule);
        }
    }
    for check in ["verify_signature", "verify_claims"] {
        if let Some(item) = config.get(check) {
            if item.is_true() {
                item.kept();
            } else {
                item.weak(Verdict::Changed, "Kong does not look at it; here it is verified");
            }
        }
    }
    if let Some(verify) = config.get("ssl_verify") {
        if verify.is_true() {
            verify.kept();
        } else {
            verify
                .weak(Verdict::Changed, "Kong verifies no certificate of the provider; here it is verified");
        }
    }
}

/// How a token comes, and where it goes.
fn flow(plugin: Item<'_>, config: Item<'_>, oauth: &mut Map<String, Value>) {
    for method in config.list("auth_methods") {
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
    match config.get("upstream_access_token_header") {
        Some(header) => {
            oauth.insert("forward_token".to_owned(), true.into());
            header.weak(Verdict::Kept, "the agent gets the caller's token, and can use it elsewhere");
        }
        None => plugin.changed("the agent no longer gets the token, unless `forward_token` says so"),
    }
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

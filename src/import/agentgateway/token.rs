//! The policies `jwtAuth` and `mcpAuthentication`.

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, Provider};
use super::super::item::Item;
use super::super::keys::{self, Keys};
use super::super::ledger::Verdict;

/// What a policy does where it says no `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// A token is needed.
    Strict,
    /// A request without a token passes.
    Optional,
}

/// Reads it.
pub(super) fn read(policy: Item<'_>, unsaid: Unsaid, draft: &mut Draft) -> Value {
    mode(policy, unsaid);
    client(policy);
    let several = policy.list("providers");
    let providers = if several.is_empty() { vec![policy] } else { several };
    let (mut names, mut audiences): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut first: Option<Vec<&str>> = None;
    for item in providers {
        let own = item.get("audiences").or_else(|| item.get("audience"));
        let own = own.map(|audiences| audiences.kept().texts()).unwrap_or_default();
        if own.is_empty() {
            item.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass");
        }
        if first.get_or_insert_with(|| own.clone()) != &own {
            item.weak(Verdict::Changed, "the audiences of one provider count for tokens of the other, too");
        }
        for audience in own {
            if !audiences.contains(&audience) {
                audiences.push(audience);
            }
        }
        let name = provider(item, draft);
        required(item);
        item.rest_is_weak(|name| matches!(name, "mode" | "providers") || PROVIDER.contains(&name));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut oauth = Map::new();
    oauth.insert("identity_providers".to_owned(), json!(names));
    if !audiences.is_empty() {
        oauth.insert("audiences".to_owned(), json!(audiences));
    }
    json!({ "oauth": oauth })
}

/// Settings that say how callers get a token.
const PROVIDER: [&str; 6] =
    ["provider", "clientId", "clientSecret", "relaySigningKey", "resourceMetadata", "mcp"];

fn mode(policy: Item<'_>, unsaid: Unsaid) {
    match policy.get("mode") {
        Some(mode) if mode.text() == Some("strict") => {
            mode.kept();
        }
        Some(mode) => {
            mode.weak(
                Verdict::Changed,
                "requests without a token pass in agentgateway; here they are refused",
            );
        }
        None if unsaid == Unsaid::Strict => {}
        None => {
            let why =
                "without `mode: strict` requests without a token pass in agentgateway; here they are refused";
            policy.weak(Verdict::Changed, why);
        }
    }
}

fn provider(item: Item<'_>, draft: &mut Draft) -> String {
    let issuer = item.keep("issuer").map(str::to_owned);
    if issuer.is_none() {
        item.weak(
            Verdict::Changed,
            "no issuer is bound: write `issuer` instead of the one that stands there",
        );
    }
    let mut rest = Map::new();
    let keys = match (item.get("jwks").or_else(|| item.get("jwksUrl")), &issuer) {
        (Some(jwks), _) => keys(jwks, &mut rest),
        (None, Some(issuer)) => keys::discovered(issuer, item, &mut rest),
        (None, None) => Keys::Nowhere,
    };
    // That of its verifier.
    rest.insert("leeway".to_owned(), "1m".into());
    let name =
        issuer.as_deref().map(|issuer| issuer.trim_start_matches("https://").trim_start_matches("http://"));
    let name = name.and_then(|name| name.split(['/', ':']).next()).unwrap_or("issuer").to_owned();
    draft.provider(&name, Provider { issuer, keys, rest }, item)
}

fn keys(jwks: Item<'_>, rest: &mut Map<String, Value>) -> Keys {
    if let Some(file) = jwks.get("file") {
        file.changed("a path is read against the folder of the configuration, not that of the process");
        return Keys::At("jwks_file", file.text().unwrap_or_default().into());
    }
    let url = jwks.get("url").or_else(|| jwks.text().filter(|text| text.starts_with("http")).map(|_| jwks));
    match url {
        Some(url) => keys::fetched(url, rest),
        None => keys::set(jwks),
    }
}

/// Claims that a token must have: `exp`, and what is compared, are asked for in any case.
fn required(item: Item<'_>) {
    let Some(claims) = item.at(&["jwtValidationOptions", "requiredClaims"]) else { return };
    if claims.texts().iter().all(|claim| matches!(*claim, "exp" | "iss" | "aud")) {
        claims.kept();
    } else {
        claims.weak(Verdict::Cannot, "a token passes without these claims, but for `exp`");
    }
}

/// What is for callers that have no token yet.
fn client(policy: Item<'_>) {
    if let Some(client) = policy.get("provider") {
        client.changed("callers find the provider by the metadata of the agent");
    }
    for secret in ["clientId", "clientSecret", "relaySigningKey"] {
        if let Some(item) = policy.get(secret) {
            item.cannot("the gateway is no client of the provider; the value was not read");
        }
    }
    if let Some(metadata) = policy.get("resourceMetadata") {
        metadata.changed("the gateway makes the metadata from `public_url` and `mcp`");
    }
}

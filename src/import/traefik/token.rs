//! The middleware `jwt` of Traefik Hub, and plugins that call themselves so.

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, Provider};
use super::super::item::Item;
use super::super::keys::{self, Keys};
use super::super::ledger::Verdict;
use super::claims::Claims;

/// Reads it.
pub(super) fn read(item: Item<'_>, draft: &mut Draft) -> Value {
    for secret in ["signingSecret", "signingSecretBase64Encoded"] {
        if let Some(secret) = item.get(secret) {
            secret.weak(Verdict::Cannot, "a symmetric key (HS256 and the like): whoever verifies can sign");
        }
    }
    let claims = item.get("claims").and_then(Item::text).map(Claims::read).unwrap_or_default();
    let mut rest = Map::new();
    let keys = keys(item, &mut rest);
    if claims.issuer.is_none() {
        let why = "no issuer is bound: any issuer whose key is in the set would do; write `issuer` instead of the one that \
                   stands there";
        item.weak(Verdict::Changed, why);
    }
    let provider = Provider { issuer: claims.issuer.clone(), keys, rest };
    let name = draft.provider("traefik", provider, item);
    let mut oauth = Map::new();
    oauth.insert("identity_providers".to_owned(), json!([name]));
    match &claims.audience {
        Some(audience) => {
            oauth.insert("audiences".to_owned(), json!([audience]));
        }
        None => item.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass"),
    }
    if !claims.others.is_empty() {
        let rules: Vec<Value> =
            claims.others.iter().map(|(claim, value)| json!({ "claim": claim, "values": [value] })).collect();
        oauth.insert("claims".to_owned(), json!({ "all_of": rules }));
    }
    if let Some(written) = item.get("claims") {
        if claims.has_more {
            written.weak(
                Verdict::Cannot,
                "more than comparisons that all must hold: what else it asks for is not asked for here",
            );
        } else {
            written.kept();
        }
    }
    passed_on(item, &mut oauth);
    item.rest_is_weak(|name| matches!(name, "usernameClaim" | "tokenQueryKey" | "tokenKey"));
    json!({ "oauth": oauth })
}

/// Where the keys are.
fn keys(item: Item<'_>, rest: &mut Map<String, Value>) -> Keys {
    if let Some(url) = item.get("jwksUrl") {
        keys::fetched(url, rest)
    } else if let Some(file) = item.get("jwksFile") {
        let text = file.text().unwrap_or_default();
        if text.trim_start().starts_with('{') {
            return keys::set(file);
        }
        file.kept();
        Keys::At("jwks_file", text.into())
    } else if let Some(pem) = item.get("publicKey") {
        keys::pem(pem)
    } else {
        item.cannot("no key source that can be imported: write one");
        Keys::Nowhere
    }
}

/// What the agent gets of a token.
fn passed_on(item: Item<'_>, oauth: &mut Map<String, Value>) {
    if let Some(forward) = item.get("forwardAuthorization") {
        if forward.is_true() {
            oauth.insert("forward_token".to_owned(), true.into());
            forward.weak(Verdict::Kept, "the agent gets the caller's token, and can use it elsewhere");
        } else {
            forward.kept();
        }
    }
    let mut headers = Map::new();
    for (header, claim) in item.get("forwardHeaders").map(Item::entries).unwrap_or_default() {
        if let Some(text) = claim.text() {
            headers.insert(text.to_owned(), header.into());
            claim.kept();
        }
    }
    if !headers.is_empty() {
        oauth.insert("claim_headers".to_owned(), Value::Object(headers));
    }
}

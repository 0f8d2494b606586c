//! The policy `jwt-auth`, and `mcp-auth`, which is built on it.

use serde_json::{Map, Value, json};

use crate::model::Algorithm;

use super::super::draft::{Draft, Narrowed};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::spec::{self, closed};
use super::key_manager::KeyManagers;

/// Where the token goes when a policy hands it on and names no header.
const FORWARDED: &str = "X-Forwarded-Authorization";

/// Settings that refuse nothing.
const HARMLESS: [&str; 14] = [
    "cacheMaxSize",
    "errorMessage",
    "errorMessageFormat",
    "gatewayHost",
    "jwksCacheTtl",
    "jwksFetchRetryCount",
    "jwksFetchRetryInterval",
    "jwksFetchTimeout",
    "leeway",
    "negativeCacheTtl",
    "onFailureStatusCode",
    "scopesSupported",
    "tokenCacheTtl",
    "tokenCaching",
];

/// Reads it.
pub(super) fn read(policy: Item<'_>, managers: &mut KeyManagers, draft: &mut Draft) -> Value {
    let mut oauth = Map::new();
    let params = policy.get("params").unwrap_or(policy);
    for manager in params.list("keyManagers") {
        managers.add(manager, draft);
    }
    let issuers = params.list("issuers");
    let mut names: Vec<String> = Vec::new();
    for item in &issuers {
        names.extend(managers.named(*item, draft).filter(|name| !names.contains(name)));
    }
    if issuers.is_empty() {
        names = managers.all();
        if params.list("keyManagers").is_empty() {
            policy.weak(Verdict::Changed, "no issuers: tokens of every key manager pass");
        }
    }
    if names.is_empty() {
        policy
            .changed("no key manager is in the files: nobody gets in, until you write an identity provider");
        return closed();
    }
    oauth.insert("identity_providers".to_owned(), json!(names));
    let audiences = params.get("audiences").map(Item::texts).unwrap_or_default();
    if audiences.is_empty() {
        policy.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass");
    } else {
        params.keep_all(&["audiences"]);
        oauth.insert("audiences".to_owned(), json!(audiences));
    }
    scopes(policy, params, &mut oauth);
    claims(params, &mut oauth);
    verification(params);
    algorithms(params, &names, draft);
    places(params, &mut oauth);
    forwarded(policy, params, &mut oauth);
    if policy.get("params").is_some() {
        params.rest_is_weak(|name| HARMLESS.contains(&name));
    }
    json!({ "oauth": oauth })
}

/// Any of `requiredScopes` in v1, all of them in v0; `scopes` goes before it.
fn scopes(policy: Item<'_>, params: Item<'_>, oauth: &mut Map<String, Value>) {
    let required = params.get("requiredScopes");
    if let Some(scopes) = params.get("scopes") {
        let mut written = Map::new();
        for (theirs, ours) in [("allOf", "all_of"), ("anyOf", "any_of")] {
            let Some(item) = scopes.get(theirs) else { continue };
            let texts = item.kept().texts();
            if !texts.is_empty() {
                written.insert(ours.to_owned(), json!(texts));
            }
        }
        scopes.rest_is_weak(|_| false);
        oauth.insert("scopes".to_owned(), Value::Object(written));
        if let Some(required) = required {
            required.changed("`scopes` goes before it");
        }
        return;
    }
    let Some(required) = required else { return };
    let texts = required.texts();
    if texts.is_empty() {
        required.kept();
        return;
    }
    let version = policy.get("version").and_then(Item::text).unwrap_or_default().trim_start_matches('v');
    let word = if version.is_empty() {
        required.changed(
            "all of them are needed: without a version of the policy nobody knows whether one would do",
        );
        "all_of"
    } else {
        required.kept();
        if version.split('.').next() == Some("0") { "all_of" } else { "any_of" }
    };
    oauth.insert("scopes".to_owned(), json!({ word: texts }));
}

/// All of `requiredClaims`; `claims` goes before it.
fn claims(params: Item<'_>, oauth: &mut Map<String, Value>) {
    let required = params.get("requiredClaims");
    let mut written: Map<String, Value> = Map::new();
    if let Some(claims) = params.get("claims") {
        for (theirs, ours) in [("allOf", "all_of"), ("anyOf", "any_of")] {
            let rules: Vec<Value> = claims.list(theirs).into_iter().filter_map(matcher).collect();
            if !rules.is_empty() {
                written.insert(ours.to_owned(), rules.into());
            }
        }
        claims.rest_is_weak(|_| false);
        if let Some(required) = required {
            required.changed("`claims` goes before it");
        }
    } else {
        let mut rules = Vec::new();
        for (claim, item) in required.map(Item::entries).unwrap_or_default() {
            match item.text().and_then(|text| spec::claim(claim, &[text])) {
                Some(rule) => {
                    item.kept();
                    rules.push(rule);
                }
                None => item.weak(Verdict::Cannot, spec::NO_CLAIM),
            }
        }
        if !rules.is_empty() {
            written.insert("all_of".to_owned(), rules.into());
        }
    }
    if !written.is_empty() {
        oauth.insert("claims".to_owned(), Value::Object(written));
    }
}

fn matcher(item: Item<'_>) -> Option<Value> {
    let values = item.get("values").map(Item::texts).unwrap_or_default();
    let rule = item.get("claim").and_then(Item::text).and_then(|claim| spec::claim(claim, &values));
    if rule.is_some() {
        item.kept();
    } else {
        item.weak(Verdict::Cannot, spec::NO_CLAIM);
    }
    rule
}

/// What the gateway can be told not to verify.
fn verification(params: Item<'_>) {
    if let Some(item) = params.get("validateIssuer") {
        if item.is_true() {
            item.kept();
        } else {
            let why = "WSO2 binds no issuer; here keys are those of the token's issuer alone";
            item.weak(Verdict::Changed, why);
        }
    }
    for name in ["trust_any", "trustAny"] {
        if let Some(item) = params.get(name).filter(|item| item.is_true()) {
            item.weak(
                Verdict::Cannot,
                "any certificate or issuer would do; here none does that is not written",
            );
        }
    }
}

/// The algorithms that tokens may have: they are a setting of providers here.
fn algorithms(params: Item<'_>, providers: &[String], draft: &mut Draft) {
    let Some(written) = params.get("allowedAlgorithms") else { return };
    let mut allowed: Vec<&str> = Vec::new();
    for item in params.list("allowedAlgorithms") {
        match item.text() {
            Some(text) if text.parse::<Algorithm>().is_ok() => allowed.push(text),
            Some(text) if text.starts_with("HS") => {
                item.weak(Verdict::Cannot, "a symmetric algorithm: whoever verifies can sign");
            }
            _ => item.cannot("no algorithm that is verified here"),
        }
    }
    if allowed.is_empty() {
        return;
    }
    for provider in providers {
        match draft.narrow(provider, &allowed) {
            Narrowed::Alone => {
                written.kept();
            }
            Narrowed::Shared => written.changed(
                "a provider has the same algorithms at all agents: those that all policies with it allow",
            ),
            Narrowed::Nothing => written.weak(
                Verdict::Cannot,
                "another policy with this provider allows none of them, and a provider has the same algorithms at all agents",
            ),
        }
    }
}

/// Where a token is, and which claims the agent gets.
fn places(params: Item<'_>, oauth: &mut Map<String, Value>) {
    if let Some(name) = params.keep("headerName") {
        oauth.insert("header".to_owned(), name.into());
    }
    for key in ["authHeaderPrefix", "authHeaderScheme"] {
        let Some(item) = params.get(key) else { continue };
        match item.text() {
            Some("") | None => item.changed("WSO2 ignores an empty prefix: it is `Bearer`"),
            Some(text) => {
                oauth.insert("prefix".to_owned(), text.into());
                item.kept();
            }
        }
    }
    let mut headers = Map::new();
    for (claim, item) in params.get("claimMappings").map(Item::entries).unwrap_or_default() {
        if let Some(header) = item.text() {
            headers.insert(claim.to_owned(), header.into());
            item.kept();
        }
    }
    if !headers.is_empty() {
        oauth.insert("claim_headers".to_owned(), Value::Object(headers));
    }
    if let Some(user) = params.get("userIdClaim") {
        user.cannot("a caller is `iss` and `sub`");
    }
}

/// What is handed on goes in a header of its own; where nothing is said, v1 hands it on.
fn forwarded(policy: Item<'_>, params: Item<'_>, oauth: &mut Map<String, Value>) {
    let header = ["forwardedTokenHeader", "forwardTokenHeader"].iter().find_map(|name| params.keep(name));
    let strips = params.get("forwardTokenStripScheme").map(Item::kept).is_some_and(Item::is_true);
    let Some(item) = params.get("forwardToken").or_else(|| params.get("forward")) else {
        policy.changed("the agent does not get the token, unless `forward_token` says so");
        return;
    };
    if !item.is_true() && !item.get("enabled").is_some_and(Item::is_true) {
        item.kept();
        return;
    }
    let named = header.or_else(|| item.keep("headerName")).or_else(|| item.keep("header"));
    let scheme = if strips { "strip" } else { "keep" };
    oauth.insert(
        "forward_token".to_owned(),
        json!({ "header": named.unwrap_or(FORWARDED), "scheme": scheme }),
    );
    item.weak(
        Verdict::Kept,
        "the agent gets the caller's token, in a header of its own, and can use it elsewhere",
    );
}

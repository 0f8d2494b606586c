//! The policies that say who may call, as `auth` of an agent.

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::key_manager::KeyManagers;

/// What the policies of an operation say.
#[derive(Default, Clone)]
pub(super) struct Said {
    /// Absent where nothing asks for a credential.
    pub(super) auth: Option<Value>,
    /// Whether callers of tools that nothing names pass.
    pub(super) rules: Option<Value>,
}

/// Policies that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 9] = [
    "set-headers",
    "setheaders",
    "remove-headers",
    "add-headers",
    "modify-headers",
    "cors",
    "log-message",
    "request-rewrite",
    "analytics-header-filter",
];

/// Where the token goes when a policy hands it on and names no header.
const FORWARDED: &str = "X-Forwarded-Authorization";

/// Reads policies.
pub(super) fn read(policies: &[Item<'_>], managers: &mut KeyManagers, draft: &mut Draft) -> Said {
    let mut said = Said::default();
    for policy in policies {
        let name = policy.get("name").and_then(Item::text).unwrap_or_default().to_ascii_lowercase();
        let auth = match name.as_str() {
            "jwt-auth" | "jwtauthentication" | "jwt" | "mcp-auth" => Some(jwt(*policy, managers, draft)),
            "api-key-auth" | "apikeyvalidation" | "apikeyauthentication" => Some(api_key(*policy)),
            _ => None,
        };
        match auth {
            Some(auth) => {
                policy.keep_all(&["name", "version"]);
                condition(*policy);
                if said.auth.is_some() {
                    policy.weak(
                        Verdict::Cannot,
                        "an agent has one way in: only the first of these policies counts",
                    );
                } else {
                    said.auth = Some(auth);
                }
            }
            None if name == "mcp-authz" => {
                policy.keep_all(&["name", "version"]);
                said.rules = Some(rules(*policy));
            }
            None if HARMLESS.contains(&name.as_str()) => policy.cannot("this policy has no counterpart here"),
            None => policy.weak(
                Verdict::Cannot,
                "what this policy refuses is let through here, unless you write it anew",
            ),
        }
    }
    said
}

/// A policy that runs only sometimes.
fn condition(policy: Item<'_>) {
    if let Some(condition) = policy.get("executionCondition") {
        condition.weak(
            Verdict::Changed,
            "requests for which the condition does not hold pass in WSO2; here all need a credential",
        );
    }
}

fn jwt(policy: Item<'_>, managers: &mut KeyManagers, draft: &mut Draft) -> Value {
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
        return json!({ "api_key": {} });
    }
    oauth.insert("identity_providers".to_owned(), json!(names));
    let audiences = params.get("audiences").map(Item::texts).unwrap_or_default();
    if audiences.is_empty() {
        policy.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass");
    } else {
        params.keep_all(&["audiences"]);
        oauth.insert("audiences".to_owned(), json!(audiences));
    }
    terms(policy, params, &mut oauth);
    token(params, &mut oauth);
    json!({ "oauth": oauth })
}

/// What a token must have.
fn terms(policy: Item<'_>, params: Item<'_>, oauth: &mut Map<String, Value>) {
    if let Some(scopes) = params.get("requiredScopes") {
        let version = policy.get("version").and_then(Item::text).unwrap_or_default();
        let texts = scopes.texts();
        let number = version.trim_start_matches('v');
        if number.starts_with("0.") || number == "0" {
            scopes.kept();
            oauth.insert("scopes".to_owned(), json!({ "all_of": texts }));
        } else if number.is_empty() {
            scopes.changed(
                "all of them are needed: without a version of the policy nobody knows whether one would do",
            );
            oauth.insert("scopes".to_owned(), json!({ "all_of": texts }));
        } else {
            scopes.kept();
            oauth.insert("scopes".to_owned(), json!({ "any_of": texts }));
        }
    }
    let claims: Vec<Value> = params
        .get("requiredClaims")
        .map(Item::entries)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, item)| Some(json!({ "claim": name, "values": [item.kept().text()?] })))
        .collect();
    if !claims.is_empty() {
        oauth.insert("claims".to_owned(), json!({ "all_of": claims }));
    }
    for name in ["validateIssuer"] {
        if let Some(item) = params.get(name) {
            if item.is_true() {
                item.kept();
            } else {
                item.weak(
                    Verdict::Changed,
                    "WSO2 binds no issuer; here keys are those of the token's issuer alone",
                );
            }
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
    for algorithm in params.list("allowedAlgorithms") {
        match algorithm.text() {
            Some(text) if text.starts_with("HS") => {
                algorithm.weak(Verdict::Cannot, "a symmetric algorithm: whoever verifies can sign");
            }
            _ => algorithm.changed(
                "all asymmetric algorithms are accepted, unless the provider's `algorithms` says otherwise",
            ),
        }
    }
}

/// Where a token is, and what becomes of it.
fn token(params: Item<'_>, oauth: &mut Map<String, Value>) {
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
    for key in ["forwardToken", "forward"] {
        let Some(item) = params.get(key) else { continue };
        let is_on = item.is_true() || item.get("enabled").is_some_and(Item::is_true);
        if !is_on {
            item.kept();
            continue;
        }
        let named = params
            .keep("forwardTokenHeader")
            .or_else(|| item.keep("headerName"))
            .or_else(|| item.keep("header"));
        oauth.insert(
            "forward_token".to_owned(),
            json!({ "header": named.unwrap_or(FORWARDED), "scheme": "keep" }),
        );
        item.weak(
            Verdict::Kept,
            "the agent gets the caller's token, in a header of its own, and can use it elsewhere",
        );
    }
    if let Some(user) = params.get("userIdClaim") {
        user.cannot("a caller is `iss` and `sub`");
    }
}

fn api_key(policy: Item<'_>) -> Value {
    let params = policy.get("params").unwrap_or(policy);
    let mut settings = Map::new();
    if let Some(name) = params.keep("key").or_else(|| params.keep("header")) {
        settings.insert("header".to_owned(), name.into());
    }
    if let Some(place) = params.get("in") {
        if place.text() == Some("header") {
            place.kept();
        } else {
            place.changed("the key is in a header");
        }
    }
    if let Some(optional) = params.get("optional") {
        if optional.is_true() {
            optional.weak(Verdict::Changed, "requests without a key pass in WSO2; here they are refused");
        } else {
            optional.kept();
        }
    }
    params.keep_all(&["mandatory"]);
    policy.changed("keys are those of `portcullis api-key create`");
    json!({ "api_key": settings })
}

/// `mcp.rules`: in WSO2 what nothing names is allowed, and here that is a word that someone wrote.
fn rules(policy: Item<'_>) -> Value {
    let params = policy.get("params").unwrap_or(policy);
    let mut rules = Map::new();
    rules.insert("unlisted".to_owned(), "allow".into());
    policy.changed("what no rule names is allowed in WSO2: that is `unlisted: allow` now");
    for (key, section) in [("tools", "tools"), ("resources", "resources"), ("prompts", "prompts")] {
        let mut entries = Map::new();
        for item in params.list(key) {
            let (Some(name), scopes) = (item.get("name"), item.get("requiredScopes")) else {
                item.weak(Verdict::Cannot, "a rule that names nothing is left out");
                continue;
            };
            let mut need = Map::new();
            if let Some(scopes) = scopes {
                need.insert("scopes".to_owned(), json!({ "all_of": scopes.texts() }));
                scopes.kept();
            }
            let claims: Vec<Value> = item
                .get("requiredClaims")
                .map(Item::entries)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|(name, item)| Some(json!({ "claim": name, "values": [item.kept().text()?] })))
                .collect();
            if !claims.is_empty() {
                need.insert("claims".to_owned(), json!({ "all_of": claims }));
            }
            let Some(text) = name.text() else { continue };
            name.kept();
            let rule = if need.is_empty() { "allow".into() } else { Value::Object(need) };
            entries.insert(text.to_owned(), rule);
        }
        if !entries.is_empty() {
            rules.insert(section.to_owned(), Value::Object(entries));
        }
    }
    Value::Object(rules)
}

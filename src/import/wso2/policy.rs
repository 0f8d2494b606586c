//! The policies of an API or an operation.

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::Limit;
use super::super::spec::Unread;
use super::key_manager::KeyManagers;
use super::{cors, limit, token, tool_rules};

/// What the policies of an operation say.
#[derive(Default, Clone)]
pub(super) struct Said<'a> {
    /// Absent where nothing that could be read asks for a credential.
    pub(super) auth: Option<Value>,
    pub(super) unread: Unread,
    /// `mcp.rules`, and where they were written.
    pub(super) rules: Option<(Value, Item<'a>)>,
    pub(super) cors: Option<Value>,
    pub(super) limits: Vec<Limit>,
}

/// Policies that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 14] = [
    "add-headers",
    "analytics-header-filter",
    "host-rewrite",
    "json-to-xml",
    "json-xml-mediator",
    "llm-cost",
    "log-message",
    "modify-headers",
    "remove-headers",
    "request-rewrite",
    "request-transformation",
    "set-headers",
    "setheaders",
    "xml-to-json",
];

/// Reads policies.
pub(super) fn read<'a>(policies: &[Item<'a>], managers: &mut KeyManagers, draft: &mut Draft) -> Said<'a> {
    let mut said = Said::default();
    for policy in policies {
        let name = policy.get("name").and_then(Item::text).unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "jwt-auth" | "jwtauthentication" | "jwt" | "mcp-auth" => {
                let auth = token::read(*policy, managers, draft);
                said.put(auth, *policy);
            }
            "api-key-auth" | "apikeyvalidation" | "apikeyauthentication" => {
                let auth = api_key(*policy);
                said.put(auth, *policy);
            }
            "mcp-authz" => {
                let rules = tool_rules::authz(*policy);
                said.put_rules(rules, *policy);
            }
            "mcp-acl-list" => {
                let rules = tool_rules::list(*policy);
                said.put_rules(rules, *policy);
            }
            "cors" if said.cors.is_none() => said.cors = cors::read(*policy),
            "cors" => policy.cannot("an agent has one `cors`: only the first of these policies counts"),
            name if limit::is_one(name) => said.limits.extend(limit::read(*policy, name)),
            name if HARMLESS.contains(&name) => policy.cannot("this policy has no counterpart here"),
            name => {
                if !name.contains("ratelimit") {
                    said.unread = Unread::Something;
                }
                let why = "what this policy refuses is let through here, unless you write it anew";
                policy.weak(Verdict::Cannot, why);
            }
        }
    }
    said
}

impl<'a> Said<'a> {
    /// Whether both ask for the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let rules = |said: &Self| said.rules.as_ref().map(|(rules, _)| rules.clone());
        (&self.auth, self.unread) == (&other.auth, other.unread) && rules(self) == rules(other)
    }

    fn put(&mut self, auth: Value, policy: Item<'a>) {
        policy.keep_all(&["name", "version"]);
        condition(policy);
        if self.auth.is_some() {
            policy.weak(Verdict::Cannot, "an agent has one way in: only the first of these policies counts");
        } else {
            self.auth = Some(auth);
        }
    }

    fn put_rules(&mut self, rules: Value, policy: Item<'a>) {
        policy.keep_all(&["name", "version"]);
        if self.rules.is_some() {
            policy.weak(
                Verdict::Cannot,
                "an agent has one set of rules: only the first of these policies counts",
            );
        } else {
            self.rules = Some((rules, policy));
        }
    }
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

fn api_key(policy: Item<'_>) -> Value {
    let params = policy.get("params").unwrap_or(policy);
    let mut settings = Map::new();
    let place = params.get("in");
    let is_header = place.is_none_or(|place| place.text() == Some("header"));
    if let Some(place) = place {
        if is_header {
            place.kept();
        } else {
            place.changed("the key is in a header");
        }
    }
    if is_header {
        if let Some(name) = params.keep("key").or_else(|| params.keep("header")) {
            settings.insert("header".to_owned(), name.into());
        }
    } else if let Some(name) = params.get("key") {
        name.changed("the header is `X-API-Key`, unless `header` says otherwise");
    }
    if let Some(optional) = params.get("optional") {
        if optional.is_true() {
            optional.weak(Verdict::Changed, "requests without a key pass in WSO2; here they are refused");
        } else {
            optional.kept();
        }
    }
    params.keep_all(&["mandatory"]);
    if policy.get("params").is_some() {
        params.rest_is_weak(|_| false);
    }
    policy.changed("keys are those of `portcullis api-key create`");
    json!({ "api_key": settings })
}

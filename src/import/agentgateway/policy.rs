//! The policies of a route, as settings of an agent.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::Limit;
use super::super::spec::Unread;
use super::cel::{self, Subject};
use super::token::{self, Unsaid};
use super::{cors, limit};

/// What the policies of a route say.
#[derive(Default)]
pub(super) struct Policies<'a> {
    /// `auth`; absent where nothing that could be read asks for a credential.
    pub(super) auth: Option<Value>,
    pub(super) unread: Unread,
    /// `mcp.rules`, and where they were written.
    pub(super) rules: Option<(Value, Item<'a>)>,
    /// Headers that the agent gets.
    pub(super) set_headers: Map<String, Value>,
    /// Whether the agent gets the caller's token.
    pub(super) passes_token: bool,
    pub(super) is_a2a: bool,
    pub(super) cors: Option<Value>,
    pub(super) limits: Vec<Limit>,
}

/// Policies that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 7] = [
    "logging",
    "requestHeaderModifier",
    "requestMirror",
    "responseHeaderModifier",
    "retry",
    "tracing",
    "transformations",
];

/// Policies that refuse too much, or what is said, whoever says it.
const LIMITS: [&str; 3] = ["ai", "mcpGuardrails", "remoteRateLimit"];

/// Reads the policies of a route, those of the route first, then those around it and at its backends. What they say about
/// where requests go is read with the backends. `beside`: whether others stand elsewhere that may be about the route.
pub(super) fn read<'a>(all: &[Item<'a>], beside: Unread, draft: &mut Draft) -> Policies<'a> {
    let mut said = Policies { unread: beside, ..Policies::default() };
    let mut pages = None;
    for (name, item) in all.iter().flat_map(|policies| policies.entries()) {
        match name {
            "cors" if pages.is_none() => pages = Some(item),
            "cors" => item.changed("the policy that stands nearer counts"),
            "localRateLimit" => said.limits.extend(limit::read(item)),
            "jwtAuth" => {
                let auth = token::read(item, Unsaid::Optional, draft);
                said.put(auth, item);
            }
            "mcpAuthentication" => {
                let auth = token::read(item, Unsaid::Strict, draft);
                said.put(auth, item);
            }
            "apiKey" => said.put(api_key(item), item),
            "mcpAuthorization" if said.rules.is_none() => said.rules = Some((rules(item), item)),
            "backendAuth" => backend_auth(item, &mut said),
            "a2a" => {
                item.kept();
                said.is_a2a = true;
            }
            "authorization" | "backendTLS" | "urlRewrite" | "timeout" => {}
            _ if HARMLESS.contains(&name) => {
                item.cannot(format!("`{name}` has no counterpart that could be written here"));
            }
            _ => {
                if !LIMITS.contains(&name) {
                    said.unread = Unread::Something;
                }
                let why = "what this policy refuses is let through here, unless you write it anew";
                item.weak(Verdict::Cannot, why);
            }
        }
    }
    said.cors = pages.and_then(cors::read);
    for item in all.iter().filter_map(|policies| policies.get("authorization")) {
        let oauth = said.auth.as_mut().and_then(|auth| auth.get_mut("oauth")).and_then(Value::as_object_mut);
        let is_read =
            oauth.is_some_and(|oauth| !oauth.contains_key("claims") && claims(item, oauth).is_some());
        if !is_read {
            said.unread = Unread::Something;
            item.weak(
                Verdict::Cannot,
                "what these rules refuse is let through here: write `claims`, or rules of `mcp`",
            );
        }
    }
    said
}

impl<'a> Policies<'a> {
    fn put(&mut self, auth: Value, item: Item<'a>) {
        if self.auth.is_some() {
            item.weak(Verdict::Cannot, "an agent has one way in: only the first of these policies counts");
        } else {
            self.auth = Some(auth);
        }
    }
}

fn api_key(policy: Item<'_>) -> Value {
    match policy.get("mode").and_then(Item::text) {
        Some("strict") => policy.keep_all(&["mode"]),
        Some(_) | None => {
            policy.weak(Verdict::Changed, "without `mode: strict` requests without a key may pass in agentgateway; here they are refused");
        }
    }
    if let Some(keys) = policy.get("keys") {
        keys.cannot("keys are not read: make new ones with `portcullis api-key create --agent NAME`, and give them out");
    }
    json!({ "api_key": { "header": "Authorization", "prefix": "Bearer" } })
}

fn backend_auth(policy: Item<'_>, said: &mut Policies<'_>) {
    if let Some(passthrough) = policy.get("passthrough") {
        said.passes_token = true;
        passthrough.weak(Verdict::Kept, "the agent gets the caller's token, and can use it elsewhere");
    } else if let Some(key) = policy.get("key") {
        let text = key.text().unwrap_or_default();
        let name = text
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
            .or_else(|| text.strip_prefix('$'));
        let is_name =
            |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match name.filter(is_name) {
            Some(name) => {
                said.set_headers.insert("Authorization".to_owned(), format!("Bearer ${{{name}}}").into());
                key.kept();
            }
            None => key.cannot(
                "a secret, which was not read: write it with `set_headers`, from the environment or a file",
            ),
        }
    } else {
        policy.cannot("only keys from the environment are imported: see `set_headers`");
    }
}

/// `mcp.rules`: what no rule allows is refused, in agentgateway as here.
fn rules(policy: Item<'_>) -> Value {
    // What is asked for, of each thing that a rule is about, by each of its rules.
    let mut asked: BTreeMap<(Subject, String), Vec<Vec<Value>>> = BTreeMap::new();
    let list = if policy.items().is_empty() { policy.list("rules") } else { policy.items() };
    for item in list {
        let allowed = item.get("allow").filter(|_| item.entries().len() == 1);
        let is_deny = item.is_map() && allowed.is_none();
        let text = item.text().or_else(|| allowed.and_then(Item::text)).unwrap_or_default();
        match cel::read(text) {
            Some(cel::Rule { about: Some(about), claims }) => {
                item.kept();
                asked.entry(about).or_default().push(claims);
            }
            _ if is_deny => item.weak(
                Verdict::Cannot,
                "what this rule refuses is not refused here, unless no other rule allows it",
            ),
            _ => item.cannot("the rule is left out: what it allows is refused"),
        }
    }
    let mut sections: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for ((subject, name), ways) in asked {
        let rule = if ways.iter().any(Vec::is_empty) {
            "allow".into()
        } else if let [one] = ways.as_slice() {
            json!({ "claims": { "all_of": one } })
        } else if ways.iter().all(|way| way.len() == 1) {
            json!({ "claims": { "any_of": ways.concat() } })
        } else {
            policy.changed(format!("of several rules for `{name}` only the first counts"));
            json!({ "claims": { "all_of": ways.first() } })
        };
        sections.entry(subject.section()).or_default().insert(name, rule);
    }
    let mut rules = Map::new();
    rules.insert("unlisted".to_owned(), "deny".into());
    rules.extend(sections.into_iter().map(|(name, section)| (name.to_owned(), Value::Object(section))));
    Value::Object(rules)
}

/// `authorization`: rules for all requests of the route, of which one must hold. `None` when they are more than
/// comparisons.
fn claims(policy: Item<'_>, oauth: &mut Map<String, Value>) -> Option<()> {
    let list = if policy.items().is_empty() { policy.list("rules") } else { policy.items() };
    let each = |item: &Item<'_>| {
        let text = item.text().or_else(|| item.get("allow").filter(|_| item.entries().len() == 1)?.text())?;
        cel::read(text).filter(|rule| rule.about.is_none()).map(|rule| rule.claims)
    };
    let read: Vec<Vec<Value>> = list.iter().map(each).collect::<Option<_>>()?;
    let claims = match read.as_slice() {
        [one] => json!({ "all_of": one }),
        many if !many.is_empty() && many.iter().all(|one| one.len() == 1) => {
            json!({ "any_of": many.concat() })
        }
        _ => return None,
    };
    policy.kept();
    oauth.insert("claims".to_owned(), claims);
    Some(())
}

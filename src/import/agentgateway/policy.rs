//! The policies of a route, as settings of an agent.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, Entered, Keys, Provider, key_set};
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::cel::{self, Subject};

/// What the policies of a route say.
#[derive(Default)]
pub(super) struct Policies {
    /// `auth`; absent where nothing asks for a credential.
    pub(super) auth: Option<Value>,
    /// `mcp.rules`.
    pub(super) rules: Option<Value>,
    /// Headers that the agent gets.
    pub(super) set_headers: Map<String, Value>,
    /// Whether the agent gets the caller's token.
    pub(super) passes_token: bool,
    pub(super) is_a2a: bool,
}

/// Policies that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 10] = [
    "cors",
    "requestHeaderModifier",
    "responseHeaderModifier",
    "retry",
    "transformations",
    "requestMirror",
    "mcpGuardrails",
    "ai",
    "logging",
    "tracing",
];

/// Reads the policies of a route. Those that say where requests go are read with the backends.
pub(super) fn read(policies: Option<Item<'_>>, draft: &mut Draft) -> Policies {
    let mut said = Policies::default();
    for (name, item) in policies.map(Item::entries).unwrap_or_default() {
        match name {
            "jwtAuth" | "mcpAuthentication" if said.auth.is_none() => said.auth = Some(jwt(item, draft)),
            "apiKey" if said.auth.is_none() => said.auth = Some(api_key(item)),
            "mcpAuthorization" => said.rules = Some(rules(item)),
            "backendAuth" => backend_auth(item, &mut said),
            "a2a" => {
                item.kept();
                said.is_a2a = true;
            }
            "authorization" | "backendTLS" | "urlRewrite" | "timeout" => {}
            _ if HARMLESS.contains(&name) => {
                item.cannot(format!("`{name}` has no counterpart that could be written here"))
            }
            _ => item.weak(
                Verdict::Cannot,
                "what this policy refuses is let through here, unless you write it anew",
            ),
        }
    }
    let authorization = policies.and_then(|policies| policies.get("authorization"));
    let oauth = said.auth.as_mut().and_then(|auth| auth.get_mut("oauth")).and_then(Value::as_object_mut);
    if let Some(item) = authorization {
        let read = oauth.is_some_and(|oauth| claims(item, oauth).is_some());
        if !read {
            item.weak(
                Verdict::Cannot,
                "what these rules refuse is let through here: write `claims`, or rules of `mcp`",
            );
        }
    }
    said
}

fn jwt(policy: Item<'_>, draft: &mut Draft) -> Value {
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
        None => {
            let why = "without `mode: strict` some versions of agentgateway let requests without a token pass; here they are refused";
            policy.weak(Verdict::Changed, why);
        }
    }
    let several = policy.list("providers");
    let providers = if several.is_empty() { vec![policy] } else { several };
    let (mut names, mut audiences): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut first: Option<Vec<&str>> = None;
    for item in providers {
        let own = item.get("audiences").map(|audiences| audiences.kept().texts()).unwrap_or_default();
        if own.is_empty() {
            item.weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass");
        }
        if first.get_or_insert_with(|| own.clone()) != &own {
            item.weak(Verdict::Changed, "the audiences of one provider count for tokens of the other, too");
        }
        audiences
            .extend(own.into_iter().filter(|audience| !audiences.contains(audience)).collect::<Vec<_>>());
        let entered = provider(item, draft);
        if !names.iter().any(|name| name == entered.name()) {
            names.push(entered.name().to_owned());
        }
    }
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
    let mut oauth = Map::new();
    oauth.insert("identity_providers".to_owned(), json!(names));
    if !audiences.is_empty() {
        oauth.insert("audiences".to_owned(), json!(audiences));
    }
    json!({ "oauth": oauth })
}

fn provider(item: Item<'_>, draft: &mut Draft) -> Entered {
    let issuer = item.keep("issuer").map(str::to_owned);
    if issuer.is_none() {
        item.weak(
            Verdict::Changed,
            "no issuer is bound: write `issuer` instead of the one that stands there",
        );
    }
    let mut rest = Map::new();
    let jwks = item.get("jwks").or_else(|| item.get("jwksUrl"));
    let keys = match jwks {
        None => Keys::Discovery,
        Some(jwks) => keys(jwks, &mut rest),
    };
    let name =
        issuer.as_deref().map(|issuer| issuer.trim_start_matches("https://").trim_start_matches("http://"));
    let name = name.and_then(|name| name.split(['/', ':']).next()).unwrap_or("issuer").to_owned();
    let entered = draft.provider(&name, Provider { issuer, keys, rest });
    if let Entered::Unbound(_) = entered {
        item.changed("another provider has this issuer, with other keys: write one that has both");
    }
    entered
}

fn keys(jwks: Item<'_>, rest: &mut Map<String, Value>) -> Keys {
    if let Some(file) = jwks.get("file") {
        file.changed("a path is read against the folder of the configuration, not that of the process");
        return Keys::At("jwks_file", file.text().unwrap_or_default().into());
    }
    if let Some(url) =
        jwks.get("url").or_else(|| jwks.text().filter(|text| text.starts_with("http")).map(|_| jwks))
    {
        let text = url.text().unwrap_or_default();
        let is_plain = text.starts_with("http://");
        let host =
            url::Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        if is_plain && !["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) {
            rest.insert("insecure_http".to_owned(), true.into());
            url.weak(Verdict::Kept, "keys come over plain HTTP");
        } else {
            url.kept();
        }
        return Keys::At("jwks_uri", text.into());
    }
    match key_set(jwks.text().unwrap_or_default()) {
        Some((keys, true)) => {
            jwks.weak(
                Verdict::Changed,
                "symmetric keys (HS256 and the like) are left out: whoever verifies can sign",
            );
            keys
        }
        Some((keys, false)) => {
            jwks.kept();
            keys
        }
        None => {
            jwks.cannot("no key source that can be imported: write one");
            Keys::Nowhere
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

fn backend_auth(policy: Item<'_>, said: &mut Policies) {
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
        let is_deny = item.is_map() && item.get("allow").is_none();
        let text = item.text().or_else(|| item.get("allow").and_then(Item::text)).unwrap_or_default();
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
    let each =
        |item: &Item<'_>| cel::read(item.text()?).filter(|rule| rule.about.is_none()).map(|rule| rule.claims);
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

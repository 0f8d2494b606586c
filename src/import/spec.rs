//! The settings of an agent that all products have in common: its route, its upstream, and what it asks for where the source
//! says nothing that can be had.

use serde_json::{Map, Value, json};

use super::item::Item;
use super::ledger::Verdict;
use super::place::joined;

/// `route`: no hosts and no methods are all of them.
pub(super) fn route(path: &str, hosts: &[String], methods: &[String]) -> Map<String, Value> {
    let mut route = Map::new();
    route.insert("path".to_owned(), path.into());
    match hosts {
        [] => {}
        [one] => {
            route.insert("host".to_owned(), one.clone().into());
        }
        many => {
            route.insert("hosts".to_owned(), json!(many));
        }
    }
    if !methods.is_empty() {
        route.insert("methods".to_owned(), json!(methods));
    }
    route
}

/// `upstream` of these URLs, below `base`.
pub(super) fn upstream(urls: &[String], base: &str, rest: Map<String, Value>) -> Value {
    let mut spec = rest;
    let full = |url: &String| match (url.strip_prefix("unix:"), base.trim_matches('/')) {
        (_, "") => url.clone(),
        (Some(_), base) => format!("{url}:/{base}"),
        (None, base) => joined(url, base),
    };
    match urls {
        [one] => {
            spec.insert("url".to_owned(), full(one).into());
        }
        many => {
            spec.insert("targets".to_owned(), many.iter().map(full).collect());
        }
    }
    Value::Object(spec)
}

/// Puts `cors` and `limits` into the settings of an agent, where there are any.
pub(super) fn put_beside(spec: &mut Map<String, Value>, cors: Option<&Value>, limits: Value) {
    if let Some(cors) = cors {
        spec.insert("cors".to_owned(), cors.clone());
    }
    if limits.as_array().is_some_and(|limits| !limits.is_empty()) {
        spec.insert("limits".to_owned(), limits);
    }
}

/// A base with the rest of a path behind it, for an upstream.
pub(super) fn below(base: &str, rest: &str) -> String {
    joined(base, rest)
}

/// A rule of `claims`; `None` where a value would be taken for a beginning.
pub(super) fn claim(claim: &str, values: &[&str]) -> Option<Value> {
    let is_plain =
        !claim.is_empty() && !values.is_empty() && values.iter().all(|value| !value.ends_with('*'));
    is_plain.then(|| json!({ "claim": claim, "values": values }))
}

/// Why such a rule is not there.
pub(super) const NO_CLAIM: &str =
    "a text that ends in `*` is a beginning here: what it asks for is not asked for";

/// A certificate that an operator has to put into files, and why.
pub(super) fn missing_certificate() -> (Value, &'static str) {
    let files = json!({ "cert_file": "to-be-made.pem", "key_file": "to-be-made.key" });
    (files, "no certificate is in a file: put it into `to-be-made.pem`, and its key into `to-be-made.key`")
}

/// Why a limit that counts over several gateways is weak.
pub(super) const COUNTED_TOGETHER: &str = "several gateways count together there; here each counts for itself, so that all of them let in more: \
                                           write `counting: shared`, with `server.shared_state`";

/// What becomes of what a limit answers.
pub(super) const ANSWER: &str =
    "a refusal is 429, as a problem document, with `Retry-After` and the fields `RateLimit`";

/// Why an agent with rules for tools is closed.
pub(super) const NO_TOKEN: &str =
    "rules for tools need a token: nobody gets in, until you write `auth.oauth` of the agent";

/// What stands where nothing of what a source asks for can be had: nobody gets in, since there is no key.
pub(super) fn closed() -> Value {
    json!({ "api_key": {} })
}

/// Whether something in the source may ask for a credential, and could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Unread {
    #[default]
    Nothing,
    Something,
}

/// `auth` of an agent at which the source has nothing that could be read.
pub(super) fn unasked(item: Item<'_>, unread: Unread) -> Value {
    match unread {
        Unread::Something => {
            item.changed(
                "what may ask for a credential here is not imported: nobody gets in, until you write `auth` of the agent",
            );
            closed()
        }
        Unread::Nothing => {
            item.weak(Verdict::Kept, "nothing asks for a credential here, so the agent is public");
            "public".into()
        }
    }
}

/// Whether nobody is asked for a credential.
pub(super) fn is_public(auth: &Value) -> bool {
    auth == "public"
}

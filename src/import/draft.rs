//! The document that is being made.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::place::joined;

/// Who signs tokens, as far as a source says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Provider {
    /// Absent where the source binds no issuer.
    pub(super) issuer: Option<String>,
    pub(super) keys: Keys,
    /// The rest of its settings.
    pub(super) rest: Map<String, Value>,
}

/// Where the keys of a provider are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Keys {
    /// By discovery, from the issuer.
    #[default]
    Discovery,
    /// Under a key of `identity_providers.NAME`.
    At(&'static str, Value),
    /// The source has none that could be used here.
    Nowhere,
}

/// A key that stands where an operator has to write one: no host has this name (RFC 2606).
const NOWHERE: &str = "https://to-be-written.invalid";

/// The document.
#[derive(Debug, Default)]
pub(super) struct Draft {
    providers: Map<String, Value>,
    known: Vec<(String, Provider)>,
    agents: Map<String, Value>,
    /// Host and path of each agent.
    routes: BTreeSet<(String, String)>,
    pub(super) listeners: Vec<Value>,
}

/// How a provider came into the document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// Under this name.
    As(String),
    /// Under this name, with an issuer that no token has: another one has its issuer, and other keys.
    Unbound(String),
}

impl Entered {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::As(name) | Self::Unbound(name) => name,
        }
    }
}

impl Draft {
    /// Puts a provider in, or finds the one that is the same.
    pub(super) fn provider(&mut self, wanted: &str, mut provider: Provider) -> Entered {
        let same = |known: &Provider| known.issuer.is_some() && known.issuer == provider.issuer;
        let mut unbound = false;
        if let Some((name, known)) = self.known.iter().find(|(_, known)| same(known)) {
            if known.keys == provider.keys && known.rest == provider.rest {
                return Entered::As(name.clone());
            }
            unbound = true;
            provider.issuer = None;
        }
        let name = free_name(wanted, &self.providers);
        let mut spec = provider.rest.clone();
        let issuer = provider.issuer.clone().unwrap_or_else(|| format!("{NOWHERE}/{name}"));
        spec.insert("issuer".to_owned(), issuer.into());
        match &provider.keys {
            Keys::Discovery => {}
            Keys::At(key, value) => {
                spec.insert((*key).to_owned(), value.clone());
            }
            Keys::Nowhere => {
                spec.insert("jwks_uri".to_owned(), format!("{NOWHERE}/{name}/keys").into());
            }
        }
        self.providers.insert(name.clone(), Value::Object(spec));
        self.known.push((name.clone(), provider));
        if unbound { Entered::Unbound(name) } else { Entered::As(name) }
    }

    /// Puts an agent in: its `route` has `path` and perhaps `host` or `hosts`. False when another has one of its routes.
    pub(super) fn agent(&mut self, wanted: &str, spec: Value) -> bool {
        let path = spec.pointer("/route/path").and_then(Value::as_str).unwrap_or("/").to_owned();
        let hosts = match (spec.pointer("/route/host"), spec.pointer("/route/hosts")) {
            (Some(Value::String(host)), _) => vec![host.clone()],
            (_, Some(Value::Array(hosts))) => {
                hosts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => vec![String::new()],
        };
        let routes: Vec<_> =
            hosts.into_iter().map(|host| (host.to_ascii_lowercase(), path.clone())).collect();
        if routes.iter().any(|route| self.routes.contains(route)) {
            return false;
        }
        self.routes.extend(routes);
        let name = free_name(wanted, &self.agents);
        self.agents.insert(name, spec);
        true
    }

    /// Whether nothing came of the sources.
    pub(super) fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.agents.is_empty()
    }

    /// The document. `references`: whether `${NAME}` means the environment in the source, too.
    pub(super) fn finish(self, references: bool) -> Value {
        let mut document = Map::new();
        document.insert("version".to_owned(), json!(1));
        if !self.listeners.is_empty() {
            document.insert("server".to_owned(), json!({ "listeners": self.listeners }));
        }
        if !self.providers.is_empty() {
            document.insert("identity_providers".to_owned(), Value::Object(self.providers));
        }
        if !self.agents.is_empty() {
            document.insert("agents".to_owned(), Value::Object(self.agents));
        }
        let mut document = Value::Object(document);
        if !references {
            escape(&mut document);
        }
        document
    }
}

/// A text that another product takes as it is must not ask our environment.
fn escape(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.contains("${") {
                *text = text.replace("${", "$${");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(members) => members.values_mut().for_each(escape),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A name of this house that nobody has yet, after that of another one.
fn free_name(wanted: &str, taken: &Map<String, Value>) -> String {
    let mut name = String::new();
    for c in wanted.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    let name: String = name.trim_end_matches('-').chars().take(55).collect();
    let name = if name.is_empty() || name == "any" { "imported".to_owned() } else { name };
    let mut free = name.clone();
    for number in 2_u32.. {
        if !taken.contains_key(&free) {
            break;
        }
        free = format!("{name}-{number}");
    }
    free
}

/// A key set without its symmetric keys, and whether it had some; `None` for what is no key set.
pub(super) fn key_set(text: &str) -> Option<(Keys, bool)> {
    let mut set: Value = serde_json::from_str(text).ok()?;
    let keys = set.get_mut("keys")?.as_array_mut()?;
    let before = keys.len();
    keys.retain(|key| key.get("kty").and_then(Value::as_str) != Some("oct"));
    let had_symmetric = keys.len() < before;
    let is_empty = keys.is_empty();
    Some((if is_empty { Keys::Nowhere } else { Keys::At("jwks", set) }, had_symmetric))
}

/// An upstream of these URLs, below `base`.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(issuer: Option<&str>, keys: Keys) -> Provider {
        Provider { issuer: issuer.map(str::to_owned), keys, rest: Map::new() }
    }

    #[test]
    fn providers_with_one_issuer_are_one_unless_their_keys_differ() {
        let mut draft = Draft::default();
        let file = || Keys::At("jwks_file", "keys.json".into());
        assert_eq!(draft.provider("A b", provider(Some("https://i"), file())), Entered::As("a-b".to_owned()));
        assert_eq!(
            draft.provider("other", provider(Some("https://i"), file())),
            Entered::As("a-b".to_owned())
        );
        let second = draft.provider("a_b", provider(Some("https://i"), Keys::Discovery));
        assert_eq!(second, Entered::Unbound("a-b-2".to_owned()));
        let document = draft.finish(false);
        let issuer = document.pointer("/identity_providers/a-b-2/issuer").and_then(Value::as_str);
        assert_eq!(issuer, Some("https://to-be-written.invalid/a-b-2"));
    }

    #[test]
    fn names_are_free_and_of_this_house() {
        let mut taken = Map::new();
        for (wanted, name) in [
            ("Refund API", "refund-api"),
            ("refund_api", "refund-api-2"),
            ("__", "imported"),
            ("any", "imported-2"),
        ] {
            let free = free_name(wanted, &taken);
            assert_eq!(free, name);
            taken.insert(free, Value::Null);
        }
        assert!(free_name(&"x".repeat(99), &taken).len() < 63);
    }

    #[test]
    fn symmetric_keys_are_left_out() {
        let (keys, had) = key_set(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"RSA"}]}"#).unwrap();
        assert_eq!((keys, had), (Keys::At("jwks", json!({"keys": [{"kty": "RSA"}]})), true));
        assert_eq!(key_set(r#"{"keys":[{"kty":"oct"}]}"#), Some((Keys::Nowhere, true)));
        assert_eq!(key_set("no JSON"), None);
    }

    #[test]
    fn a_text_does_not_become_a_reference() {
        let mut draft = Draft::default();
        assert!(draft.agent("a", json!({"route": {"path": "/a"}, "upstream": "http://${HOST}"})));
        assert!(!draft.agent("b", json!({"route": {"path": "/a"}})), "the route is taken");
        let document = draft.finish(false);
        assert_eq!(document.pointer("/agents/a/upstream"), Some(&json!("http://$${HOST}")));
    }
}

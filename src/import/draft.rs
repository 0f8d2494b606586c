//! The document that is being made. Each agent and provider is read as our own configuration before it goes in, so that a
//! strange value of the source is told where it stands, and the rest of the document can be used.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::item::Item;
use super::keys::Keys;
use super::limit::{Limit, Limits};
use super::names::Names;
use super::part::rejected;
use super::reference;
use super::spec::is_public;

/// Who signs tokens, as far as a source says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Provider {
    /// Absent where the source binds no issuer.
    pub(super) issuer: Option<String>,
    pub(super) keys: Keys,
    /// The rest of its settings.
    pub(super) rest: Map<String, Value>,
}

/// What became of the algorithms that a policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Narrowed {
    /// Tokens of the provider may have these, and no others.
    Alone,
    /// They may have those that all policies allow.
    Shared,
    /// No algorithm is allowed by all policies, so that nothing has changed.
    Nothing,
}

/// Stands where an operator has to write something: no host has this name (RFC 2606).
const NOWHERE: &str = "https://to-be-written.invalid";

/// The audience that stands where an agent needs one, and the source has none: no token is for it.
pub(super) const NO_AUDIENCE: &str = "https://to-be-written.invalid/audience";

/// The document.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Whether `$NAME` and `${NAME}` mean the environment in the source, too.
    references: bool,
    providers: Map<String, Value>,
    /// The algorithms that each policy allows for tokens of a provider.
    narrowed: BTreeMap<String, Vec<Vec<String>>>,
    /// By issuer, or by the name in the source where no issuer is bound.
    known: BTreeMap<(bool, String), Vec<(Provider, String)>>,
    agents: Map<String, Value>,
    /// Host and path of each agent, with its `auth`.
    routes: BTreeMap<(String, String), Value>,
    provider_names: Names,
    agent_names: Names,
    limits: Limits,
    listeners: Vec<Value>,
}

impl Draft {
    pub(super) fn new(references: bool) -> Self {
        Self { references, ..Self::default() }
    }

    /// Puts a provider in, or finds the one that is the same: its name. What became of it beside that is said of `item`.
    pub(super) fn provider(&mut self, wanted: &str, mut provider: Provider, item: Item<'_>) -> String {
        // It may come from a URL.
        let wanted = wanted.rsplit('@').next().unwrap_or_default();
        if provider.issuer.as_deref().is_some_and(has_password) {
            item.changed("an issuer with a password, which was not read: write `issuer` instead of the one that stands there");
            provider.issuer = None;
        }
        let by = (provider.issuer.is_some(), provider.issuer.clone().unwrap_or_else(|| wanted.to_owned()));
        let known = self.known.get(&by).map(Vec::as_slice).unwrap_or_default();
        if let Some((_, name)) = known.iter().find(|(known, _)| *known == provider) {
            return name.clone();
        }
        let has_other = provider.issuer.is_some() && !known.is_empty();
        let name = self.provider_names.take(wanted);
        let mut spec = self.written_provider(&name, &provider, has_other);
        if has_other {
            item.changed(
                "another provider has this issuer, with other keys or settings, and an issuer is one provider here: write one \
                 that has both, and name it at the agents",
            );
        }
        if let Some(why) = rejected(json!({ "identity_providers": { &name: &spec } })) {
            item.cannot(format!("{why}: write the provider"));
            let nothing = Provider { issuer: None, keys: Keys::Nowhere, rest: Map::new() };
            spec = self.written_provider(&name, &nothing, false);
        }
        self.providers.insert(name.clone(), spec);
        self.known.entry(by).or_default().push((provider, name.clone()));
        name
    }

    /// Lets tokens of a provider have these algorithms alone, of those that they may have by now.
    pub(super) fn narrow(&mut self, provider: &str, allowed: &[&str]) -> Narrowed {
        self.narrowed
            .entry(provider.to_owned())
            .or_default()
            .push(allowed.iter().map(|one| (*one).to_owned()).collect());
        let all = self.narrowed.get(provider).map(Vec::as_slice).unwrap_or_default();
        let [first, others @ ..] = all else { return Narrowed::Alone };
        let common: Vec<&String> =
            first.iter().filter(|one| others.iter().all(|other| other.contains(one))).collect();
        if common.is_empty() {
            return Narrowed::Nothing;
        }
        let is_alone = others.iter().all(|other| other == first);
        if let Some(spec) = self.providers.get_mut(provider).and_then(Value::as_object_mut) {
            spec.insert("algorithms".to_owned(), json!(common));
        }
        if is_alone { Narrowed::Alone } else { Narrowed::Shared }
    }

    fn written_provider(&self, name: &str, provider: &Provider, unbound: bool) -> Value {
        let mut spec = provider.rest.clone();
        let issuer =
            provider.issuer.clone().filter(|_| !unbound).unwrap_or_else(|| format!("{NOWHERE}/{name}"));
        spec.insert("issuer".to_owned(), issuer.into());
        match &provider.keys {
            Keys::Discovery if !unbound => {}
            Keys::At(key, value) => {
                spec.insert((*key).to_owned(), value.clone());
            }
            Keys::Discovery | Keys::Nowhere => {
                spec.insert("jwks_uri".to_owned(), format!("{NOWHERE}/{name}/keys").into());
            }
        }
        let mut spec = Value::Object(spec);
        reference::translate(&mut spec, self.references);
        spec
    }

    /// Puts an agent in: its `route` has `path` and perhaps `host` or `hosts`. False, with why said of `item`, when another
    /// one has one of its routes, or when it cannot be written.
    pub(super) fn agent(&mut self, wanted: &str, mut spec: Value, item: Item<'_>) -> bool {
        reference::translate(&mut spec, self.references);
        let auth = spec.get("auth").cloned().unwrap_or_default();
        let routes = routes(&spec);
        if let Some((taken, other)) = routes.iter().find_map(|route| self.routes.get_key_value(route)) {
            item.taken(&taken.1, *other == auth);
            return false;
        }
        if let Some(why) = self.rejected_agent(&spec) {
            if is_public(&auth) {
                item.cannot(format!("{why}: left out"));
            } else {
                item.left_out(&why);
            }
            return false;
        }
        self.routes.extend(routes.into_iter().map(|route| (route, auth.clone())));
        let name = self.agent_names.take(wanted);
        self.agents.insert(name, spec);
        true
    }

    /// `limits` of an agent: those of the same bucket have one name, and count together.
    pub(super) fn limits(&mut self, wanted: &[Limit]) -> Value {
        let mut written: Vec<Value> = Vec::new();
        for limit in wanted {
            let limit = self.limits.written(limit);
            if !written.contains(&limit) {
                written.push(limit);
            }
        }
        Value::Array(written)
    }

    /// Puts a listener in, unless there is one at its address.
    pub(super) fn listener(&mut self, mut spec: Value, item: Item<'_>) {
        reference::translate(&mut spec, self.references);
        let is_known = |known: &Value| known.get("address") == spec.get("address");
        if self.listeners.iter().any(is_known) {
            item.cannot("another listener has this address");
            return;
        }
        match rejected(json!({ "server": { "listeners": [&spec] } })) {
            Some(why) => item.cannot(why),
            None => self.listeners.push(spec),
        }
    }

    /// Whether nothing came of the sources.
    pub(super) fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.agents.is_empty()
    }

    /// The document.
    pub(super) fn finish(mut self) -> Value {
        Limits::share(&mut self.agents);
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
        Value::Object(document)
    }

    /// Why an agent is no configuration of ours. Of its providers, which are in the document already, one stands for all.
    fn rejected_agent(&self, spec: &Value) -> Option<String> {
        let mut spec = spec.clone();
        let mut part = Map::new();
        let names = spec.pointer_mut("/auth/oauth/identity_providers").and_then(Value::as_array_mut);
        if let Some(names) = names {
            names.truncate(1);
            let name = names.first().and_then(Value::as_str).unwrap_or_default();
            let provider = self.providers.get(name).cloned().unwrap_or_default();
            part.insert("identity_providers".to_owned(), json!({ name: provider }));
        }
        part.insert("agents".to_owned(), json!({ "a": spec }));
        rejected(Value::Object(part))
    }
}

fn has_password(issuer: &str) -> bool {
    url::Url::parse(issuer).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

fn routes(spec: &Value) -> Vec<(String, String)> {
    let path = spec.pointer("/route/path").and_then(Value::as_str).unwrap_or("/");
    let hosts: Vec<&str> = match (spec.pointer("/route/host"), spec.pointer("/route/hosts")) {
        (Some(Value::String(host)), _) => vec![host],
        (_, Some(Value::Array(hosts))) => hosts.iter().filter_map(Value::as_str).collect(),
        _ => vec![""],
    };
    hosts.into_iter().map(|host| (host.to_ascii_lowercase(), path.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::{Node, Source, read_foreign};

    use super::super::ledger::Ledger;
    use super::*;

    fn node() -> Node {
        read_foreign(&Source::new("a.yaml", "a: 1\n")).unwrap().unwrap()
    }

    fn provider(issuer: Option<&str>, keys: Keys) -> Provider {
        Provider { issuer: issuer.map(str::to_owned), keys, rest: Map::new() }
    }

    fn file() -> Keys {
        Keys::At("jwks_file", "keys.json".into())
    }

    #[test]
    fn providers_with_one_issuer_are_one_unless_their_keys_differ() {
        let (node, ledger) = (node(), Ledger::default());
        let (mut draft, item) = (Draft::new(false), Item::new(&node, &ledger));
        let issuer = Some("https://i.example");
        assert_eq!(draft.provider("A b", provider(issuer, file()), item), "a-b");
        assert_eq!(draft.provider("other", provider(issuer, file()), item), "a-b");
        assert!(ledger.lines(&node).iter().all(|(_, text)| text.contains("no counterpart")));
        assert_eq!(draft.provider("a_b", provider(issuer, Keys::Discovery), item), "a-b-2");
        assert!(ledger.lines(&node).iter().any(|(_, text)| text.contains("another provider")));
        assert_eq!(draft.provider("none", provider(None, file()), item), "none");
        assert_eq!(draft.provider("none", provider(None, file()), item), "none");
        let document = draft.finish();
        let issuer = document.pointer("/identity_providers/a-b-2/issuer").and_then(Value::as_str);
        assert_eq!(issuer, Some("https://to-be-written.invalid/a-b-2"));
    }

    #[test]
    fn what_is_no_configuration_of_ours_stays_out() {
        let (node, ledger) = (node(), Ledger::default());
        let (mut draft, item) = (Draft::new(false), Item::new(&node, &ledger));
        let agent = |upstream: &str| json!({"route": {"path": "/a"}, "upstream": upstream, "auth": "public"});
        assert!(!draft.agent("a", agent("nonsense"), item));
        assert!(!ledger.is_weak(), "{:?}", ledger.lines(&node));
        assert!(draft.agent("a", agent("http://a.example"), item));
        assert!(!draft.agent("b", agent("http://b.example"), item), "the route is taken");
        let bad = provider(Some(""), file());
        assert_eq!(draft.provider("p", bad, item), "p");
        let document = draft.finish();
        assert_eq!(
            document.pointer("/identity_providers/p/issuer"),
            Some(&json!("https://to-be-written.invalid/p"))
        );
    }
}

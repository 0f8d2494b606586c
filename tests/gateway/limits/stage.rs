//! The gateway of these tests, its callers, and what its responses say, as a parser of structured fields that others wrote
//! reads it.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use sfv::{BareItem, ListEntry, Parser};
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, portcullis};

pub(super) struct Stage {
    pub(super) gateway: Gateway,
    pub(super) upstream: Upstream,
    pub(super) issuer: Issuer,
    key: Key,
    pub(super) api_key: String,
    stored: Value,
}

/// What a caller gets.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

/// An item of a field: its name and its parameters.
pub(super) type Items = Vec<(String, BTreeMap<String, i64>)>;

/// What stands in the configuration of these tests besides.
#[derive(Default)]
pub(super) struct With {
    pub(super) server: &'static str,
    /// Limits at the top, and at the provider.
    pub(super) top: Value,
    pub(super) provider: Value,
}

/// A limit of these members besides a name and a scope.
pub(super) fn limit(name: &str, per: &str, more: &Value) -> Value {
    let mut limit = json!({"name": name, "per": per, "scope": "agent"});
    let members = limit.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    limit
}

/// The agents of these names: `o…` take tokens, `k…` API keys, and others nothing. Each has these limits and members.
pub(super) async fn stage(agents: &[(&str, Value, Value)], with: With) -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let made = portcullis(Path::new("/"), &["api-key", "create", "--agent", "k"]).await;
    let (api_key, stored) = made.out.split_once('\n').expect("a key and what to store");
    let (id, hash) =
        (api_key.split('_').nth(1).expect("an id"), stored.split("sha256:").nth(1).expect("a hash"));
    let hash = hash.lines().next().expect("a line").trim().trim_matches('"');
    let stored = json!({id: {"agent": "k", "sha256": hash}});
    let body = body(&issuer, &upstream, &stored, agents, &with);
    let server = format!("  trusted_proxies: [127.0.0.1]\n{}", with.server);
    let gateway = Start { body: &body, server: &server, admin: Some(""), ..Start::default() }.ready().await;
    Stage { gateway, upstream, issuer, key, api_key: api_key.to_owned(), stored }
}

fn body(
    issuer: &Issuer,
    upstream: &Upstream,
    stored: &Value,
    agents: &[(&str, Value, Value)],
    with: &With,
) -> String {
    let agent = |(name, limits, more): &(&str, Value, Value)| {
        let auth = match name.as_bytes()[0] {
            b'o' => json!({"oauth": {"identity_providers": ["corp"], "audiences": ["x"]}}),
            b'k' => json!({"api_key": {}}),
            _ => json!("public"),
        };
        let mut agent = json!({"route": format!("/{name}"), "upstream": upstream.url(), "auth": auth});
        if limits.is_array() {
            agent["limits"] = limits.clone();
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            agent[name] = value.clone();
        }
        ((*name).to_owned(), agent)
    };
    let all: serde_json::Map<String, Value> = agents.iter().map(agent).collect();
    let mut corp = json!({"issuer": issuer.url});
    if with.provider.is_array() {
        corp["limits"] = with.provider.clone();
    }
    let keys = if all.contains_key("k") { stored.clone() } else { json!({}) };
    let top = if with.top.is_array() { format!("limits: {}\n", with.top) } else { String::new() };
    let agents = Value::from(all);
    format!("identity_providers: {}\nagents: {agents}\napi_keys: {keys}\n{top}", json!({"corp": corp}))
}

impl Stage {
    /// A token of this subject, with these claims changed.
    pub(super) fn token(&self, sub: &str, more: &Value) -> String {
        let mut claims = self.issuer.claims("x");
        claims["sub"] = sub.into();
        for (name, value) in more.as_object().into_iter().flatten() {
            match value {
                Value::Null => drop(claims.as_object_mut().expect("claims").remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        self.key.token(&self.key.header("ES256"), &claims)
    }

    /// Replaces limits and agents, and waits until that is live.
    pub(super) async fn change(&self, agents: &[(&str, Value, Value)], with: With) {
        let applied = async || self.gateway.metric("portcullis_config_reloads_total", &["applied"]).await;
        let before = applied().await;
        self.gateway.replace_body(&body(&self.issuer, &self.upstream, &self.stored, agents, &with));
        eventually("the change is live", std::time::Duration::from_secs(10), async || {
            (applied().await > before).then_some(())
        })
        .await;
    }

    /// A GET at this path from this address.
    pub(super) async fn get(&self, path: &str, from: &str, headers: &[(&str, &str)]) -> Got {
        let mut request = client().get(self.gateway.url(path)).header("X-Forwarded-For", from);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Got { status, headers, text: answer.text().await.expect("text") }
    }

    pub(super) async fn with_token(&self, path: &str, token: &str) -> Got {
        self.get(path, "198.51.100.1", &[("Authorization", &format!("Bearer {token}"))]).await
    }

    /// The statuses of so many requests, one after the other.
    pub(super) async fn statuses(&self, path: &str, from: &str, count: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.get(path, from, &[]).await.status);
        }
        statuses
    }
}

impl Got {
    /// The items of a list; none without the field.
    pub(super) fn items(&self, field: &str) -> Items {
        let lines: Vec<&str> =
            self.headers.get_all(field).iter().map(|value| value.to_str().expect("ASCII")).collect();
        let list = Parser::parse_list(lines.join(", ").as_bytes()).expect("a structured field");
        let item = |entry: ListEntry| {
            let ListEntry::Item(item) = entry else { panic!("an inner list in {lines:?}") };
            let name = item.bare_item.as_str().expect("a string").to_owned();
            let number = |value: BareItem| value.as_int().unwrap_or(-1);
            (name, item.params.into_iter().map(|(key, value)| (key, number(value))).collect())
        };
        list.into_iter().map(item).collect()
    }

    /// What is left of the limit of this name, and in how many seconds there is more.
    pub(super) fn left(&self, name: &str) -> Option<(i64, i64)> {
        let items = self.items("ratelimit");
        items.iter().find(|(item, _)| item == name).map(|(_, members)| (members["r"], members["t"]))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub(super) fn retry_after(&self) -> Option<i64> {
        self.header("retry-after").map(|seconds| seconds.parse().expect("a number"))
    }
}

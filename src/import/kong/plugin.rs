//! The plugins of a route, as `auth` of an agent.

use serde_json::{Value, json};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::Limit;
use super::super::spec::Unread;
use super::credential::{Credentials, anonymous};
use super::limit::Counted;
use super::{cors, jwt, limit, openid};

/// Plugins that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 21] = [
    "ai-proxy",
    "correlation-id",
    "datadog",
    "file-log",
    "grpc-gateway",
    "grpc-web",
    "http-log",
    "kafka-log",
    "loggly",
    "opentelemetry",
    "prometheus",
    "proxy-cache",
    "request-transformer",
    "request-transformer-advanced",
    "response-transformer",
    "response-transformer-advanced",
    "statsd",
    "syslog",
    "tcp-log",
    "udp-log",
    "zipkin",
];

/// Plugins that refuse too much and too many, whoever asks.
const LIMITS: [&str; 5] = [
    "bot-detection",
    "request-size-limiting",
    "request-validator",
    "response-ratelimiting",
    "service-protection",
];

/// Plugins that limit rates.
const RATES: [&str; 2] = ["rate-limiting", "rate-limiting-advanced"];

/// What the plugins of a route say.
#[derive(Default)]
pub(super) struct Said {
    pub(super) auth: Option<Value>,
    pub(super) unread: Unread,
    pub(super) max_body: Option<Value>,
    pub(super) cors: Option<Value>,
    limits: Vec<Counted>,
    /// Whether all tokens of an issuer are those of one consumer.
    by_issuer: bool,
}

impl Said {
    /// The limits of an agent that asks for this.
    pub(super) fn limits(&self, auth: &Value) -> Vec<Limit> {
        self.limits.iter().map(|counted| counted.at(auth, self.by_issuer)).collect()
    }
}

/// Reads the plugins of a route of `service`; the nearest of a name comes first, and is the one that counts.
pub(super) fn read(
    plugins: &[Item<'_>],
    service: Item<'_>,
    credentials: &Credentials,
    draft: &mut Draft,
) -> Said {
    let mut said = Said::default();
    let mut pages = None;
    let mut seen: Vec<&str> = Vec::new();
    for plugin in plugins {
        let name = plugin.get("name").and_then(Item::text).unwrap_or_default();
        if plugin.get("enabled").is_some_and(Item::is_false) {
            plugin.kept();
            continue;
        }
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let auth = match name {
            "jwt" => Some(jwt::read(*plugin, credentials)),
            "key-auth" => Some(key_auth(*plugin)),
            "openid-connect" => Some(openid::read(*plugin, draft)),
            _ => None,
        };
        match auth {
            Some(auth) => {
                plugin.keep_all(&["name", "enabled"]);
                if said.auth.is_some() {
                    plugin.weak(
                        Verdict::Cannot,
                        "an agent has one way in: only the first of these plugins counts",
                    );
                } else {
                    said.by_issuer = name == "jwt";
                    said.auth = Some(auth);
                }
            }
            None if name == "cors" => pages = Some(*plugin),
            None if RATES.contains(&name) => said.limits.extend(limit::read(*plugin, name, service)),
            None if HARMLESS.contains(&name) => {
                plugin.cannot(format!("the plugin `{name}` has no counterpart here"));
            }
            None => other(*plugin, name, &mut said),
        }
    }
    // Which header has the credential is known only now.
    said.cors = pages.and_then(|plugin| cors::read(plugin, said.auth.as_ref()));
    said
}

/// A plugin that may refuse requests.
fn other(plugin: Item<'_>, name: &str, said: &mut Said) {
    if name == "request-size-limiting"
        && let Some(size) = size(plugin)
    {
        said.max_body = Some(size);
        return;
    }
    if !LIMITS.contains(&name) {
        said.unread = Unread::Something;
    }
    plugin.weak(Verdict::Cannot, "what this plugin refuses is let through here, unless you write it anew");
}

fn key_auth(plugin: Item<'_>) -> Value {
    let config = plugin.get("config");
    anonymous(config);
    let mut header = "apikey";
    if let Some(config) = config {
        for (number, name) in config.list("key_names").into_iter().enumerate() {
            match name.text() {
                Some(text) if number == 0 => {
                    header = text;
                    name.kept();
                }
                _ => name.cannot("the key is in one header"),
            }
        }
        if let Some(hide) = config.get("hide_credentials") {
            if hide.is_true() {
                hide.kept();
            } else {
                hide.changed("the agent does not see the key");
            }
        }
        for (place, ours) in [("key_in_header", true), ("key_in_query", false), ("key_in_body", false)] {
            let Some(item) = config.get(place) else { continue };
            if item.is_true() == ours {
                item.kept();
            } else {
                item.changed("the key is in a header");
            }
        }
        config.rest_is_weak(|name| matches!(name, "realm" | "run_on_preflight"));
    }
    plugin.changed("keys are those of `portcullis api-key create`, in a header; the agent does not see them");
    json!({ "api_key": { "header": header } })
}

/// Kong counts in powers of two.
fn size(plugin: Item<'_>) -> Option<Value> {
    let config = plugin.get("config")?;
    let size = config.get("allowed_payload_size")?;
    let number: u64 = size.text()?.parse().ok().filter(|number| (1..=1024 * 1024).contains(number))?;
    let unit = match config.get("size_unit").and_then(Item::text) {
        Some("bytes") => "B",
        Some("kilobytes") => "KiB",
        Some(_) | None => "MiB",
    };
    plugin.keep("name");
    config.keep_all(&["allowed_payload_size", "size_unit"]);
    Some(format!("{number}{unit}").into())
}

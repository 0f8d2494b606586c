//! The plugins that say who may call, as `auth` of an agent.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::credential::{Credentials, anonymous};
use super::openid;

/// Plugins that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 22] = [
    "ai-proxy",
    "correlation-id",
    "cors",
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

/// What the plugins of a route say.
#[derive(Default)]
pub(super) struct Said {
    pub(super) auth: Option<Value>,
    pub(super) max_body: Option<Value>,
}

/// Reads the plugins of a route; the nearest of a name comes first, and is the one that counts.
pub(super) fn read(plugins: &[Item<'_>], credentials: &Credentials, draft: &mut Draft) -> Said {
    let mut said = Said::default();
    let mut seen: Vec<&str> = Vec::new();
    for plugin in plugins {
        let name = plugin.get("name").and_then(Item::text).unwrap_or_default();
        if plugin.get("enabled").and_then(Item::text) == Some("false") {
            plugin.kept();
            continue;
        }
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let auth = match name {
            "jwt" => Some(jwt(*plugin, credentials)),
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
                    said.auth = Some(auth);
                }
            }
            None if name == "request-size-limiting" => said.max_body = size(*plugin),
            None if HARMLESS.contains(&name) => {
                plugin.cannot(format!("the plugin `{name}` has no counterpart here"))
            }
            None => plugin.weak(
                Verdict::Cannot,
                "what this plugin refuses is let through here, unless you write it anew",
            ),
        }
    }
    said
}

fn jwt(plugin: Item<'_>, credentials: &Credentials) -> Value {
    let config = plugin.get("config");
    anonymous(config);
    plugin.weak(
        Verdict::Kept,
        "Kong compares no audience here: tokens that are meant for another service pass",
    );
    plugin.changed("the agent no longer gets the token, unless `forward_token` says so; tokens without `exp` are refused");
    if credentials.providers.is_empty() {
        plugin.changed(
            "no key of a consumer can be imported: nobody gets in, until you write an identity provider",
        );
        return json!({ "api_key": {} });
    }
    let mut oauth = Map::new();
    oauth.insert("identity_providers".to_owned(), json!(credentials.providers));
    let Some(config) = config else { return json!({ "oauth": oauth }) };
    if let Some(claim) = config.get("key_claim_name") {
        if claim.text() == Some("iss") {
            claim.kept();
        } else {
            claim.weak(
                Verdict::Changed,
                "the issuer is not bound: another claim names the key; here it is `iss`",
            );
        }
    }
    if let Some(claims) = config.get("claims_to_verify") {
        claims.kept();
    }
    if let Some(names) = config.get("header_names") {
        header(names, &mut oauth, "Bearer");
    }
    let mut also = Vec::new();
    for (key, kind) in [("uri_param_names", "query"), ("cookie_names", "cookie")] {
        for name in config.list(key) {
            if let Some(text) = name.text() {
                also.push(json!({ kind: text }));
                name.kept();
            }
        }
    }
    if config.get("uri_param_names").is_none() {
        plugin.changed("the query parameter `jwt` is no place of the token, unless `also` names it");
    }
    if !also.is_empty() {
        oauth.insert("also".to_owned(), also.into());
    }
    if let Some(most) = config.get("maximum_expiration") {
        if let Some(seconds @ 1..) = most.text().and_then(|text| text.parse().ok()) {
            oauth.insert("max_token_lifetime".to_owned(), show_duration(Duration::from_secs(seconds)).into());
        }
        most.kept();
    }
    if let Some(preflight) = config.get("run_on_preflight") {
        preflight.changed("preflights are answered at agents with `cors`, and need a token elsewhere");
    }
    json!({ "oauth": oauth })
}

/// The first of these headers.
fn header(names: Item<'_>, settings: &mut Map<String, Value>, prefix: &str) {
    for (number, name) in names.items().into_iter().enumerate() {
        if number > 0 {
            name.cannot("the credential is in one header");
            continue;
        }
        name.kept();
        let text = name.text().unwrap_or_default();
        if !text.eq_ignore_ascii_case("authorization") {
            settings.insert("prefix".to_owned(), prefix.into());
            settings.insert("header".to_owned(), text.into());
        }
    }
}

fn key_auth(plugin: Item<'_>) -> Value {
    let config = plugin.get("config");
    anonymous(config);
    let mut settings = Map::new();
    settings.insert("header".to_owned(), "apikey".into());
    if let Some(names) = config.and_then(|config| config.get("key_names")) {
        header(names, &mut settings, "");
    }
    settings.remove("prefix");
    if let Some(config) = config {
        if let Some(hide) = config.get("hide_credentials") {
            if hide.is_true() {
                hide.kept();
            } else {
                hide.changed("the agent does not see the key");
            }
        }
        config.keep_all(&["key_in_header"]);
        for place in ["key_in_query", "key_in_body"] {
            if let Some(item) = config.get(place) {
                if item.is_true() {
                    item.changed("the key is in a header");
                } else {
                    item.kept();
                }
            }
        }
    }
    plugin.changed("keys are those of `portcullis api-key create`, in a header; the agent does not see them");
    json!({ "api_key": settings })
}

fn size(plugin: Item<'_>) -> Option<Value> {
    plugin.keep("name");
    let config = plugin.get("config")?;
    let size = config.get("allowed_payload_size")?;
    let number: u64 = size.text()?.parse().ok()?;
    let unit = match config.get("size_unit").and_then(Item::text) {
        Some("bytes") => "B",
        Some("kilobytes") => "KiB",
        Some(_) | None => "MiB",
    };
    config.keep_all(&["allowed_payload_size", "size_unit"]);
    Some(format!("{number}{unit}").into())
}

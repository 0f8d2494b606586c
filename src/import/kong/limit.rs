//! The plugins `rate-limiting` and `rate-limiting-advanced`. Both count after the credential, as here.

use std::time::Duration;

use serde_json::Value;

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::{Bucket, Limit, Rate};
use super::super::spec::{ANSWER, COUNTED_TOGETHER, is_public};

/// The windows of `rate-limiting`, in seconds. Those of the calendar are as long as the longest of them.
const WINDOWS: [(&str, u64); 6] = [
    ("second", 1),
    ("minute", 60),
    ("hour", 3600),
    ("day", 86_400),
    ("month", 31 * 86_400),
    ("year", 366 * 86_400),
];

/// What is said of a rate.
const FIXED: &str = "Kong counts in windows, and lets in up to twice as many around the end of one; here as many pass at once, and then \
                     one after the other, evenly";

/// Whom a limit counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The consumer; who it is depends on how a route asks.
    Caller,
    Address,
    /// All callers together.
    Everybody,
}

/// A limit, before it is known what a route asks for.
pub(super) struct Counted {
    by: By,
    bucket: Bucket,
    name: String,
    rate: Rate,
}

impl Counted {
    /// As a limit of an agent. `by_issuer`: whether all tokens of an issuer are those of one consumer.
    pub(super) fn at(&self, auth: &Value, by_issuer: bool) -> Limit {
        let per = match self.by {
            By::Everybody => "agent",
            By::Address => "address",
            By::Caller if is_public(auth) => "address",
            By::Caller if by_issuer && auth.get("oauth").is_some() => "claim:iss",
            By::Caller => "principal",
        };
        Limit::rate((self.bucket, &self.name), per, &self.rate)
    }
}

/// Reads a plugin that stands at a route of `service`; what cannot be had is said.
pub(super) fn read(plugin: Item<'_>, name: &str, service: Item<'_>) -> Vec<Counted> {
    let Some(config) = plugin.get("config") else {
        plugin.cannot("it has no limits");
        return Vec::new();
    };
    plugin.keep_all(&["name", "enabled"]);
    let Some((by, is_per_service)) = by(plugin, config) else { return Vec::new() };
    let place = if is_per_service { service.address() } else { 0 };
    let mut counted = Vec::new();
    for (item, wanted, count, window) in rates(config, name) {
        match Rate::new(count, window, count) {
            Ok(rate) => {
                item.changed(if rate.is_less {
                    format!("{FIXED}; and no more than a limit can have")
                } else {
                    FIXED.to_owned()
                });
                counted.push(Counted { by, bucket: (item.address(), place), name: wanted, rate });
            }
            Err(why) => item.weak(Verdict::Cannot, why),
        }
    }
    beside(config);
    counted
}

/// Whom it counts for, and whether that is all callers of a service, which then has a bucket of its own; `None`, which is said, for what is not known here.
fn by(plugin: Item<'_>, config: Item<'_>) -> Option<(By, bool)> {
    let written = config.get("limit_by").or_else(|| config.get("identifier"));
    let (by, is_per_service) = match written.and_then(Item::text).unwrap_or("consumer") {
        "consumer" | "credential" => {
            written.unwrap_or(config).changed(
                "whom it counts for is issuer and subject of a token, with the plugin `jwt` the issuer, else the API key; where \
                 nothing is asked for it is the address",
            );
            (By::Caller, false)
        }
        "ip" => {
            let why = "the address by `server.trusted_proxies`, and a /64 of IPv6";
            written.into_iter().for_each(|item| item.changed(why));
            (By::Address, false)
        }
        "service" => {
            written.into_iter().for_each(|item| {
                item.kept();
            });
            (By::Everybody, true)
        }
        _ => {
            let why = "it counts by a header, a path or a group of consumers, and none of them says here who calls: write a limit with \
                       `per: claim:NAME`, or for another agent";
            plugin.weak(Verdict::Cannot, why);
            return None;
        }
    };
    Some((by, is_per_service))
}

/// The rates: where each is written, what it is called, how many requests, and the window.
fn rates<'a>(config: Item<'a>, name: &str) -> Vec<(Item<'a>, String, u64, Duration)> {
    let mut rates = Vec::new();
    for (window, seconds) in WINDOWS {
        if let Some(item) = config.get(window) {
            let count = item.number().unwrap_or_default();
            rates.push((item, format!("{name}-{window}"), count, Duration::from_secs(seconds)));
        }
    }
    let sizes = config.list("window_size");
    for (item, size) in config.list("limit").into_iter().zip(sizes) {
        let (count, seconds) = (item.number().unwrap_or_default(), size.kept().number().unwrap_or_default());
        rates.push((item, format!("{name}-{seconds}s"), count, Duration::from_secs(seconds)));
    }
    rates
}

/// What else stands there.
fn beside(config: Item<'_>) {
    for key in ["policy", "strategy"] {
        let Some(policy) = config.get(key) else { continue };
        if policy.text() == Some("local") {
            policy.kept();
        } else {
            policy.weak(Verdict::Changed, COUNTED_TOGETHER);
        }
    }
    if let Some(kind) = config.get("window_type") {
        kind.changed("there is one way to count");
    }
    for key in ["error_code", "error_message", "hide_client_headers", "retry_after_jitter_max"] {
        if let Some(item) = config.get(key) {
            item.changed(ANSWER);
        }
    }
    for key in [
        "redis",
        "redis_host",
        "redis_port",
        "redis_username",
        "redis_password",
        "redis_database",
        "redis_timeout",
        "redis_ssl",
    ] {
        if let Some(item) = config.get(key) {
            item.cannot("see `server.shared_state`; a password in it was not read");
        }
    }
    let is_harmless = |name: &str| {
        matches!(
            name,
            "fault_tolerant" | "sync_rate" | "namespace" | "dictionary_name" | "lock_dictionary_name"
        )
    };
    config.rest_is_weak(is_harmless);
}

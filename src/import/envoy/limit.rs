//! The filter `local_ratelimit`: a bucket of the process, which all callers share.

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::{Limit, Rate};
use super::super::place::duration;
use super::super::spec::ANSWER;

/// Settings that refuse nothing.
const HARMLESS: [&str; 12] = [
    "@type",
    "enable_x_ratelimit_headers",
    "filter_enabled",
    "filter_enforced",
    "local_cluster_rate_limit",
    "rate_limited_as_resource_exhausted",
    "request_headers_to_add_when_not_enforced",
    "response_headers_to_add",
    "stage",
    "stat_prefix",
    "status",
    "vh_rate_limits",
];

/// For how many requests something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    None,
    Some,
    All,
}

/// Reads the filter, or what a route or a virtual host has in its place; `None` where there is no bucket, or none that can be had,
/// which is said.
pub(super) fn read(config: Item<'_>) -> Option<Limit> {
    config.keep_all(&["@type", "stat_prefix"]);
    if let Some(off) = config.get("disabled").filter(|item| item.is_true()) {
        off.kept();
        return None;
    }
    let bucket = config.get("token_bucket")?;
    let (enabled, enforced) = (part(config, "filter_enabled"), part(config, "filter_enforced"));
    if enabled == Part::None {
        bucket.changed("Envoy counts nothing, unless `filter_enabled` says so: left out");
        return None;
    }
    if config.get("local_rate_limit_per_downstream_connection").is_some_and(Item::is_true) {
        let why = "a bucket for each connection: write a limit with `per: address`, or `per: principal`";
        config.weak(Verdict::Cannot, why);
        return None;
    }
    let number = |name: &str, default: u64| bucket.get(name).map_or(Some(default), Item::number);
    let window = bucket.get("fill_interval").and_then(Item::text).and_then(duration);
    let (Some(most), Some(filled), Some(window)) =
        (number("max_tokens", 0), number("tokens_per_fill", 1), window)
    else {
        bucket.weak(Verdict::Cannot, "no numbers that a limit can have: what it refuses is let through here");
        return None;
    };
    let rate = match Rate::new(filled, window, most) {
        Ok(rate) => rate,
        Err(why) => {
            bucket.weak(Verdict::Cannot, why);
            return None;
        }
    };
    bucket.keep_all(&["max_tokens", "tokens_per_fill", "fill_interval"]);
    let why = "it fills evenly, and counts requests that the credential and the rules let in";
    bucket.changed(if rate.is_less {
        format!("{why}; and no more than a limit can have")
    } else {
        why.to_owned()
    });
    beside(config);
    let limit = Limit::rate(((config.address(), 0), "local-ratelimit"), "agent", &rate);
    Some(if enforced == Part::None { limit.shadowed() } else { limit })
}

/// For how many requests the setting of that name holds. Without it, it is none.
fn part(config: Item<'_>, name: &str) -> Part {
    let Some(item) = config.get(name) else {
        if name == "filter_enforced" {
            config.changed("without `filter_enforced` Envoy only counts: `enforcement: shadow`");
        }
        return Part::None;
    };
    let part = fraction(item);
    match part {
        Part::All if item.get("runtime_key").is_none() => {
            item.kept();
        }
        Part::None if name == "filter_enforced" => item.changed("Envoy only counts: `enforcement: shadow`"),
        Part::None | Part::All => item.changed("what the runtime of Envoy says is not read"),
        Part::Some => item.changed("it holds for all requests here"),
    }
    part
}

/// A part of a hundred, or of more.
fn fraction(item: Item<'_>) -> Part {
    let value = item.get("default_value").unwrap_or(item);
    let whole = match value.get("denominator").and_then(Item::text) {
        Some("TEN_THOUSAND") => 10_000,
        Some("MILLION") => 1_000_000,
        Some(_) | None => 100,
    };
    match value.get("numerator").and_then(Item::number).unwrap_or(0) {
        0 => Part::None,
        part if part >= whole => Part::All,
        _ => Part::Some,
    }
}

/// What else stands there.
fn beside(config: Item<'_>) {
    if let Some(descriptors) = config.get("descriptors").filter(|descriptors| !descriptors.items().is_empty())
    {
        let why = "buckets for some requests alone: what they refuse is let through here";
        descriptors.weak(Verdict::Cannot, why);
    }
    for key in ["status", "response_headers_to_add", "enable_x_ratelimit_headers"] {
        if let Some(item) = config.get(key) {
            item.changed(ANSWER);
        }
    }
    if let Some(cluster) = config.get("local_cluster_rate_limit") {
        cluster.changed("each gateway counts its part, as the store tells who is there");
    }
    config.rest_is_weak(|name| HARMLESS.contains(&name));
}

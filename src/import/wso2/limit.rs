//! The policies `basic-ratelimit`, `advanced-ratelimit` and `ratelimit`. How they count is said for all of them in the
//! configuration of the gateway.

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::{Limit, Rate};
use super::super::place::duration;
use super::super::spec::ANSWER;

/// Whether a policy of that name is read here.
pub(super) fn is_one(name: &str) -> bool {
    matches!(name, "basic-ratelimit" | "advanced-ratelimit" | "ratelimit")
}

/// Reads a policy.
pub(super) fn read(policy: Item<'_>, name: &str) -> Vec<Limit> {
    if let Some(condition) = policy.get("executionCondition") {
        condition.changed("all requests count, also those for which the condition does not hold");
    }
    policy.keep_all(&["name", "version"]);
    let params = policy.get("params").unwrap_or(policy);
    let quotas = params.list("quotas");
    let each = if quotas.is_empty() { vec![params] } else { quotas };
    let limits = each.into_iter().flat_map(|quota| self::quota(quota, name)).collect();
    if let Some(answer) = params.get("onRateLimitExceeded") {
        answer.changed(ANSWER);
    }
    if policy.get("params").is_some() {
        params.rest_is_weak(|_| false);
    }
    limits
}

/// One or more limits by the same key.
fn quota(quota: Item<'_>, name: &str) -> Vec<Limit> {
    let Some(per) = per(quota) else { return Vec::new() };
    if quota.get("costExtraction").or_else(|| quota.get("cost")).is_some_and(|cost| cost.text() != Some("1"))
    {
        quota.weak(Verdict::Cannot, "each request counts as one here: what it refuses is let through");
        return Vec::new();
    }
    quota.keep_all(&["cost"]);
    let wanted = quota.keep("name").unwrap_or(name);
    let mut limits = Vec::new();
    for item in quota.list("limits") {
        let count = item.get("requests").or_else(|| item.get("limit")).and_then(Item::number);
        let window = item.get("duration").and_then(Item::text).and_then(duration);
        let burst = item.get("burst").map_or(count, Item::number);
        let rate = match (count, window, burst) {
            (Some(count), Some(window), Some(burst)) => Rate::new(count, window, burst),
            _ => Err("no numbers that a limit can have: what it refuses is let through here"),
        };
        match rate {
            Ok(rate) => {
                item.keep_all(&["requests", "limit", "duration", "burst"]);
                item.changed(if rate.is_less {
                    "no more than a limit can have"
                } else {
                    "as `algorithm: gcra` with `backend: memory`: in Redis all gateways count together, see `counting`"
                });
                item.rest_is_weak(|_| false);
                limits.push(Limit::rate(((item.address(), 0), wanted), per, &rate));
            }
            Err(why) => item.weak(Verdict::Cannot, why),
        }
    }
    quota.rest_is_weak(|name| name == "onRateLimitExceeded");
    limits
}

/// Whom it counts for: all callers, unless something else is written. `None`, which is said, for what is not known here.
fn per(quota: Item<'_>) -> Option<&'static str> {
    let Some(extraction) = quota.get("keyExtraction") else { return Some("agent") };
    let mut per = "agent";
    for part in extraction.items() {
        match part.get("type").and_then(Item::text) {
            Some("routename" | "apiname" | "apiversion" | "constant") => {
                part.kept();
            }
            Some("ip") => {
                part.changed("the address by `server.trusted_proxies`, and a /64 of IPv6");
                per = "address";
            }
            _ => {
                let why = "it counts by something that callers write, or that is not known here: write a limit with `per: principal`, or \
                           `per: claim:NAME`";
                quota.weak(Verdict::Cannot, why);
                return None;
            }
        }
    }
    Some(per)
}

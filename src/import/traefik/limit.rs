//! The middlewares `rateLimit` and `inFlightReq`. Each router that names one has a bucket of its own.

use std::time::Duration;

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::{Bucket, Limit, Rate};
use super::super::place::duration;
use super::super::spec::COUNTED_TOGETHER;

/// Reads `rateLimit`; `None` where there is none, or none that can be had, which is said.
pub(super) fn rate(item: Item<'_>, bucket: Bucket, name: &str) -> Option<Limit> {
    let (average, burst) = (item.get("average"), item.get("burst"));
    let count = average.map_or(Some(0), Item::number);
    if count == Some(0) {
        item.keep_all(&["average", "burst", "period"]);
        item.changed("an average of 0 limits nothing in Traefik: left out");
        return None;
    }
    let per = per(item, "address")?;
    let period = item.get("period").and_then(Item::text);
    // A number alone is seconds, to Traefik.
    let window = period.map_or(Some(Duration::from_secs(1)), |text| {
        duration(text).or_else(|| text.parse().ok().map(Duration::from_secs))
    });
    let at_once = burst.map_or(Some(1), Item::number).map(|burst| burst.max(1));
    let (Some(count), Some(window), Some(at_once)) = (count, window, at_once) else {
        item.weak(Verdict::Cannot, "no numbers that a limit can have: what it refuses is let through here");
        return None;
    };
    let rate = match Rate::new(count, window, at_once) {
        Ok(rate) => rate,
        Err(why) => {
            item.weak(Verdict::Cannot, why);
            return None;
        }
    };
    item.keep_all(&["burst", "period"]);
    let place = average.unwrap_or(item);
    if rate.is_less {
        place.changed("no more than a limit can have");
    } else {
        place.changed("no request waits for its turn: it is refused");
    }
    if let Some(redis) = item.get("redis") {
        redis.weak(Verdict::Changed, COUNTED_TOGETHER);
    }
    item.rest_is_weak(|_| false);
    Some(Limit::rate((bucket, name), per, &rate))
}

/// Reads `inFlightReq`.
pub(super) fn under_way(item: Item<'_>, bucket: Bucket, name: &str) -> Option<Limit> {
    let per = per(item, "agent")?;
    let amount = item.get("amount")?;
    let Some(most) = amount.number().filter(|most| (1..=1_000_000).contains(most)) else {
        item.weak(Verdict::Cannot, "no number that a limit can have: what it refuses is let through here");
        return None;
    };
    amount.kept();
    item.rest_is_weak(|_| false);
    Some(Limit::concurrent((bucket, name), per, most))
}

/// Whom it counts for; `None`, which is said, for what is not known here.
fn per(item: Item<'_>, default: &'static str) -> Option<&'static str> {
    let Some(source) = item.get("sourceCriterion").filter(|source| !source.entries().is_empty()) else {
        return Some(default);
    };
    if source.get("requestHeaderName").is_some() {
        let why = "it counts by a header, which callers write as they like: write a limit with `per: principal`, or `per: claim:NAME`";
        item.weak(Verdict::Cannot, why);
        return None;
    }
    if let Some(strategy) = source.get("ipStrategy") {
        strategy.changed("the address by `server.trusted_proxies`, and a /64 of IPv6");
        return Some("address");
    }
    if let Some(host) = source.get("requestHost") {
        host.changed("all hosts of a route count together");
        return Some("agent");
    }
    item.weak(Verdict::Cannot, "whom it counts for is not known here: what it refuses is let through");
    None
}

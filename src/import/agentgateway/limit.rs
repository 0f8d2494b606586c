//! The policy `localRateLimit`: buckets of the process, which all callers share.

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::{Limit, Rate};
use super::super::place::duration;

/// Reads the buckets of a policy.
pub(super) fn read(policy: Item<'_>) -> Vec<Limit> {
    let list = if policy.is_map() { vec![policy] } else { policy.items() };
    list.into_iter().filter_map(one).collect()
}

fn one(bucket: Item<'_>) -> Option<Limit> {
    if bucket.get("type").is_some_and(|kind| kind.text() == Some("tokens")) {
        bucket
            .weak(Verdict::Cannot, "tokens of a model are not counted: what it refuses is let through here");
        return None;
    }
    let number = |name: &str| bucket.get(name)?.number();
    let window = bucket.get("fillInterval").and_then(Item::text).and_then(duration);
    let (Some(most), Some(filled), Some(window)) = (number("maxTokens"), number("tokensPerFill"), window)
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
    bucket.keep_all(&["maxTokens", "tokensPerFill", "fillInterval", "type"]);
    let why = "it fills evenly, and counts requests that the credential and the rules let in";
    bucket.changed(if rate.is_less {
        format!("{why}; and no more than a limit can have")
    } else {
        why.to_owned()
    });
    bucket.rest_is_weak(|_| false);
    Some(Limit::rate(((bucket.address(), 0), "local-rate-limit"), "agent", &rate))
}

//! The fields in which a response says what is left (draft-ietf-httpapi-ratelimit-headers-10): lists of structured fields
//! (RFC 9651), an item for each limit, named as the limit is.
//!
//! An agent's own items of other policies stay; `proxy` puts them together.

use std::fmt::Write as _;

use super::limit::Measure;
use super::quota::{Period, Quota};
use super::rate::Standing;

/// The field with the policies.
pub const POLICY: &str = "RateLimit-Policy";
/// The field with what is left.
pub const LEFT: &str = "RateLimit";

/// The item of [`POLICY`] for a limit of this name: the quota and its window in seconds. A name is `[a-z0-9-]`, and needs no
/// escape.
#[must_use]
pub fn policy(name: &str, measure: Measure) -> String {
    match measure {
        Measure::Rate(rate) => format!("\"{name}\";q={};w={}", rate.count, rate.window.as_secs()),
        Measure::Concurrent(most) => format!("\"{name}\";q={most};qu=\"concurrent-requests\""),
        Measure::Quota(Quota { count, period: Period::Day }) => format!("\"{name}\";q={count};w=86400"),
        // A month has no number of seconds; `t` of the other field says when it ends.
        Measure::Quota(Quota { count, period: Period::Month }) => format!("\"{name}\";q={count}"),
    }
}

/// Adds the item of [`LEFT`] for a limit of this name to a list.
pub fn left(list: &mut String, name: &str, standing: Standing) {
    let Standing { left, seconds } = standing;
    let comma = if list.is_empty() { "" } else { ", " };
    // Writing to a string does not fail.
    let _written = write!(list, "{comma}\"{name}\";r={left};t={seconds}");
}

/// A list without the items of these names; `None` where it has none of them.
#[must_use]
pub fn without(list: &str, names: impl Fn(&str) -> bool) -> Option<String> {
    let items = items(list);
    let others: Vec<&str> = items.iter().copied().filter(|item| !name(item).is_some_and(&names)).collect();
    (others.len() < items.len()).then(|| others.join(", "))
}

/// The items of a list: what stands between commas that are in no string.
fn items(list: &str) -> Vec<&str> {
    let (mut in_string, mut escaped) = (false, false);
    let split = list.split(|c: char| {
        let is_comma = c == ',' && !in_string;
        if c == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = c == '\\' && in_string && !escaped;
        is_comma
    });
    split.map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// The name of an item: a string or a token.
fn name(item: &str) -> Option<&str> {
    match item.strip_prefix('"') {
        Some(rest) => rest.split_once('"').map(|(name, _)| name),
        None => item.split(';').next().map(str::trim),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::rate::Rate;

    #[test]
    fn a_policy_and_what_is_left_of_it_have_one_name() {
        let rate = Measure::Rate(Rate { count: 100, window: Duration::from_secs(60), burst: 20 });
        assert_eq!(policy("per-caller", rate), "\"per-caller\";q=100;w=60");
        assert_eq!(policy("c", Measure::Concurrent(4)), "\"c\";q=4;qu=\"concurrent-requests\"");
        for (period, text) in [(Period::Day, "\"d\";q=1000;w=86400"), (Period::Month, "\"d\";q=1000")] {
            assert_eq!(policy("d", Measure::Quota(Quota { count: 1000, period })), text);
        }
        let mut list = String::new();
        left(&mut list, "a", Standing { left: 19, seconds: 2 });
        left(&mut list, "b", Standing { left: 0, seconds: 36 });
        assert_eq!(list, "\"a\";r=19;t=2, \"b\";r=0;t=36");
    }

    #[test]
    fn items_of_our_names_are_taken_out_of_a_list_and_others_stay_as_they_are() {
        let ours = |name: &str| matches!(name, "a" | "b");
        for (list, rest) in [
            ("\"a\";r=1", Some("")),
            ("\"c\";r=1;t=2", None),
            ("\"c\";r=1,\"a\";r=2 , \"d\";pk=:AA==:", Some("\"c\";r=1, \"d\";pk=:AA==:")),
            ("a;r=1, c", Some("c")),
            ("\"x,\\\"a\\\", y\";q=1", None),
            ("\"x\";n=\"a, b\", \"b\"", Some("\"x\";n=\"a, b\"")),
            ("", None),
            ("\"a", None),
        ] {
            assert_eq!(without(list, ours).as_deref(), rest, "{list}");
        }
    }
}

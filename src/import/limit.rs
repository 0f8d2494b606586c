//! Limits of callers, as settings of ours. What a product counts, and what is said about the difference, is the business of its
//! own file.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::names::Names;

/// The most requests of a rate, of a burst and under way that can be written.
const MOST: u64 = 1_000_000;

/// The longest window of a rate, in seconds.
const LONGEST: u64 = 31 * 86_400;

/// Which bucket of the source it is: the value that describes it, and where that is used, if it is another bucket there.
pub(super) type Bucket = (usize, usize);

/// A limit of an agent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    bucket: Bucket,
    /// What it is called, unless another one is.
    wanted: String,
    terms: Map<String, Value>,
}

impl Limit {
    /// So often.
    pub(super) fn rate((bucket, wanted): (Bucket, &str), per: &str, rate: &Rate) -> Self {
        let mut limit = Self::new(bucket, wanted, per);
        limit.terms.insert("rate".to_owned(), rate.text.clone().into());
        if let Some(burst) = rate.burst {
            limit.terms.insert("burst".to_owned(), burst.into());
        }
        limit
    }

    /// So many at once.
    pub(super) fn concurrent((bucket, wanted): (Bucket, &str), per: &str, most: u64) -> Self {
        let mut limit = Self::new(bucket, wanted, per);
        limit.terms.insert("concurrent".to_owned(), most.clamp(1, MOST).into());
        limit
    }

    fn new(bucket: Bucket, wanted: &str, per: &str) -> Self {
        let mut terms = Map::new();
        terms.insert("per".to_owned(), per.into());
        terms.insert("scope".to_owned(), "agent".into());
        Self { bucket, wanted: wanted.to_owned(), terms }
    }

    /// The same, which only counts.
    pub(super) fn shadowed(mut self) -> Self {
        self.terms.insert("enforcement".to_owned(), "shadow".into());
        self
    }
}

/// A rate in the bounds of ours, no higher than the one that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rate {
    text: String,
    /// Absent where it is the count of the rate.
    burst: Option<u64>,
    /// Whether it is less than what it is made of.
    pub(super) is_less: bool,
}

impl Rate {
    /// `count` requests in a window, and `burst` at once after a rest.
    ///
    /// # Errors
    /// Why there is no such rate.
    pub(super) fn new(count: u64, window: Duration, burst: u64) -> Result<Self, &'static str> {
        if count == 0 || burst == 0 {
            return Err("a limit lets in one request at least");
        }
        let (count, seconds) = in_whole_seconds(count, window).ok_or("no window that a rate can have")?;
        let (fewer, seconds, is_fewer) = within(count, seconds)?;
        let is_less = is_fewer || burst > MOST;
        let burst = burst.min(MOST);
        let text = format!("{fewer}/{}", show_duration(Duration::from_secs(seconds)));
        Ok(Self { text, burst: (burst != fewer).then_some(burst), is_less })
    }
}

/// The same rate with a window of whole seconds.
fn in_whole_seconds(count: u64, window: Duration) -> Option<(u128, u128)> {
    let millis = window.as_millis();
    if millis == 0 {
        return None;
    }
    let times = 1000 / greatest_divisor(millis, 1000);
    Some((u128::from(count) * times, millis * times / 1000))
}

fn greatest_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { greatest_divisor(b, a % b) }
}

/// The highest rate within the bounds that is no higher than this one, with its window, and whether it is lower.
fn within(count: u128, seconds: u128) -> Result<(u64, u64, bool), &'static str> {
    let most_seconds = u128::from(MOST) * seconds / count;
    let window = seconds.min(u128::from(LONGEST)).min(most_seconds);
    if window == 0 {
        return Err("more than 1,000,000 requests a second: this limits nothing");
    }
    let fewer = count * window / seconds;
    if fewer == 0 {
        return Err("less than one request in 31 days");
    }
    let is_less = fewer * seconds != count * window;
    let small = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
    Ok((small(fewer), small(window), is_less))
}

/// The limits of all agents.
#[derive(Debug, Default)]
pub(super) struct Limits {
    names: Names,
    /// What each is called, by its bucket and what it permits to whom.
    known: BTreeMap<(Bucket, String), String>,
}

impl Limits {
    /// A limit as it stands at an agent.
    pub(super) fn written(&mut self, limit: &Limit) -> Value {
        let names = &mut self.names;
        let by = (limit.bucket, json!(limit.terms).to_string());
        let name = self.known.entry(by).or_insert_with(|| names.take(&limit.wanted));
        let mut written = Map::new();
        written.insert("name".to_owned(), name.clone().into());
        written.extend(limit.terms.clone());
        Value::Object(written)
    }

    /// Those that stand at several agents count for all of them together.
    pub(super) fn share(agents: &mut Map<String, Value>) {
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for limit in all(agents) {
            let name = limit.get("name").and_then(Value::as_str).unwrap_or_default();
            *uses.entry(name.to_owned()).or_default() += 1;
        }
        for limit in all(agents) {
            let name = limit.get("name").and_then(Value::as_str).unwrap_or_default();
            if uses.get(name).is_some_and(|uses| *uses > 1) {
                limit.insert("scope".to_owned(), "everywhere".into());
            }
        }
    }
}

fn all(agents: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let lists = agents.values_mut().filter_map(|agent| agent.get_mut("limits")?.as_array_mut());
    lists.flatten().filter_map(Value::as_object_mut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_same_or_the_next_lower_one_that_can_be_written() {
        for (count, millis, burst, text, wanted, is_less) in [
            (100, 60_000, 100, "100/1m", None, false),
            (3, 100, 50, "30/1s", Some(50), false),
            (2, 1500, 2, "4/3s", Some(2), false),
            (1, 1, 1, "1000/1s", Some(1), false),
            (1000, 31_536_000_000, 10, "84/31d", Some(10), true),
            (366, 366 * 86_400_000, 1, "31/31d", Some(1), false),
            (5_000_000, 3_600_000, 9_000_000, "1000000/12m", None, true),
            (3_000_001, 4000, 7, "750000/1s", Some(7), true),
        ] {
            let rate = Rate::new(count, Duration::from_millis(millis), burst).unwrap();
            assert_eq!(
                (rate.text.as_str(), rate.burst, rate.is_less),
                (text, wanted, is_less),
                "{count}/{millis}"
            );
        }
        for (count, millis, burst) in [
            (0, 1000, 1),
            (1, 1000, 0),
            (1, 0, 1),
            (1, 63_072_000_000, 1),
            (2_000_000, 1000, 1),
            (u64::MAX, 1, 1),
        ] {
            assert!(Rate::new(count, Duration::from_millis(millis), burst).is_err(), "{count}/{millis}");
        }
    }

    #[test]
    fn one_bucket_at_two_agents_counts_for_both_together() {
        let mut limits = Limits::default();
        let rate = Rate::new(5, Duration::from_secs(1), 5).unwrap();
        let limit = |bucket, per: &str| Limit::rate((bucket, "Slow down"), per, &rate);
        let mut agents = Map::new();
        for (agent, bucket, per) in
            [("a", 1, "agent"), ("b", 1, "agent"), ("c", 1, "address"), ("d", 2, "agent")]
        {
            agents.insert(agent.to_owned(), json!({ "limits": [limits.written(&limit((bucket, 0), per))] }));
        }
        Limits::share(&mut agents);
        let said = |agent: &str, key: &str| agents[agent]["limits"][0][key].as_str().unwrap().to_owned();
        for (agent, name, scope) in [
            ("a", "slow-down", "everywhere"),
            ("b", "slow-down", "everywhere"),
            ("c", "slow-down-2", "agent"),
            ("d", "slow-down-3", "agent"),
        ] {
            assert_eq!(
                (said(agent, "name"), said(agent, "scope")),
                (name.to_owned(), scope.to_owned()),
                "{agent}"
            );
        }
    }
}

//! What happened in the last minutes, for the console: rates by agent and by reason, and how long decisions took.
//!
//! The counters are those of `metrics`, looked at every few seconds; nothing of this is on the way of a request.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::model::{Clock, Decision, Reason};

use super::counts::DecisionCount;
use super::metrics::Metrics;

/// The time between two looks, in seconds.
const INTERVAL: u64 = 5;
/// So many looks are remembered: five minutes.
const POINTS: usize = 60;

/// The last minutes of one agent, in requests per second, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AgentTraffic {
    /// The time between two points, in seconds.
    pub interval_seconds: u64,
    /// What was allowed.
    pub allowed: Vec<f64>,
    /// What was refused, or would have been.
    pub refused: Vec<f64>,
    /// The reason of most refusals since the start.
    pub top_refusal: Option<TopRefusal>,
}

/// The most frequent reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopRefusal {
    /// Which.
    pub reason: &'static str,
    /// How often since the start.
    pub count: u64,
}

/// The last minutes of the gateway, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Overview {
    /// The time between two points, in seconds.
    pub interval_seconds: u64,
    /// When each point was taken, in seconds since the epoch.
    pub times: Vec<u64>,
    /// Decisions per second, by reason; reasons that did not occur are left out.
    pub by_reason: BTreeMap<&'static str, Vec<f64>>,
    /// What was allowed, per second.
    pub allowed: Vec<f64>,
    /// What was refused, or would have been, per second.
    pub refused: Vec<f64>,
    /// Half of the decisions took no longer than this, in milliseconds; absent where there were none.
    pub p50_ms: Vec<Option<f64>>,
    /// All but one of a hundred decisions took no longer than this.
    pub p99_ms: Vec<Option<f64>>,
}

/// What is remembered. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Traffic {
    metrics: Metrics,
    past: Arc<Mutex<Past>>,
}

#[derive(Debug, Default)]
struct Past {
    agents: HashMap<String, Series>,
    latency: Vec<u64>,
    points: VecDeque<Point>,
    looks: u64,
}

/// The counts of one agent at the last look, and how they grew.
#[derive(Debug, Default)]
struct Series {
    allowed: u64,
    refused: u64,
    reasons: BTreeMap<Reason, u64>,
    /// The look at which each growth was seen; looks at which nothing grew are not here.
    grown: VecDeque<(u64, u64, u64)>,
    seen: u64,
}

#[derive(Debug)]
struct Point {
    at: u64,
    allowed: u64,
    refused: u64,
    by_reason: BTreeMap<Reason, u64>,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

impl Traffic {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, past: Arc::default() }
    }

    /// Looks at the counters again and again, for ever.
    pub async fn watch(self, clock: Arc<dyn Clock>) {
        let mut tick = tokio::time::interval(Duration::from_secs(INTERVAL));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.look(clock.now().unix());
        }
    }

    /// Looks once.
    fn look(&self, at: u64) {
        let counts = self.metrics.decision_counts();
        let latency = self.metrics.latency_counts();
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.note(at, &counts, &latency);
    }

    /// The last minutes of one agent.
    #[must_use]
    pub fn agent(&self, name: &str) -> AgentTraffic {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let first = past.looks.saturating_sub(past.points.len() as u64);
        let mut traffic = AgentTraffic { interval_seconds: INTERVAL, ..AgentTraffic::default() };
        let series = past.agents.get(name);
        for look in first + 1..=past.looks {
            let grown = series.and_then(|s| s.grown.iter().find(|(at, ..)| *at == look));
            let (allowed, refused) = grown.map_or((0, 0), |(_, allowed, refused)| (*allowed, *refused));
            traffic.allowed.push(per_second(allowed));
            traffic.refused.push(per_second(refused));
        }
        traffic.top_refusal = series.and_then(|series| {
            let refusals = series.reasons.iter().filter(|(reason, _)| **reason != Reason::Ok);
            let (reason, count) = refusals.max_by_key(|(_, count)| **count)?;
            Some(TopRefusal { reason: reason.as_str(), count: *count })
        });
        traffic
    }

    /// How many calls of one agent were decided within the last `seconds`, as far as it was looked at.
    #[must_use]
    pub fn calls(&self, name: &str, seconds: u64) -> u64 {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let since = past.looks.saturating_sub(seconds.div_ceil(INTERVAL));
        let Some(series) = past.agents.get(name) else { return 0 };
        let recent = series.grown.iter().filter(|(look, ..)| *look > since);
        recent.map(|(_, allowed, refused)| allowed + refused).sum()
    }

    /// The last minutes of the gateway.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let points = &past.points;
        let reasons: std::collections::BTreeSet<Reason> =
            points.iter().flat_map(|p| p.by_reason.keys().copied()).collect();
        let rates = |reason: Reason| {
            points.iter().map(|p| per_second(p.by_reason.get(&reason).copied().unwrap_or_default())).collect()
        };
        Overview {
            interval_seconds: INTERVAL,
            times: points.iter().map(|p| p.at).collect(),
            by_reason: reasons.into_iter().map(|reason| (reason.as_str(), rates(reason))).collect(),
            allowed: points.iter().map(|p| per_second(p.allowed)).collect(),
            refused: points.iter().map(|p| per_second(p.refused)).collect(),
            p50_ms: points.iter().map(|p| p.p50_ms).collect(),
            p99_ms: points.iter().map(|p| p.p99_ms).collect(),
        }
    }
}

impl Past {
    fn note(&mut self, at: u64, counts: &[DecisionCount], latency: &[(f64, u64)]) {
        self.looks += 1;
        let look = self.looks;
        let mut totals: HashMap<&str, (u64, u64, BTreeMap<Reason, u64>)> = HashMap::new();
        for count in counts {
            let (allowed, refused, reasons) = totals.entry(&count.agent).or_default();
            *(if count.decision == Decision::Allow { allowed } else { refused }) += count.total;
            *reasons.entry(count.reason).or_default() += count.total;
        }
        let mut point =
            Point { at, allowed: 0, refused: 0, by_reason: BTreeMap::new(), p50_ms: None, p99_ms: None };
        let first_look = self.points.is_empty() && look == 1;
        for (agent, (allowed, refused, reasons)) in totals {
            let series = self.agents.entry(agent.to_owned()).or_default();
            // Series of an agent that was removed and came back begin at nothing.
            let grown = |now: u64, before: u64| if now < before { now } else { now - before };
            let (more, less) = (grown(allowed, series.allowed), grown(refused, series.refused));
            for (reason, count) in &reasons {
                let before = series.reasons.get(reason).copied().unwrap_or_default();
                let more = grown(*count, before);
                if more > 0 {
                    *point.by_reason.entry(*reason).or_default() += more;
                }
            }
            point.allowed += more;
            point.refused += less;
            if more + less > 0 {
                series.grown.push_back((look, more, less));
            }
            (series.allowed, series.refused, series.reasons, series.seen) = (allowed, refused, reasons, look);
        }
        for series in self.agents.values_mut() {
            series.grown.retain(|(at, ..)| at + POINTS as u64 > look);
        }
        self.agents.retain(|_, series| series.seen == look);
        let buckets = growth(&self.latency, latency);
        (point.p50_ms, point.p99_ms) = (quantile(&buckets, 0.5), quantile(&buckets, 0.99));
        self.latency = latency.iter().map(|(_, count)| *count).collect();
        if first_look {
            // What was counted before the first look did not happen within one interval.
            return;
        }
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for a chart")]
fn per_second(count: u64) -> f64 {
    count as f64 / INTERVAL as f64
}

/// How the cumulative buckets grew, each with its upper bound in seconds.
fn growth(before: &[u64], now: &[(f64, u64)]) -> Vec<(f64, u64)> {
    let old = before.iter().copied().chain(std::iter::repeat(0));
    now.iter().zip(old).map(|((bound, count), old)| (*bound, count.saturating_sub(old))).collect()
}

/// The quantile of cumulative buckets, in milliseconds, interpolated within its bucket.
#[expect(clippy::cast_precision_loss, reason = "an estimate for a chart")]
fn quantile(buckets: &[(f64, u64)], q: f64) -> Option<f64> {
    let total = buckets.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
    let rank = q * total as f64;
    let (mut lower, mut below) = (0.0, 0);
    for (bound, count) in buckets {
        if *count as f64 >= rank {
            let within = (rank - below as f64) / ((count - below).max(1)) as f64;
            let upper = if bound.is_finite() { *bound } else { lower };
            return Some(((lower + (upper - lower) * within) * 1e6).round() / 1e3);
        }
        (lower, below) = (*bound, *count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::model::{AgentName, AuthMethod};

    #[test]
    fn rates_are_growth_between_two_looks() {
        let metrics = Metrics::new().unwrap();
        let agent = metrics.agent(&AgentName::parse("a").unwrap());
        let traffic = Traffic::new(metrics.clone());
        let refuse = |times: usize| {
            for _ in 0..times {
                agent.decided(None, AuthMethod::OAuth, Decision::Deny, Reason::TokenMissing);
            }
        };
        refuse(1000);
        traffic.look(100);
        refuse(5);
        agent.decided(None, AuthMethod::OAuth, Decision::Allow, Reason::Ok);
        traffic.look(105);
        traffic.look(110);
        let seen = traffic.agent("a");
        assert_eq!((seen.allowed, seen.refused), (vec![0.2, 0.0], vec![1.0, 0.0]));
        let top = seen.top_refusal.unwrap();
        assert_eq!((top.reason, top.count), ("token_missing", 1005));
        let overview = traffic.overview();
        assert_eq!(overview.times, [105, 110]);
        assert_eq!(overview.by_reason["token_missing"], [1.0, 0.0]);
        assert_eq!(overview.by_reason["ok"], [0.2, 0.0]);
        assert_eq!(traffic.agent("nobody").refused, [0.0, 0.0]);
        for look in 0..2 * POINTS as u64 {
            traffic.look(115 + 5 * look);
        }
        assert_eq!(traffic.agent("a").allowed.len(), POINTS);
        assert_eq!(traffic.overview().by_reason.len(), 0, "what is long past is forgotten");
    }

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let buckets = [(0.001, 50), (0.01, 99), (f64::INFINITY, 100)];
        assert_eq!(quantile(&buckets, 0.5), Some(1.0));
        assert_eq!(quantile(&buckets, 0.99), Some(10.0));
        assert_eq!(quantile(&buckets, 1.0), Some(10.0));
        assert_eq!(quantile(&[(0.001, 0)], 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }
}

//! What happened in the last minutes, for the console: rates by agent and by reason, and how long decisions took.
//!
//! The counters are those of `metrics`, looked at every few seconds; nothing of this is on the way of a request.

mod lately;
mod past;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Clock, Instant, Reason};

use super::lines;
use super::metrics::Metrics;
pub use lately::Lately;
pub use past::{Lost, TopRefusal};
use past::{Past, Series, top};

/// The time between two looks, in seconds.
const INTERVAL: u64 = 5;

/// The last minutes of one agent, in requests per second, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct AgentTraffic {
    /// The time between two points, in seconds.
    pub interval_seconds: u64,
    /// What was allowed.
    #[schemars(inner(range(min = 0)))]
    pub allowed: Vec<f64>,
    /// What was refused.
    #[schemars(inner(range(min = 0)))]
    pub refused: Vec<f64>,
    /// What would have been refused, and went on because the agent is in shadow.
    #[schemars(inner(range(min = 0)))]
    pub would_refuse: Vec<f64>,
    /// What went on and ended without an answer of the agent.
    #[schemars(inner(range(min = 0)))]
    pub upstream_failed: Vec<f64>,
    /// The reason of most refusals since the start.
    pub top_refusal: Option<TopRefusal>,
    /// The reason for which most would have been refused since the start.
    pub top_would_refuse: Option<TopRefusal>,
}

/// The last minutes of the gateway, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Traffic")]
pub struct Overview {
    /// The time between two points, in seconds.
    pub interval_seconds: u64,
    /// When each point was taken, in seconds since the epoch.
    pub times: Vec<u64>,
    /// Decisions per second, by reason; reasons that did not occur are left out, and so is what would have been
    /// refused.
    pub by_reason: BTreeMap<Reason, Vec<f64>>,
    /// What was allowed, per second.
    #[schemars(inner(range(min = 0)))]
    pub allowed: Vec<f64>,
    /// What was refused, per second.
    #[schemars(inner(range(min = 0)))]
    pub refused: Vec<f64>,
    /// What would have been refused, and went on because its agent is in shadow, per second.
    #[schemars(inner(range(min = 0)))]
    pub would_refuse: Vec<f64>,
    /// What went on and ended without an answer of its agent, per second.
    #[schemars(inner(range(min = 0)))]
    pub upstream_failed: Vec<f64>,
    /// Half of the decisions took no longer than this, in milliseconds; absent where there were none.
    #[schemars(inner(range(min = 0)))]
    pub p50_ms: Vec<Option<f64>>,
    /// All but one of a hundred decisions took no longer than this.
    #[schemars(inner(range(min = 0)))]
    pub p99_ms: Vec<Option<f64>>,
}

/// What is remembered. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Traffic {
    metrics: Metrics,
    past: Arc<Mutex<Past>>,
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
            self.look(clock.now());
        }
    }

    /// Looks once.
    pub(crate) fn look(&self, now: Instant) {
        let (decisions, failures) = (self.metrics.decision_counts(), self.metrics.failure_counts());
        let latency = self.metrics.latency_counts();
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.note(now.unix(), &decisions, &failures, &latency);
        past.note_lost(now, &lines::lost());
    }

    /// The last minutes of one agent.
    #[must_use]
    pub fn agent(&self, name: &str) -> AgentTraffic {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let first = past.looks.saturating_sub(past.points.len() as u64);
        let mut traffic = AgentTraffic { interval_seconds: INTERVAL, ..AgentTraffic::default() };
        let series = past.agents.get(name);
        for look in first + 1..=past.looks {
            let grown = series.and_then(|s| s.grown.iter().find(|(at, _)| *at == look));
            let grown = grown.map_or_else(Lately::default, |(_, grown)| *grown);
            traffic.allowed.push(per_second(grown.allowed));
            traffic.refused.push(per_second(grown.refused));
            traffic.would_refuse.push(per_second(grown.would_refuse));
            traffic.upstream_failed.push(per_second(grown.failed));
        }
        traffic.top_refusal = series.and_then(|series| top(&series.totals.reasons));
        traffic.top_would_refuse = series.and_then(|series| top(&series.totals.shadow));
        traffic
    }

    /// How many calls of one agent were decided within the last `seconds`, as far as it was looked at.
    #[must_use]
    pub fn calls(&self, name: &str, seconds: u64) -> u64 {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let since = past.looks.saturating_sub(seconds.div_ceil(INTERVAL));
        let Some(series) = past.agents.get(name) else { return 0 };
        let recent = series.grown.iter().filter(|(look, _)| *look > since);
        recent.map(|(_, grown)| grown.went_on() + grown.refused).sum()
    }

    /// What happened at one agent in the last five minutes.
    #[must_use]
    pub fn lately(&self, name: &str) -> Lately {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.agents.get(name).map(Series::lately).unwrap_or_default()
    }

    /// How often requests to one agent ended without an answer of it since the start, by cause.
    #[must_use]
    pub fn failures(&self, name: &str) -> BTreeMap<String, u64> {
        let counts = self.metrics.failure_counts().into_iter();
        counts.filter(|count| count.agent == name).map(|count| (count.cause, count.total)).collect()
    }

    /// The logs that have lost lines.
    #[must_use]
    pub fn lost(&self) -> Vec<Lost> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner).lost.clone()
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
            by_reason: reasons.into_iter().map(|reason| (reason, rates(reason))).collect(),
            allowed: points.iter().map(|p| per_second(p.counts.allowed)).collect(),
            refused: points.iter().map(|p| per_second(p.counts.refused)).collect(),
            would_refuse: points.iter().map(|p| per_second(p.counts.would_refuse)).collect(),
            upstream_failed: points.iter().map(|p| per_second(p.counts.failed)).collect(),
            p50_ms: points.iter().map(|p| p.p50_ms).collect(),
            p99_ms: points.iter().map(|p| p.p99_ms).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for a chart")]
fn per_second(count: u64) -> f64 {
    count as f64 / INTERVAL as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::model::{AgentName, AuthMethod, Decision};
    use crate::telemetry::UpstreamError;

    use super::past::POINTS;

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
        let look = |second| traffic.look(Instant::from_unix(second));
        look(100);
        refuse(5);
        agent.decided(None, AuthMethod::OAuth, Decision::Allow, Reason::Ok);
        look(105);
        look(110);
        let seen = traffic.agent("a");
        assert_eq!((seen.allowed, seen.refused), (vec![0.2, 0.0], vec![1.0, 0.0]));
        let top = seen.top_refusal.unwrap();
        assert_eq!((top.reason, top.count), (Reason::TokenMissing, 1005));
        let overview = traffic.overview();
        assert_eq!(overview.times, [105, 110]);
        assert_eq!(overview.by_reason[&Reason::TokenMissing], [1.0, 0.0]);
        assert_eq!(overview.by_reason[&Reason::Ok], [0.2, 0.0]);
        assert_eq!(traffic.agent("nobody").refused, [0.0, 0.0]);
        for look in 0..2 * POINTS as u64 {
            traffic.look(Instant::from_unix(115 + 5 * look));
        }
        assert_eq!(traffic.agent("a").allowed.len(), POINTS);
        assert_eq!(traffic.overview().by_reason.len(), 0, "what is long past is forgotten");
    }

    #[test]
    fn what_would_be_refused_and_what_failed_is_no_refusal() {
        let metrics = Metrics::new().unwrap();
        let agent = metrics.agent(&AgentName::parse("a").unwrap());
        let traffic = Traffic::new(metrics.clone());
        traffic.look(Instant::from_unix(100));
        for _ in 0..10 {
            agent.decided(None, AuthMethod::OAuth, Decision::ShadowDeny, Reason::TokenMissing);
        }
        for cause in
            [UpstreamError::ConnectRefused, UpstreamError::ConnectRefused, UpstreamError::ReadTimeout]
        {
            agent.upstream_failed(cause);
        }
        traffic.look(Instant::from_unix(105));
        let seen = traffic.agent("a");
        assert_eq!((&seen.refused, &seen.would_refuse), (&vec![0.0], &vec![2.0]));
        assert_eq!((seen.upstream_failed, seen.top_refusal), (vec![0.6], None));
        assert_eq!(
            seen.top_would_refuse.map(|top| (top.reason, top.count)),
            Some((Reason::TokenMissing, 10))
        );
        let overview = traffic.overview();
        assert_eq!((overview.refused, overview.would_refuse), (vec![0.0], vec![2.0]));
        assert_eq!(overview.by_reason, BTreeMap::new());
        let lately = traffic.lately("a");
        assert_eq!((lately.went_on(), lately.refused, lately.failed), (10, 0, 3));
        let failures = [("connect_refused".to_owned(), 2), ("read_timeout".to_owned(), 1)];
        assert_eq!(traffic.failures("a"), BTreeMap::from(failures));
        assert_eq!(traffic.failures("b"), BTreeMap::new());
    }
}

//! What the counters say at this moment, for those who look at them from within: no text, no labels to parse.

use prometheus::proto::{Bucket, LabelPair};

use crate::model::{Decision, Reason};

use super::Metrics;
use super::families::DECISION_BUCKETS;

/// A count of decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DecisionCount {
    pub(super) agent: String,
    pub(super) decision: Decision,
    pub(super) reason: Reason,
    pub(super) total: u64,
}

/// A count of requests that ended without an answer of their agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailureCount {
    pub(super) agent: String,
    pub(super) cause: String,
    pub(super) total: u64,
}

impl Metrics {
    /// How many requests ended without an answer of their agent so far, by agent and cause.
    pub(super) fn failure_counts(&self) -> Vec<FailureCount> {
        let metrics = self.0.families.upstream_failures.metrics();
        metrics
            .iter()
            .filter_map(|metric| {
                let label =
                    |name: &str| metric.get_label().iter().find(|l| l.name() == name).map(LabelPair::value);
                Some(FailureCount {
                    agent: label("agent")?.to_owned(),
                    cause: label("cause")?.to_owned(),
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
                    total: metric.get_counter().get_value() as u64,
                })
            })
            .collect()
    }

    /// How many decisions there were so far, by agent, outcome and reason.
    pub(super) fn decision_counts(&self) -> Vec<DecisionCount> {
        let metrics = self.0.families.decisions.metrics();
        metrics
            .iter()
            .filter_map(|metric| {
                let label =
                    |name: &str| metric.get_label().iter().find(|l| l.name() == name).map(LabelPair::value);
                let decision = label("decision")?;
                let reason = label("reason")?;
                Some(DecisionCount {
                    agent: label("agent")?.to_owned(),
                    decision: Decision::ALL.iter().copied().find(|d| d.as_str() == decision)?,
                    reason: Reason::ALL.iter().copied().find(|r| r.as_str() == reason)?,
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
                    total: metric.get_counter().get_value() as u64,
                })
            })
            .collect()
    }

    /// How long decisions took so far: cumulative buckets, each with its upper bound in seconds.
    pub(super) fn latency_counts(&self) -> Vec<(f64, u64)> {
        let mut buckets: Vec<(f64, u64)> = DECISION_BUCKETS.iter().map(|bound| (*bound, 0)).collect();
        buckets.push((f64::INFINITY, 0));
        for metric in self.0.families.auth_duration.metrics() {
            let histogram = metric.get_histogram();
            let counts = histogram.get_bucket().iter().map(Bucket::cumulative_count);
            // The last bucket, without a bound, is everything.
            let counts = counts.chain([histogram.get_sample_count()]);
            for ((_, sum), count) in buckets.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        buckets
    }
}

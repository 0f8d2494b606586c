//! What the counters say at this moment, for those who look at them from within: no text, no labels to parse.

use prometheus::core::Collector as _;
use prometheus::proto::{Bucket, LabelPair};

use crate::model::{Decision, Reason};

use super::metrics::{DECISION_BUCKETS, Metrics};

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
        let families = self.0.upstream_failures.collect();
        let metrics = families.iter().flat_map(|family| family.get_metric());
        metrics
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
        let families = self.0.decisions.collect();
        let metrics = families.iter().flat_map(|family| family.get_metric());
        metrics
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
        for family in self.0.auth_duration.collect() {
            for metric in family.get_metric() {
                let histogram = metric.get_histogram();
                let counts = histogram.get_bucket().iter().map(Bucket::cumulative_count);
                // The last bucket, without a bound, is everything.
                let counts = counts.chain([histogram.get_sample_count()]);
                for ((_, sum), count) in buckets.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
        }
        buckets
    }
}

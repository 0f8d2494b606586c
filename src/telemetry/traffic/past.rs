//! What is remembered of the looks at the counters: how they grew, and until when.

use std::collections::{BTreeMap, HashMap, VecDeque};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Decision, Instant, Reason};

use super::super::counts::{DecisionCount, FailureCount};
use super::lately::Lately;

/// How many looks are remembered: at one in five seconds, five minutes, which is what the console shows.
pub(super) const POINTS: usize = 60;

/// Lines of a log that were dropped since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// Which log.
    pub log: &'static str,
    /// How many.
    pub lines: u64,
    /// When it was last seen that there were more.
    pub last: Instant,
}

/// The most frequent reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TopRefusal {
    /// Which.
    pub reason: Reason,
    /// How often since the start.
    pub count: u64,
}

/// The looks.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) agents: HashMap<String, Series>,
    latency: Vec<u64>,
    pub(super) points: VecDeque<Point>,
    pub(super) lost: Vec<Lost>,
    pub(super) looks: u64,
}

/// The counts of one agent at the last look, and how they grew.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) totals: Totals,
    /// The look at which each growth was seen; looks at which nothing grew are not here.
    pub(super) grown: VecDeque<(u64, Lately)>,
    seen: u64,
}

/// What was counted of one agent so far.
#[derive(Debug, Default)]
pub(super) struct Totals {
    counts: Lately,
    /// By reason, apart from what would have been refused.
    pub(super) reasons: BTreeMap<Reason, u64>,
    /// What would have been refused, by reason.
    pub(super) shadow: BTreeMap<Reason, u64>,
}

/// One look: when, and what had happened since the one before.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) at: u64,
    pub(super) counts: Lately,
    pub(super) by_reason: BTreeMap<Reason, u64>,
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
}

impl Series {
    /// What happened in the minutes that are remembered.
    pub(super) fn lately(&self) -> Lately {
        self.grown.iter().fold(Lately::default(), |sum, (_, grown)| sum.plus(*grown))
    }
}

/// The most frequent reason that is a refusal.
pub(super) fn top(reasons: &BTreeMap<Reason, u64>) -> Option<TopRefusal> {
    let refusals = reasons.iter().filter(|(reason, _)| **reason != Reason::Ok);
    let (reason, count) = refusals.max_by_key(|(_, count)| **count)?;
    Some(TopRefusal { reason: *reason, count: *count })
}

impl Past {
    /// Adds a look.
    pub(super) fn note(
        &mut self,
        at: u64,
        decisions: &[DecisionCount],
        failures: &[FailureCount],
        latency: &[(f64, u64)],
    ) {
        self.looks += 1;
        let look = self.looks;
        let mut totals: HashMap<&str, Totals> = HashMap::new();
        for count in decisions {
            let totals = totals.entry(&count.agent).or_default();
            totals.counts.count(count.decision, count.total);
            let is_shadow = count.decision == Decision::ShadowDeny;
            let reasons = if is_shadow { &mut totals.shadow } else { &mut totals.reasons };
            *reasons.entry(count.reason).or_default() += count.total;
        }
        for failure in failures {
            totals.entry(&failure.agent).or_default().counts.failed += failure.total;
        }
        let counts = Lately::default();
        let mut point = Point { at, counts, by_reason: BTreeMap::new(), p50_ms: None, p99_ms: None };
        let first_look = self.points.is_empty() && look == 1;
        for (agent, totals) in totals {
            let series = self.agents.entry(agent.to_owned()).or_default();
            let grown = totals.counts.since(series.totals.counts);
            for (reason, count) in &totals.reasons {
                let before = series.totals.reasons.get(reason).copied().unwrap_or_default();
                let more = if *count < before { *count } else { *count - before };
                if more > 0 {
                    *point.by_reason.entry(*reason).or_default() += more;
                }
            }
            point.counts = point.counts.plus(grown);
            if grown != Lately::default() && !first_look {
                series.grown.push_back((look, grown));
            }
            (series.totals, series.seen) = (totals, look);
        }
        for series in self.agents.values_mut() {
            series.grown.retain(|(at, _)| at + POINTS as u64 > look);
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

    /// Adds what the logs have lost.
    pub(super) fn note_lost(&mut self, now: Instant, counts: &[(&'static str, u64)]) {
        let mut totals: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (log, lines) in counts.iter().filter(|(_, lines)| *lines > 0) {
            *totals.entry(log).or_default() += lines;
        }
        let before = std::mem::take(&mut self.lost);
        let last = |log: &str, lines: u64| {
            before.iter().find(|lost| lost.log == log && lost.lines == lines).map_or(now, |lost| lost.last)
        };
        self.lost =
            totals.into_iter().map(|(log, lines)| Lost { log, lines, last: last(log, lines) }).collect();
    }
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

    #[test]
    fn lost_lines_have_the_moment_at_which_there_were_last_more() {
        let mut past = Past::default();
        let at = Instant::from_unix;
        for (second, lines) in [(1, 0), (2, 5), (3, 5), (4, 6), (5, 6)] {
            past.note_lost(at(second), &[("access", lines)]);
        }
        assert_eq!(past.lost, [Lost { log: "access", lines: 6, last: at(4) }]);
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

//! The metric handles of a store that several gateways share, and of those gateways. Not used on the request path.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus::{Gauge, IntGauge};

use crate::model::Instant;

use super::counter::Counter;
use super::families::Families;
use super::histogram::Histogram;
use super::resolved::Resolved;

/// The handles. The values of labels are closed lists in `store` and `control`.
#[derive(Clone)]
pub struct StoreMetrics {
    resolved: Arc<Resolved>,
    connected: IntGauge,
    confirmed: Gauge,
    head: IntGauge,
    running: IntGauge,
    refused: IntGauge,
    commit_duration: Arc<Histogram>,
    conflicts: Arc<Counter>,
    apply_lag: Arc<Histogram>,
}

impl StoreMetrics {
    pub(super) fn new(resolved: &Arc<Resolved>) -> Self {
        let families = &resolved.families;
        Self {
            connected: families.store_connected.of([]),
            confirmed: families.store_confirmed.of([]),
            head: families.store_revision.of(["head"]),
            running: families.store_revision.of(["running"]),
            refused: families.store_revision.of(["refused"]),
            commit_duration: families.store_commit_duration.of([]),
            conflicts: families.store_conflicts.of([]),
            apply_lag: families.store_apply_lag.of([]),
            resolved: Arc::clone(resolved),
        }
    }

    fn families(&self) -> &Families {
        &self.resolved.families
    }

    /// Shows that these have not happened yet, so that the first time is seen as a rise.
    pub fn none_yet(&self, restarts: &[&'static str], full_reads: &[&'static str]) {
        for reason in restarts {
            self.families().store_watch_restarts.of([reason]);
        }
        for why in full_reads {
            self.families().store_full_reads.of([why]);
        }
    }

    /// Whether the store answers.
    pub fn connected(&self, is_connected: bool) {
        self.connected.set(i64::from(is_connected));
    }

    /// The store said at `at` which revision is the last one.
    pub fn confirmed(&self, at: Instant) {
        self.confirmed.set(at.unix_f64());
    }

    /// The last revision of the store.
    pub fn head(&self, revision: u64) {
        self.head.set(number(revision));
    }

    /// The revision that runs, and the one that is refused.
    pub fn runs(&self, running: u64, refused: Option<u64>) {
        self.running.set(number(running));
        self.refused.set(number(refused.unwrap_or_default()));
    }

    /// The store is in this one of these states.
    pub fn state(&self, state: &'static str, all: impl IntoIterator<Item = &'static str>) {
        for other in all {
            self.families().store_state.of([other]).set(i64::from(other == state));
        }
    }

    /// A watch was opened anew.
    pub fn watch_restarted(&self, reason: &'static str) {
        self.families().store_watch_restarts.of([reason]).inc();
    }

    /// All resources were read.
    pub fn full_read(&self, why: &'static str) {
        self.families().store_full_reads.of([why]).inc();
    }

    /// A commit succeeded.
    pub fn committed(&self, took: Duration) {
        self.commit_duration.observe(took);
    }

    /// A commit met another one.
    pub fn conflicted(&self) {
        self.conflicts.inc();
    }

    /// A revision went live this long after it was first seen.
    pub fn applied_after(&self, lag: Duration) {
        self.apply_lag.observe(lag);
    }

    /// So many members are in this state.
    pub fn members(&self, state: &'static str, count: usize) {
        self.families().fleet_members.of([state]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

fn number(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

impl fmt::Debug for StoreMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreMetrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metrics;

    #[test]
    fn nothing_of_a_shared_store_is_shown_until_there_is_one() {
        let metrics = Metrics::new().unwrap();
        let shown = |page: &str| page.contains("portcullis_store_") || page.contains("portcullis_fleet_");
        assert!(!shown(&metrics.render()), "{}", metrics.render());
        let store = metrics.shared_store();
        store.none_yet(&["closed", "silent"], &["start"]);
        store.runs(7, None);
        store.state("stale", ["ok", "stale"]);
        store.members("running", 3);
        let page = metrics.render();
        for line in [
            "portcullis_store_connected 0",
            "portcullis_store_revision{which=\"running\"} 7",
            "portcullis_store_revision{which=\"refused\"} 0",
            "portcullis_store_state{state=\"ok\"} 0",
            "portcullis_store_state{state=\"stale\"} 1",
            "portcullis_store_watch_restarts_total{reason=\"silent\"} 0",
            "portcullis_store_full_reads_total{why=\"start\"} 0",
            "portcullis_fleet_members{state=\"running\"} 3",
        ] {
            assert!(page.lines().any(|other| other == line), "{line} in {page}");
        }
    }
}

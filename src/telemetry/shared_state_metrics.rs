//! The metric handles of the place where the members of a fleet count together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;

use super::counter::Counter;
use super::families::Families;
use super::histogram::Histogram;

/// The handles. Cheap to clone.
#[derive(Clone)]
pub struct SharedStateMetrics {
    up: IntGauge,
    failures: Arc<Counter>,
    duration: Arc<Histogram>,
}

impl SharedStateMetrics {
    pub(super) fn new(families: &Families) -> Self {
        Self {
            up: families.shared_state_up.of([]),
            failures: families.shared_state_failures.of([]),
            duration: families.shared_state_duration.of([]),
        }
    }

    /// Whether it is there.
    pub fn up(&self, is_up: bool) {
        self.up.set(i64::from(is_up));
    }

    /// It could not be connected to, or gave no answer in time.
    pub fn failed(&self) {
        self.failures.inc();
    }

    /// It has answered the question of a request after this long.
    pub fn answered_after(&self, took: Duration) {
        self.duration.observe(took);
    }
}

impl fmt::Debug for SharedStateMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStateMetrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metrics;

    #[test]
    fn nothing_of_it_is_shown_until_members_count_together() {
        let metrics = Metrics::new().unwrap();
        assert!(!metrics.render().contains("portcullis_shared_state"));
        let handles = metrics.shared_state();
        handles.failed();
        let page = metrics.render();
        for line in ["portcullis_shared_state_up 0", "portcullis_shared_state_failures_total 1"] {
            assert!(page.lines().any(|other| other == line), "{line} in {page}");
        }
    }
}

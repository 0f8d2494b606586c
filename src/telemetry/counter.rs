//! A counter to which each shard adds on a cache line of its own. It is summed when somebody looks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::proto::{self, Metric, MetricType};

use crate::model::PerShard;

use super::series::Counted;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// Made when it is first counted: by then it is known how many shards there are, and most counters are never used.
    cells: OnceLock<PerShard<AtomicU64>>,
}

impl Counter {
    /// Adds one.
    #[inline]
    pub(super) fn inc(&self) {
        self.inc_by(1);
    }

    /// Adds so many.
    #[inline]
    pub(super) fn inc_by(&self, more: u64) {
        let cells = self.cells.get_or_init(|| PerShard::new(AtomicU64::default));
        cells.here().fetch_add(more, Ordering::Relaxed);
    }

    /// The sum of all shards.
    pub(super) fn get(&self) -> u64 {
        let cells = self.cells.get().into_iter().flat_map(PerShard::iter);
        cells.map(|cell| cell.load(Ordering::Relaxed)).sum()
    }
}

impl Counted for Counter {
    const KIND: MetricType = MetricType::COUNTER;

    fn begin(_: &'static [f64]) -> Self {
        Self::default()
    }

    #[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
    fn show(&self, metric: &mut Metric) {
        let mut counter = proto::Counter::default();
        counter.set_value(self.get() as f64);
        metric.set_counter(counter);
    }
}

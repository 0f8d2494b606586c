//! A histogram of durations to which each shard adds on cache lines of its own. It is summed when somebody looks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus::proto::{self, Metric, MetricType};

use crate::model::PerShard;

use super::exemplars::{Exemplar, Exemplars};
use super::series::Counted;

/// The most bounds that a family declares.
pub(super) const MOST_BOUNDS: usize = 16;

/// How long things took.
#[derive(Debug)]
pub(super) struct Histogram {
    /// The upper bounds of its buckets in seconds, ascending.
    bounds: &'static [f64],
    /// Made when something is first observed.
    cells: OnceLock<PerShard<Buckets>>,
    /// Made when an example is first noted.
    exemplars: OnceLock<Exemplars>,
}

/// What one shard has observed.
#[derive(Debug, Default)]
struct Buckets {
    /// The number of observations up to each bound and above the one before; at last those above all bounds.
    counts: [AtomicU64; MOST_BOUNDS + 1],
    /// The sum of all, in nanoseconds: five hundred years of them.
    sum: AtomicU64,
}

impl Histogram {
    /// Adds a duration.
    #[inline]
    pub(super) fn observe(&self, took: Duration) {
        let cells = self.cells.get_or_init(|| PerShard::new(Buckets::default));
        let buckets = cells.here();
        if let Some(count) = buckets.counts.get(self.bucket(took)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        buckets.sum.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Notes a duration that was added before as the example of its bucket.
    pub(super) fn exemplify(&self, exemplar: &Exemplar) {
        let exemplars = self.exemplars.get_or_init(|| Exemplars::new(self.bounds.len() + 1));
        exemplars.note(self.bucket(exemplar.took), exemplar);
    }

    /// The examples of all buckets, the one above all bounds last; nothing where there never was one.
    pub(super) fn exemplars(&self) -> Option<Vec<Option<Exemplar>>> {
        self.exemplars.get().map(Exemplars::all)
    }

    #[inline]
    fn bucket(&self, took: Duration) -> usize {
        let seconds = took.as_secs_f64();
        self.bounds.iter().take_while(|bound| seconds > **bound).count()
    }

    /// What all shards have observed: each bucket, and the sum in nanoseconds.
    fn sums(&self) -> ([u64; MOST_BOUNDS + 1], u64) {
        let (mut counts, mut sum) = ([0; MOST_BOUNDS + 1], 0);
        for buckets in self.cells.get().into_iter().flat_map(PerShard::iter) {
            for (total, count) in counts.iter_mut().zip(&buckets.counts) {
                *total += count.load(Ordering::Relaxed);
            }
            sum += buckets.sum.load(Ordering::Relaxed);
        }
        (counts, sum)
    }
}

impl Counted for Histogram {
    const KIND: MetricType = MetricType::HISTOGRAM;

    fn begin(bounds: &'static [f64]) -> Self {
        Self { bounds, cells: OnceLock::new(), exemplars: OnceLock::new() }
    }

    fn show(&self, metric: &mut Metric) {
        let (counts, sum) = self.sums();
        let mut total = 0;
        let mut buckets = Vec::with_capacity(self.bounds.len());
        for (bound, count) in self.bounds.iter().zip(counts) {
            total += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(total);
            buckets.push(bucket);
        }
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(counts.iter().sum());
        histogram.set_sample_sum(Duration::from_nanos(sum).as_secs_f64());
        metric.set_histogram(histogram);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Shard;

    /// What `work` has written, after each of `shards` shards has done it on a thread of its own.
    fn on_each(shards: usize, counted: &impl Counted, work: impl Fn() + Sync) -> Metric {
        std::thread::scope(|scope| {
            for shard in Shard::start(shards) {
                let named = std::thread::Builder::new().name(shard.threads());
                named.spawn_scoped(scope, &work).unwrap();
            }
        });
        let mut metric = Metric::default();
        counted.show(&mut metric);
        metric
    }

    #[test]
    fn every_shard_is_in_the_sum_and_a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::begin(&[0.001, 0.01, 0.1]);
        let metric = on_each(4, &histogram, || {
            for millis in [1, 10, 50, 200] {
                histogram.observe(Duration::from_millis(millis));
            }
        });
        let shown = metric.get_histogram();
        let buckets: Vec<_> = shown
            .get_bucket()
            .iter()
            .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()))
            .collect();
        assert_eq!(buckets, [(0.001, 4), (0.01, 8), (0.1, 12)]);
        assert_eq!((shown.get_sample_count(), shown.get_sample_sum()), (16, 4.0 * 0.261));
        let counter = super::super::counter::Counter::default();
        let metric = on_each(4, &counter, || (0..1000).for_each(|_| counter.inc()));
        assert_eq!(metric.get_counter().get_value(), 4000.0);
    }
}

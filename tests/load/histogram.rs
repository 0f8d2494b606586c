//! Latencies, counted in buckets that are 3% wide.

use std::time::Duration;

/// Bits of a value that are kept.
const KEPT: u32 = 5;

/// How often each latency came, in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    highest: Duration,
}

impl Histogram {
    pub(crate) fn record(&mut self, latency: Duration) {
        let at = bucket(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += 1;
        self.total += 1;
        self.highest = self.highest.max(latency);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, more)| *mine += more);
        self.total += other.total;
        self.highest = self.highest.max(other.highest);
    }

    /// The latency that this share of all (0 to 1) did not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let rank = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && seen > 0 {
                return Duration::from_micros(value(at)).min(self.highest);
            }
        }
        Duration::ZERO
    }

    pub(crate) fn highest(&self) -> Duration {
        self.highest
    }
}

fn bucket(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(KEPT + 1);
    let within = usize::try_from(value >> shift).expect("a few bits");
    ((shift as usize) << KEPT) + within
}

/// The highest value of a bucket.
fn value(bucket: usize) -> u64 {
    let shift = (bucket >> KEPT).saturating_sub(1);
    let within = (bucket - (shift << KEPT)) as u64;
    ((within + 1) << shift) - 1
}

#[test]
fn quantiles_are_off_by_a_thirtieth_at_most() {
    let mut all = Histogram::default();
    assert_eq!(all.quantile(0.99), Duration::ZERO);
    for micros in 1..=100_000 {
        all.record(Duration::from_micros(micros));
    }
    for (share, wanted) in [(0.0001, 10.0), (0.5, 50_000.0), (0.99, 99_000.0), (1.0, 100_000.0)] {
        let got = all.quantile(share).as_micros() as f64;
        assert!(got >= wanted && got <= wanted * 1.04, "{share}: {got} for {wanted}");
    }
    assert_eq!(all.highest(), Duration::from_millis(100));
}

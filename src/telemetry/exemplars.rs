//! Examples of what a histogram has counted: for each bucket the last request whose spans were kept, so that a slow bucket leads
//! to a trace.
//!
//! Whoever notes one never waits: where another does so just then, one of both is enough. A reader that meets a writer sees none.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Duration;

use crate::model::{Instant, TraceId};

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemplar {
    /// Its trace.
    pub trace: TraceId,
    /// How long it took, of what the histogram counts.
    pub took: Duration,
    /// When it was counted, to the millisecond.
    pub at: Instant,
}

/// The examples of one histogram.
#[derive(Debug)]
pub(super) struct Exemplars(Box<[Slot]>);

/// The example of one bucket.
#[derive(Debug, Default)]
struct Slot {
    /// 0: empty; odd: it is being written.
    version: AtomicU64,
    trace: [AtomicU64; 2],
    /// In nanoseconds.
    took: AtomicU64,
    /// In milliseconds since the epoch.
    at: AtomicU64,
}

impl Exemplars {
    /// None yet, of so many buckets.
    pub(super) fn new(buckets: usize) -> Self {
        Self((0..buckets).map(|_| Slot::default()).collect())
    }

    /// Notes one in its bucket.
    pub(super) fn note(&self, bucket: usize, exemplar: &Exemplar) {
        if let Some(slot) = self.0.get(bucket) {
            slot.note(exemplar);
        }
    }

    /// Those of all buckets.
    pub(super) fn all(&self) -> Vec<Option<Exemplar>> {
        self.0.iter().map(Slot::read).collect()
    }
}

impl Slot {
    fn note(&self, exemplar: &Exemplar) {
        let version = self.version.load(Ordering::Relaxed);
        let next = version.wrapping_add(1);
        let is_ours = version.is_multiple_of(2)
            && self.version.compare_exchange(version, next, Ordering::Acquire, Ordering::Relaxed).is_ok();
        if !is_ours {
            return;
        }
        // Who sees a part of what follows sees that it is being written.
        fence(Ordering::Release);
        let bits = u128::from_be_bytes(exemplar.trace.to_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "each half is wanted")]
        let halves = [(bits >> 64) as u64, bits as u64];
        for (cell, half) in self.trace.iter().zip(halves) {
            cell.store(half, Ordering::Relaxed);
        }
        let whole = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
        self.took.store(whole(exemplar.took.as_nanos()), Ordering::Relaxed);
        self.at.store(whole(exemplar.at.since_epoch().as_millis()), Ordering::Relaxed);
        self.version.store(next.wrapping_add(1), Ordering::Release);
    }

    fn read(&self) -> Option<Exemplar> {
        let version = self.version.load(Ordering::Acquire);
        let [high, low] = self.trace.each_ref().map(|half| u128::from(half.load(Ordering::Relaxed)));
        let (took, at) = (self.took.load(Ordering::Relaxed), self.at.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let is_whole = version == self.version.load(Ordering::Relaxed) && version.is_multiple_of(2);
        (is_whole && version != 0).then(|| Exemplar {
            trace: TraceId::of(high << 64 | low),
            took: Duration::from_nanos(took),
            at: Instant::from_duration(Duration::from_millis(at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// One whose parts all follow from `n`.
    fn exemplar(n: u64) -> Exemplar {
        Exemplar {
            trace: TraceId::of(u128::from(n) << 64 | u128::from(n)),
            took: Duration::from_nanos(n),
            at: Instant::from_duration(Duration::from_millis(n)),
        }
    }

    #[test]
    fn the_last_one_of_each_bucket_is_there() {
        let exemplars = Exemplars::new(3);
        assert_eq!(exemplars.all(), [None, None, None]);
        for (bucket, n) in [(0, 1), (2, 2), (0, 3), (3, 4)] {
            exemplars.note(bucket, &exemplar(n));
        }
        assert_eq!(exemplars.all(), [Some(exemplar(3)), None, Some(exemplar(2))]);
    }

    #[test]
    fn whoever_reads_while_others_write_sees_a_whole_one_or_none() {
        let (slot, ended) = (Slot::default(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for writer in 1..=2_u64 {
                let (slot, ended) = (&slot, &ended);
                scope.spawn(move || {
                    for n in 0..100_000 {
                        slot.note(&exemplar(writer + 2 * n));
                    }
                    ended.store(true, Ordering::Relaxed);
                });
            }
            while !ended.load(Ordering::Relaxed) {
                if let Some(seen) = slot.read() {
                    let n = u64::try_from(seen.took.as_nanos()).unwrap();
                    assert_eq!(seen, exemplar(n));
                }
            }
        });
        assert!(slot.read().is_some());
    }
}

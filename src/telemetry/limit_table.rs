//! How full the table is in which limits count, read when somebody looks.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::families::Families;

/// The table, as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitTableReading {
    /// The buckets in it.
    pub buckets: usize,
    /// How many requests were counted in a shared bucket so far, since there was no room.
    pub crowded: u64,
}

/// Reads the table.
type Read = Box<dyn Fn() -> LimitTableReading + Send + Sync>;

/// What is read when somebody looks.
#[derive(Default)]
pub(super) struct LimitTable {
    read: OnceLock<Read>,
    /// What the counter was told last.
    told: Mutex<u64>,
}

impl LimitTable {
    /// Reads the table so from now on; the first one who says so stays.
    pub(super) fn read(&self, read: impl Fn() -> LimitTableReading + Send + Sync + 'static) {
        let _first = self.read.set(Box::new(read));
    }

    /// Sets the metrics to what is there now.
    pub(super) fn look(&self, families: &Families) {
        let Some(read) = self.read.get() else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let LimitTableReading { buckets, crowded } = read();
        families.limit_buckets.of([]).set(i64::try_from(buckets).unwrap_or(i64::MAX));
        families.limit_crowded.of([]).inc_by(crowded.saturating_sub(*told));
        *told = crowded.max(*told);
    }
}

impl fmt::Debug for LimitTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LimitTable")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::telemetry::Metrics;

    #[test]
    fn the_table_is_read_when_somebody_looks_and_its_counter_only_grows() {
        let (metrics, crowded) = (Metrics::new().unwrap(), Arc::new(AtomicU64::new(0)));
        let page = |buckets: &str, crowded: &str| {
            let page = metrics.render();
            let wanted = [
                format!("\nportcullis_limit_buckets {buckets}\n"),
                format!("\nportcullis_limit_crowded_total {crowded}\n"),
            ];
            assert!(wanted.iter().all(|line| page.contains(line)), "{wanted:?}\n{page}");
        };
        page("0", "0");
        let read = Arc::clone(&crowded);
        metrics.read_limit_table(move || LimitTableReading {
            buckets: 7,
            crowded: read.load(Ordering::Relaxed),
        });
        for (now, told) in [(3, "3"), (3, "3"), (5, "5"), (0, "5")] {
            crowded.store(now, Ordering::Relaxed);
            page("7", told);
        }
    }
}

//! Counts what a shared store tells of itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Clock;
use crate::store::{FullRead, Observer, StoreState, WatchRestart};
use crate::telemetry::{Metrics, StoreMetrics};

/// Revisions at most whose first sight is remembered until they are live: a burst of changes is applied as a few.
const MOST_WAITING: usize = 1024;

/// Counts.
pub(super) struct Observed {
    metrics: StoreMetrics,
    clock: Arc<dyn Clock>,
    waiting: Mutex<Waiting>,
}

/// The revisions that are not live yet.
#[derive(Debug, Default)]
struct Waiting {
    newest: u64,
    since: VecDeque<(u64, Instant)>,
}

impl Observed {
    /// Shows the metrics of a shared store from now on.
    pub(super) fn new(metrics: &Metrics, clock: Arc<dyn Clock>) -> Self {
        let metrics = metrics.shared_store();
        let restarts: Vec<_> = WatchRestart::ALL.iter().map(|why| why.as_str()).collect();
        let full_reads: Vec<_> = FullRead::ALL.iter().map(|why| why.as_str()).collect();
        metrics.none_yet(&restarts, &full_reads);
        Self { metrics, clock, waiting: Mutex::default() }
    }

    /// This revision is live as a whole, and that one is refused.
    pub(super) fn runs(&self, running: u64, refused: Option<u64>) {
        self.metrics.runs(running, refused);
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.live(running, now).into_iter().for_each(|lag| self.metrics.applied_after(lag));
    }
}

impl Observer for Observed {
    fn connected(&self, is_connected: bool) {
        self.metrics.connected(is_connected);
    }

    fn confirmed(&self) {
        self.metrics.confirmed(self.clock.now());
    }

    fn head(&self, revision: u64) {
        self.metrics.head(revision);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).seen(revision, Instant::now());
    }

    fn state(&self, state: StoreState) {
        self.metrics.state(state.as_str(), StoreState::ALL.iter().map(|state| state.as_str()));
    }

    fn watch_restarted(&self, why: WatchRestart) {
        self.metrics.watch_restarted(why.as_str());
    }

    fn full_read(&self, why: FullRead) {
        self.metrics.full_read(why.as_str());
    }

    fn committed(&self, took: Duration) {
        self.metrics.committed(took);
    }

    fn conflicted(&self) {
        self.metrics.conflicted();
    }
}

impl Waiting {
    fn seen(&mut self, revision: u64, now: Instant) {
        if revision <= self.newest {
            return;
        }
        self.newest = revision;
        self.since.push_back((revision, now));
        if self.since.len() > MOST_WAITING {
            self.since.pop_front();
        }
    }

    /// How long each revision waited that is live now.
    fn live(&mut self, running: u64, now: Instant) -> Vec<Duration> {
        self.newest = self.newest.max(running);
        let live = self.since.iter().take_while(|(revision, _)| *revision <= running).count();
        self.since.drain(..live).map(|(_, since)| now.saturating_duration_since(since)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_waits_from_its_first_sight_until_it_or_a_later_one_is_live() {
        let (mut waiting, start) = (Waiting::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let lags = |lags: Vec<Duration>| lags.iter().map(Duration::as_millis).collect::<Vec<_>>();
        waiting.seen(3, at(0));
        waiting.seen(3, at(10));
        assert_eq!(lags(waiting.live(2, at(20))), [0; 0]);
        assert_eq!(lags(waiting.live(3, at(50))), [50]);
        waiting.seen(4, at(60));
        waiting.seen(6, at(70));
        assert_eq!(lags(waiting.live(6, at(100))), [40, 30]);
        // Its own commits are live before the store tells of them.
        assert_eq!(lags(waiting.live(7, at(110))), [0; 0]);
        waiting.seen(7, at(120));
        assert_eq!(lags(waiting.live(7, at(130))), [0; 0]);
        for revision in 8..2000 {
            waiting.seen(revision, at(200));
        }
        assert_eq!(waiting.live(3000, at(201)).len(), MOST_WAITING);
    }
}

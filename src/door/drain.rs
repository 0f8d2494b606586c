//! What is in flight, and the moment when nothing is any more.
//!
//! When to drain and for how long is decided by the gateway's signal handling.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::model::{Line, PerShard};

/// How long a kept connection may still bring a request after draining has started.
pub(super) const LAST_REQUEST: Duration = Duration::from_millis(500);

/// Counts what must end before the process may. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<State>);

#[derive(Debug, Default)]
struct State {
    leaving: AtomicBool,
    handed_over: AtomicBool,
    draining: AtomicBool,
    /// Who waits for the end of what is in flight, or for another process.
    changed: Notify,
    /// Who waits for draining to start, by shard: every connection that rests does.
    starts: OnceLock<PerShard<Notify>>,
    busy: Line<AtomicUsize>,
}

/// Something in flight; dropping it says that it has ended.
#[derive(Debug)]
pub struct Busy(Arc<State>);

impl Drain {
    /// Says that the gateway will soon go away; it still serves as before.
    pub fn announce(&self) {
        self.0.leaving.store(true, Ordering::SeqCst);
    }

    /// Says that another process serves where this one did; said before the rest.
    pub fn hand_over(&self) {
        self.0.handed_over.store(true, Ordering::SeqCst);
    }

    /// Whether another process serves where this one does, or is about to.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        self.0.handed_over.load(Ordering::SeqCst)
    }

    /// Waits until this process drains because another one serves in its place.
    pub async fn replaced(&self) {
        let replaced =
            |state: &State| state.draining.load(Ordering::SeqCst) && state.handed_over.load(Ordering::SeqCst);
        self.until(&self.0.changed, replaced).await;
    }

    /// Whether the gateway will soon go away, or is going.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.0.leaving.load(Ordering::SeqCst) || self.is_draining()
    }

    /// From now on connections are closed when their request has ended.
    pub fn start(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
        self.0.starts.get().into_iter().flat_map(PerShard::iter).for_each(Notify::notify_waiters);
    }

    /// Whether the gateway is on its way out.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// Waits until draining starts.
    pub async fn started(&self) {
        let starts = self.0.starts.get_or_init(|| PerShard::new(Notify::new));
        self.until(starts.here(), |state| state.draining.load(Ordering::SeqCst)).await;
    }

    /// Waits until nothing is in flight.
    pub async fn idle(&self) {
        self.until(&self.0.changed, |state| state.busy.0.load(Ordering::SeqCst) == 0).await;
    }

    /// How much is in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.busy.0.load(Ordering::SeqCst)
    }

    /// Something is in flight until the guard is dropped.
    #[must_use]
    pub fn enter(&self) -> Busy {
        self.0.busy.0.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(&self.0))
    }

    async fn until(&self, changes: &Notify, holds: impl Fn(&State) -> bool) {
        loop {
            let changed = changes.notified();
            tokio::pin!(changed);
            // Listens before looking, so that a change in between is not missed.
            changed.as_mut().enable();
            if holds(&self.0) {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn idle_waits_for_the_last_guard() {
        let drain = Drain::default();
        let (one, two) = (drain.enter(), drain.enter());
        let mut idle = Box::pin(drain.idle());
        assert!(idle.as_mut().now_or_never().is_none());
        drop(one);
        assert!(idle.as_mut().now_or_never().is_none());
        drop(two);
        assert!(idle.as_mut().now_or_never().is_some());
        assert_eq!(drain.in_flight(), 0);
    }

    #[test]
    fn started_resolves_when_draining_starts() {
        let drain = Drain::default();
        let mut started = Box::pin(drain.started());
        assert!(started.as_mut().now_or_never().is_none());
        drain.start();
        assert!(started.as_mut().now_or_never().is_some());
    }
}

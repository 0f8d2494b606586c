//! Puts denials into force: what their store tells of, in the one cell that requests read. Who makes denials, and what ends with
//! them, is in `denials`.

use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Snapshot;
use crate::model::{Clock, DenialKind, DenialSet, Instant};
use crate::store::{DenialStore, ToldDenials};
use crate::telemetry::Metrics;

/// The denials of a gateway: where they are kept, and how they come into force.
#[derive(Clone)]
pub(super) struct Enforcer(Arc<Parts>);

struct Parts {
    store: Arc<dyn DenialStore>,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    /// Held while what is told is put into force, so that nothing older comes after it.
    enforcing: Mutex<()>,
}

impl std::fmt::Debug for Enforcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enforcer")
    }
}

impl Enforcer {
    /// That of a gateway which begins with this snapshot: what is known is in force from the start.
    pub(super) fn begin(
        store: &Arc<dyn DenialStore>,
        metrics: &Metrics,
        clock: &Arc<dyn Clock>,
        live: &Snapshot,
    ) -> Self {
        let (store, metrics, clock) = (Arc::clone(store), metrics.clone(), Arc::clone(clock));
        let enforcer = Self(Arc::new(Parts { store, metrics, clock, enforcing: Mutex::default() }));
        enforcer.enforce(live);
        enforcer
    }

    /// Puts what the store tells now into force.
    pub(super) fn enforce(&self, live: &Snapshot) -> Arc<ToldDenials> {
        let Parts { store, metrics, clock, enforcing } = &*self.0;
        let _one_at_a_time = enforcing.lock().unwrap_or_else(PoisonError::into_inner);
        let told = Arc::clone(&store.follow().borrow());
        let in_force = told.set.without_ended(clock.now()).map_or_else(|| Arc::clone(&told.set), Arc::new);
        live.denials.publish(in_force);
        metrics.denials(&live.denials);
        told
    }

    /// Whether others are in force than what the store tells now: some have ended, or have not, where the clock was set back.
    pub(super) fn is_due(&self, live: &Snapshot) -> bool {
        let (told, in_force) = (Arc::clone(&self.0.store.follow().borrow().set), live.denials.set());
        let count = |set: &DenialSet| DenialKind::ALL.iter().map(|kind| set.len(*kind)).sum::<usize>();
        count(&told).saturating_sub(told.ended(self.now())) != count(&in_force)
    }

    pub(super) fn store(&self) -> &dyn DenialStore {
        &*self.0.store
    }

    pub(super) fn now(&self) -> Instant {
        self.0.clock.now()
    }
}

//! What runs beside the requests: the console and the control API, and what the service manager and the pages for operations
//! are told.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use crate::config::Snapshot;
use crate::control::{Control, count_together};
use crate::door::Drain;
use crate::model::{Clock, Live};
use crate::ops::{self, Gateway};
use crate::telemetry::{Decisions, Metrics};

use super::console;
use super::notify::Notifier;

/// How often somebody looks whether the last provider was tried; until the gateway is ready, and never again.
const READY_EVERY: Duration = Duration::from_millis(20);

/// What they are about.
pub(super) struct Companions {
    pub(super) control: Control,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Metrics,
    pub(super) live: Arc<Live<Snapshot>>,
    pub(super) drain: Drain,
    /// Whether every listener is served.
    pub(super) accepting: watch::Receiver<bool>,
    /// Whether another process hands the listeners over.
    pub(super) upgrade: bool,
}

impl Companions {
    pub(super) fn open_console(&self, console: console::Prepared, decisions: Decisions, runtime: &Runtime) {
        let drain = self.drain.clone();
        let stands_on = console::StandsOn {
            control: self.control.clone(),
            clock: Arc::clone(&self.clock),
            decisions,
            metrics: self.metrics.clone(),
            is_leaving: Arc::new(move || drain.is_leaving()),
        };
        console.open(stands_on, runtime);
    }

    /// Tells the service manager how the gateway is; gives who tells it, and what asks for a reload.
    pub(super) fn notify(&self, runtime: &Runtime) -> (Notifier, Arc<Notify>) {
        let (notifier, reload) = (Notifier::from_environment(), Arc::<Notify>::default());
        let ready = ready(self.accepting.clone(), Arc::clone(&self.live), self.drain.clone());
        runtime.spawn(notifier.clone().accompany(ready, Arc::clone(&reload), self.control.clone()));
        (notifier, reload)
    }

    /// Tells the other members of the fleet of this one, from when its listeners are its own.
    pub(super) fn attend_fleet(&self, runtime: &Runtime) {
        let (fleet, metrics, mut accepting) =
            (self.control.fleet().clone(), self.metrics.clone(), self.accepting.clone());
        let upgrade = self.upgrade;
        let (limits, settings) =
            self.live.with(|snapshot| (Arc::clone(snapshot.limits.state()), Arc::clone(&snapshot.server)));
        let (control, clock) = (self.control.clone(), Arc::clone(&self.clock));
        runtime.spawn(count_together(settings, Arc::clone(&limits), control, metrics.clone(), clock));
        runtime.spawn(async move {
            // Until then the process before this one goes by its name.
            if !upgrade || accepting.wait_for(|accepts| *accepts).await.is_ok() {
                fleet.attend(metrics, limits).await;
            }
        });
        let ready = ready(self.accepting.clone(), Arc::clone(&self.live), self.drain.clone());
        let fleet = self.control.fleet().clone();
        runtime.spawn(async move {
            ready.await;
            fleet.is_ready();
        });
    }

    /// Ends streams whose caller's credential has ended.
    pub(super) fn end_expired_streams(&self, runtime: &Runtime) {
        runtime.spawn(self.control.clone().end_expired_streams(Arc::clone(&self.clock)));
    }

    /// Asks providers again about the tokens of running streams.
    pub(super) fn recheck_streams(&self, runtime: &Runtime) {
        let (control, clock) = (self.control.clone(), Arc::clone(&self.clock));
        runtime.spawn(control.recheck_streams(clock, self.metrics.clone()));
    }

    /// What the pages for operations are about.
    pub(super) fn gateway(self) -> Gateway {
        let Self { control, clock: _, metrics: _, live: _, drain, accepting, upgrade } = self;
        // After a hand-over the successor serves this address, so keep reporting ready.
        let is_leaving = Arc::new(move || !drain.is_handed_over() && drain.is_leaving());
        // While a successor waits for the listeners, the process that has them serves there.
        let is_listening = Arc::new(move || upgrade || *accepting.borrow());
        Gateway { control, is_listening, is_leaving }
    }
}

/// Waits until the gateway is ready, in the sense of `/readyz`; for ever when it goes away before.
async fn ready(mut accepting: watch::Receiver<bool>, live: Arc<Live<Snapshot>>, drain: Drain) {
    let accepts = accepting.wait_for(|accepts| *accepts).await.is_ok();
    while !live.with(|snapshot| ops::untried(snapshot).is_empty()) {
        tokio::time::sleep(READY_EVERY).await;
    }
    if !accepts || drain.is_leaving() {
        std::future::pending::<()>().await;
    }
}

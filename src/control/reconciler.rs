//! Brings what the store holds to life: read, compile, publish; start and stop what belongs to it.
//!
//! One writer. Rings from the store, SIGHUP and the control API all end here.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::{self, Diagnostics, Snapshot, Source};
use crate::keys::{KeySource, Provider, Refresher, RefresherHandle, StateDir};
use crate::model::{Clock, Live, ProviderName};
use crate::store::ConfigStore;
use crate::telemetry::Metrics;

use super::audit;
use super::finding::Finding;
use super::handle::{self, Control, Order};
use super::leisure::{at_leisure, tidy_up_later};
use super::load::{Looked, look};
use super::resolver::Resolver;
use super::status::{Outcome, Refused, Status};

/// How long a change may wait for the first addresses of names that are new in it.
const FIRST_ADDRESSES: Duration = Duration::from_millis(500);

/// The loop from the store to the live snapshot.
pub struct Reconciler {
    pub(super) store: Box<dyn ConfigStore>,
    pub(super) files: Vec<PathBuf>,
    pub(super) live: Arc<Live<Snapshot>>,
    pub(super) metrics: Metrics,
    pub(super) clock: Arc<dyn Clock>,
    state: Option<Arc<StateDir>>,
    orders: mpsc::Receiver<Order>,
    control: Control,
    refreshers: HashMap<ProviderName, (Arc<Provider>, RefresherHandle)>,
    resolver: Resolver,
    /// What was refused last, as it was said.
    pub(super) refused: Option<String>,
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").field("refused", &self.refused).finish_non_exhaustive()
    }
}

impl Reconciler {
    /// A reconciler for a snapshot that was loaded from `store` and is live. `files` are what the documents
    /// refer to.
    #[must_use]
    pub fn new(
        store: Box<dyn ConfigStore>,
        files: Vec<PathBuf>,
        live: Arc<Live<Snapshot>>,
        metrics: Metrics,
        clock: Arc<dyn Clock>,
        state: Option<Arc<StateDir>>,
    ) -> Self {
        let now = clock.now();
        metrics.reload_applied(now);
        let snapshot = live.get();
        let status = Status {
            applied_at: now,
            looked_at: now,
            outcome: Outcome::Applied,
            refused: None,
            warnings: Finding::of(&snapshot.warnings, &snapshot.sources),
            head: store.head(),
            writable: store.writable(),
        };
        let (sender, orders) = mpsc::channel(handle::WAITING);
        let control =
            Control { live: Arc::clone(&live), status: Arc::new(Live::new(status)), orders: sender };
        Self {
            store,
            files,
            live,
            metrics,
            clock,
            state,
            orders,
            control,
            refreshers: HashMap::new(),
            resolver: Resolver::default(),
            refused: None,
        }
    }

    /// A handle for others.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Starts what belongs to the live snapshot, then follows the store for ever.
    pub async fn run(mut self) {
        let live = self.live.get();
        self.attend(&live);
        tidy_up_later();
        loop {
            tokio::select! {
                () = self.store.changed(&self.files) => drop(self.reconcile().await),
                Some(order) = self.orders.recv() => self.carry_out(order).await,
            }
        }
    }

    /// Reads the store and applies what it holds, whole or not at all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn reconcile(&mut self) -> Result<Outcome, Vec<Finding>> {
        let previous = self.live.get();
        let (store, files, metrics) = (&*self.store, self.files.as_slice(), &self.metrics);
        let now = self.clock.now();
        match at_leisure(|| look(store, files, &previous, metrics, now)) {
            Looked::Live => {
                if self.refused.take().is_some() {
                    tracing::info!("the configuration is again the one that is live");
                }
                self.metrics.reload_unchanged();
                self.looked(Outcome::Unchanged, None);
                Ok(Outcome::Unchanged)
            }
            Looked::Compiled(compiled, files) => {
                self.files = files;
                for warning in &compiled.warnings {
                    tracing::warn!("{warning}");
                }
                self.publish(compiled.snapshot).await;
                self.audit(&previous, "files", "the files were changed", None);
                Ok(Outcome::Applied)
            }
            Looked::Wrong(findings, sources) => Err(self.refuse(findings, &sources)),
        }
    }

    /// The same for somebody who asks. What is live already is not compiled again, but time has passed since it was.
    pub(super) async fn reload(&mut self) -> Result<Outcome, Vec<Finding>> {
        let outcome = self.reconcile().await;
        if matches!(outcome, Ok(Outcome::Unchanged)) {
            for warning in &config::ending_certificates(&self.live.get(), self.clock.now()) {
                tracing::warn!("{warning}");
            }
        }
        outcome
    }

    pub(super) async fn publish(&mut self, snapshot: Snapshot) {
        Resolver::first_answers(snapshot.endpoints.values(), FIRST_ADDRESSES).await;
        let snapshot = Arc::new(snapshot);
        let before = self.live.get();
        self.live.publish(Arc::clone(&snapshot));
        self.attend(&snapshot);
        let gone = before.agents.keys().any(|name| !snapshot.agents.contains_key(name))
            || before.providers.keys().any(|name| !snapshot.providers.contains_key(name));
        if gone {
            self.drop_old_series(&snapshot);
        }
        tidy_up_later();
        self.refused = None;
        self.metrics.reload_applied(self.clock.now());
        self.looked(Outcome::Applied, None);
        tracing::info!(
            revision = snapshot.revision.short(),
            agents = snapshot.agents.len(),
            providers = snapshot.providers.len(),
            "the new configuration is live"
        );
    }

    /// Says what came of a look at the store.
    fn looked(&self, outcome: Outcome, refused: Option<Refused>) {
        let now = self.clock.now();
        let before = self.control.status.get();
        let mut status = Status::clone(&before);
        (status.looked_at, status.outcome, status.refused) = (now, outcome, refused);
        (status.head, status.writable) = (self.store.head(), self.store.writable());
        if outcome == Outcome::Applied {
            let live = self.live.get();
            status.applied_at = now;
            status.warnings = Finding::of(&live.warnings, &live.sources);
        }
        self.control.status.publish(Arc::new(status));
    }

    fn refuse(&mut self, findings: Diagnostics, sources: &[Source]) -> Vec<Finding> {
        let text = findings.to_string();
        let said = Finding::of(&findings, sources);
        self.looked(Outcome::Refused, Some(Refused { at: self.clock.now(), findings: said.clone() }));
        // The same faulty files ring more than once while somebody edits them.
        if self.refused.as_deref() != Some(&text) {
            self.metrics.reload_refused();
            tracing::error!(
                errors = findings.errors(),
                "the configuration was refused; the last good one stays live:\n{text}"
            );
            self.refused = Some(text);
        }
        said
    }

    /// Writes down what has changed since `before`.
    pub(super) fn audit(&self, before: &Snapshot, who: &str, what: &str, number: Option<u64>) {
        let live = self.live.get();
        tracing::info!(
            who,
            what,
            revision = number,
            live = live.revision.short(),
            "the configuration was changed"
        );
        let Ok(folder) = self.store.writable() else { return };
        let entry =
            audit::Entry { at: self.clock.now().timestamp(), who, what, number, live: &live.revision };
        if let Err(error) = audit::append(&folder, &entry, &before.sources, &live.sources) {
            tracing::error!(%error, "the audit log could not be written");
        }
    }

    /// Starts and stops refreshers and name look-ups, so that exactly those of the snapshot run.
    fn attend(&mut self, snapshot: &Snapshot) {
        self.metrics.certificates(snapshot.certificate_terms());
        self.refreshers.retain(|name, (provider, _)| {
            snapshot.providers.get(name).is_some_and(|wanted| Arc::ptr_eq(wanted, provider))
        });
        for (name, provider) in &snapshot.providers {
            if let Some((running, _)) = self.refreshers.get(name) {
                if matches!(running.spec().source, KeySource::JwksFile(_) | KeySource::PublicKeyFile(_)) {
                    // What changed may be its file.
                    running.wake();
                }
                continue;
            }
            let handle = Refresher::spawn(Arc::clone(provider), Arc::clone(&self.clock), self.state.clone());
            self.refreshers.insert(name.clone(), (Arc::clone(provider), handle));
        }
        self.resolver.follow(snapshot.endpoints.values());
    }

    fn drop_old_series(&self, snapshot: &Snapshot) {
        let agents: HashSet<&str> = snapshot.agents.keys().map(crate::model::AgentName::as_str).collect();
        let providers: HashSet<&str> = snapshot.providers.keys().map(ProviderName::as_str).collect();
        self.metrics.retain(&agents, &providers);
    }
}

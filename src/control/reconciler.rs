//! Brings what the store holds to life: read, compile, publish; start and stop what belongs to it.
//!
//! One writer. Rings from the store, SIGHUP and the control API all end here.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::Snapshot;
use crate::keys::{KeySource, Provider, Refresher, RefresherHandle, StateDir};
use crate::model::{Clock, Live, ProviderName};
use crate::store::ConfigStore;
use crate::telemetry::Metrics;

use super::load::{LoadError, load};
use super::resolver::Resolver;

/// How long a change may wait for the first addresses of names that are new in it.
const FIRST_ADDRESSES: Duration = Duration::from_millis(500);

/// What is live, and whether the store holds something newer that was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The findings of the last change, when it was refused.
    pub refused: Option<String>,
}

/// The loop from the store to the live snapshot.
pub struct Reconciler {
    store: Box<dyn ConfigStore>,
    files: Vec<PathBuf>,
    live: Arc<Live<Snapshot>>,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    state: Option<Arc<StateDir>>,
    reload: Arc<Notify>,
    refreshers: HashMap<ProviderName, (Arc<Provider>, RefresherHandle)>,
    resolver: Resolver,
    status: Status,
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").field("status", &self.status).finish_non_exhaustive()
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
        metrics.reload_applied(clock.now());
        Self {
            store,
            files,
            live,
            metrics,
            clock,
            state,
            reload: Arc::default(),
            refreshers: HashMap::new(),
            resolver: Resolver::default(),
            status: Status::default(),
        }
    }

    /// Rings for a reload, from outside.
    #[must_use]
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.reload)
    }

    /// What the last reload did.
    #[must_use]
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Starts what belongs to the live snapshot, then follows the store for ever.
    pub async fn run(mut self) {
        let live = self.live.get();
        self.attend(&live);
        loop {
            tokio::select! {
                () = self.store.changed(&self.files) => {}
                () = self.reload.notified() => {
                    tracing::info!("reload asked for");
                    // Who asks gets an answer, also when it is the same as before.
                    self.status.refused = None;
                }
            }
            self.reconcile().await;
        }
    }

    /// Reads the store and applies what it holds, whole or not at all.
    pub async fn reconcile(&mut self) {
        let previous = self.live.get();
        match load(self.store.as_ref(), Some(&previous), &self.metrics) {
            Ok((compiled, files)) => {
                self.files = files;
                if compiled.snapshot.revision == previous.revision {
                    if self.status.refused.take().is_some() {
                        tracing::info!("the configuration is again the one that is live");
                    }
                    self.metrics.reload_unchanged();
                    return;
                }
                for warning in &compiled.warnings {
                    tracing::warn!("{warning}");
                }
                self.publish(compiled.snapshot).await;
            }
            Err(error) => self.refuse(error),
        }
    }

    async fn publish(&mut self, snapshot: Snapshot) {
        Resolver::first_answers(snapshot.endpoints.values(), FIRST_ADDRESSES).await;
        let snapshot = Arc::new(snapshot);
        self.live.publish(Arc::clone(&snapshot));
        self.attend(&snapshot);
        self.drop_old_series(&snapshot);
        self.status.refused = None;
        self.metrics.reload_applied(self.clock.now());
        tracing::info!(
            revision = snapshot.revision.short(),
            agents = snapshot.agents.len(),
            providers = snapshot.providers.len(),
            "the new configuration is live"
        );
    }

    fn refuse(&mut self, error: LoadError) {
        // Compiling made handles for agents that did not become live.
        self.drop_old_series(&self.live.get());
        let findings = error.into_diagnostics();
        let text = findings.to_string();
        // The same faulty files ring more than once while somebody edits them.
        if self.status.refused.as_deref() != Some(&text) {
            self.metrics.reload_refused();
            tracing::error!(
                errors = findings.errors(),
                "the configuration was refused; the last good one stays live:\n{text}"
            );
            self.status.refused = Some(text);
        }
    }

    /// Starts and stops refreshers and name look-ups, so that exactly those of the snapshot run.
    fn attend(&mut self, snapshot: &Snapshot) {
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

//! Brings what the store holds to life: read, compile, publish; start and stop what belongs to it.
//!
//! One writer. Rings from the store, SIGHUP and the control API all end here.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::{self, Files, Snapshot};
use crate::idp::{KeySource, Provider, Refresher, RefresherHandle, StateDir};
use crate::model::{Clock, Live, ProviderName, ResourceId};
use crate::store::{Commit, ConfigStore};
use crate::telemetry::Metrics;

use super::aside::Aside;
use super::broken::{self, Found};
use super::finding::{Finding, tell};
use super::handle::{self, Control, Order};
use super::leisure::{at_leisure, tidy_up_later};
use super::load::{Looked, Running, Wrong, look};
use super::resolver::Resolver;
use super::status::{Head, Outcome, Refused, Status};
use super::{audit, by_hand};

/// How long a change may wait for the first addresses of names that are new in it.
const FIRST_ADDRESSES: Duration = Duration::from_millis(500);

/// The loop from the store to the live snapshot.
pub struct Reconciler {
    pub(super) store: Box<dyn ConfigStore>,
    /// What the files held that the live documents refer to.
    pub(super) files: Files,
    /// What stands on disk and is not live.
    pub(super) aside: Aside,
    pub(super) live: Arc<Live<Snapshot>>,
    pub(super) metrics: Metrics,
    pub(super) clock: Arc<dyn Clock>,
    state: Option<Arc<StateDir>>,
    orders: mpsc::Receiver<Order>,
    control: Control,
    refreshers: HashMap<ProviderName, (Arc<Provider>, RefresherHandle)>,
    resolver: Resolver,
    /// What is wrong with what stands on disk.
    refused: Option<Refused>,
    /// What was refused last, as it was said.
    pub(super) said: Option<String>,
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").field("refused", &self.said).finish_non_exhaustive()
    }
}

impl Reconciler {
    /// A reconciler for a snapshot that was loaded from `store` and is live. `files` are what the files held that
    /// the documents refer to.
    #[must_use]
    pub fn new(
        store: Box<dyn ConfigStore>,
        files: Files,
        live: Arc<Live<Snapshot>>,
        metrics: Metrics,
        clock: Arc<dyn Clock>,
        state: Option<Arc<StateDir>>,
    ) -> Self {
        let now = clock.now();
        metrics.reload_applied(now);
        let snapshot = live.get();
        let status = Status {
            applied: snapshot.revision.clone(),
            applied_at: now,
            looked_at: now,
            outcome: Outcome::Applied,
            refused: None,
            broken: Vec::new(),
            warnings: Finding::of(&snapshot.warnings, &snapshot.sources),
            head: head(store.as_ref(), &snapshot),
            writable: store.writable(),
        };
        let (sender, orders) = mpsc::channel(handle::WAITING);
        let control =
            Control { live: Arc::clone(&live), status: Arc::new(Live::new(status)), orders: sender };
        Self {
            store,
            files,
            aside: Aside::default(),
            live,
            metrics,
            clock,
            state,
            orders,
            control,
            refreshers: HashMap::new(),
            resolver: Resolver::default(),
            refused: None,
            said: None,
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
        self.note_meanwhile(&live);
        loop {
            let files: Vec<PathBuf> = self.files.keys().cloned().collect();
            tokio::select! {
                () = self.store.changed(&files) => drop(self.reconcile().await),
                Some(order) = self.orders.recv() => self.carry_out(order).await,
            }
        }
    }

    /// Reads the store and applies what it holds. A change is applied whole or not at all; what was refused before does
    /// not hold up what is changed after it.
    ///
    /// # Errors
    /// What is wrong with what stands there.
    pub async fn reconcile(&mut self) -> Result<Outcome, Vec<Finding>> {
        let was_refused = self.refused.is_some();
        match self.take_up().await {
            Ok(Outcome::Unchanged) if !was_refused => {
                self.metrics.reload_unchanged();
                self.looked(Outcome::Unchanged);
                Ok(Outcome::Unchanged)
            }
            other => other,
        }
    }

    /// The same for somebody who asks. What is live already is not compiled again, but time has passed since it was.
    pub(super) async fn reload(&mut self) -> Result<Outcome, Vec<Finding>> {
        let outcome = self.reconcile().await;
        if matches!(outcome, Ok(Outcome::Unchanged)) {
            tell(&config::ending_certificates(&self.live.get(), self.clock.now()));
        }
        outcome
    }

    /// The same before or after a change over the API: only what it brings about is told.
    pub(super) async fn take_up(&mut self) -> Result<Outcome, Vec<Finding>> {
        let previous = self.live.get();
        let (store, metrics, now) = (&*self.store, &self.metrics, self.clock.now());
        let (files, aside) = (&self.files, &self.aside);
        let Looked { taken, wrong } =
            at_leisure(|| look(store, Running { live: &previous, files, aside }, metrics, now));
        let is_taken = taken.is_some();
        if let Some((compiled, files)) = taken {
            self.files = files;
            tell(&compiled.warnings);
            self.publish(compiled.snapshot).await;
            let live = self.live.get();
            let changes = by_hand::changes(&previous.sources, &live.sources);
            let number = self.note(by_hand::commit(changes, now.timestamp(), ""));
            self.audit(&previous, by_hand::WHO, "the files were changed", number);
        }
        match wrong {
            Some(wrong) => {
                self.refuse(wrong, is_taken);
                Err(self.refused.as_ref().map(|refused| refused.findings.clone()).unwrap_or_default())
            }
            None => {
                self.aside = Aside::default();
                self.said = None;
                let was_refused = self.refused.take().is_some();
                let outcome = if is_taken { Outcome::Applied } else { Outcome::Unchanged };
                if was_refused && !is_taken {
                    tracing::info!("the configuration is again the one that is live");
                    self.metrics.reload_unchanged();
                }
                if was_refused || is_taken {
                    self.looked(outcome);
                }
                Ok(outcome)
            }
        }
    }

    /// Makes a snapshot the one that runs. Who calls says afterwards what came of it.
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
        self.metrics.reload_applied(self.clock.now());
        tracing::info!(
            revision = snapshot.revision.short(),
            agents = snapshot.agents.len(),
            providers = snapshot.providers.len(),
            "the new configuration is live"
        );
    }

    /// Says what came of a look at the store, or of a change.
    pub(super) fn looked(&self, outcome: Outcome) {
        let now = self.clock.now();
        let before = self.control.status.get();
        let live = self.live.get();
        let mut status = Status::clone(&before);
        (status.looked_at, status.outcome, status.refused) = (now, outcome, self.refused.clone());
        (status.head, status.writable) = (head(self.store.as_ref(), &live), self.store.writable());
        if status.applied != live.revision {
            status.applied = live.revision.clone();
            status.applied_at = now;
            status.warnings = Finding::of(&live.warnings, &live.sources);
        }
        status.broken = self.broken(&live, &before);
        self.metrics.documents_broken(status.broken.len(), self.refused.is_some());
        self.control.status.publish(Arc::new(status));
    }

    fn broken(&self, live: &Snapshot, before: &Status) -> Vec<super::Broken> {
        let Some(refused) = &self.refused else { return Vec::new() };
        let ids: BTreeSet<ResourceId> =
            self.aside.documents.values().filter_map(|held| held.document.id.clone()).collect();
        let latest = self.store.latest(Some(&ids)).unwrap_or_default();
        let (findings, before) = (refused.findings.as_slice(), before.broken.as_slice());
        let now = self.clock.now();
        Found { aside: &self.aside, findings, live, latest: &latest, before, now }.broken()
    }

    /// Takes note of what is wrong on disk.
    fn refuse(&mut self, wrong: Wrong, is_taken: bool) {
        let Wrong { findings, sources, aside } = wrong;
        let text = findings.to_string();
        let is_new = self.said.as_deref() != Some(&text);
        let at = self.refused.as_ref().filter(|_| !is_new).map_or_else(|| self.clock.now(), |r| r.at);
        self.refused = Some(Refused { at, findings: Finding::of(&findings, &sources) });
        self.aside = aside;
        // The same faulty files ring more than once while somebody edits them.
        if is_new {
            if !is_taken {
                self.metrics.reload_refused();
            }
            tracing::error!(
                errors = findings.errors(),
                "the configuration was refused; the last good one stays live:\n{}",
                findings.errors_alone()
            );
            self.said = Some(text);
        }
        self.looked(if is_taken { Outcome::Applied } else { Outcome::Refused });
    }

    /// Keeps a revision of what was changed by hand. That it cannot be kept does not undo the change.
    fn note(&self, commit: Commit) -> Option<u64> {
        if commit.changes.is_empty() || self.store.writable().is_err() {
            return None;
        }
        let kept = self.store.note(&commit);
        kept.inspect_err(|error| tracing::warn!(%error, "an edit by hand has no number in the history"))
            .ok()
            .flatten()
    }

    /// The same for what was changed while no gateway ran.
    fn note_meanwhile(&self, live: &Snapshot) {
        if self.store.writable().is_err() {
            return;
        }
        let said = at_leisure(|| self.store.latest(None)).unwrap_or_default();
        let changes = by_hand::meanwhile(&said, &live.sources);
        let commit = by_hand::commit(changes, self.clock.now().timestamp(), " while the gateway did not run");
        if self.note(commit).is_some() {
            self.looked(Outcome::Unchanged);
        }
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

/// The last revision of the history, as it stands to what runs.
fn head(store: &dyn ConfigStore, live: &Snapshot) -> Head {
    let number = store.head();
    let record = if number == 0 { None } else { store.record(number).ok().flatten() };
    Head {
        number,
        text_is_live: record.as_ref().is_some_and(|record| broken::is_live(&record.commit.changes, live)),
        by: record.map(|record| record.commit.who),
    }
}

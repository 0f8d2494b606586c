//! The reconciler: reads the stores, compiles, publishes, and starts and stops background tasks.
//!
//! It is the only writer of the live snapshot: notifications of the stores, SIGHUP and the control API all end here.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use tokio::sync::mpsc;

use crate::config::{self, Files, Snapshot};
use crate::idp::StateDir;
use crate::model::{Clock, Instant, Live, ProviderName};
use crate::store::at_leisure;
use crate::telemetry::{Configured, Metrics};
use crate::upstream::Running as Streams;

use super::aside::Aside;
use super::background::{Background, tidy_up_later};
use super::by_hand;
use super::enforcer::Enforcer;
use super::finding::{Finding, tell};
use super::fleet::Fleet;
use super::handle::{self, Control, Order};
use super::load::{Looked, Running, look};
use super::resolver::Resolver;
use super::shared_state_health::RedisHealth;
use super::status::{Outcome, Refused, Runs, Status};
use super::stores::Stores;

/// How long a change waits for the addresses of its new names: a resolver nearby responds in that time, and a change
/// still takes less than a second.
const FIRST_ADDRESSES: Duration = Duration::from_millis(500);

/// The loop from the stores to the live snapshot.
pub struct Reconciler {
    pub(super) stores: Stores,
    /// The last revision of the store that this process knows.
    pub(super) head: u64,
    /// The hash over its resources, where the store says one.
    pub(super) hash: Option<Arc<str>>,
    /// The live content of referenced files.
    pub(super) files: Arc<Files>,
    /// The documents set aside.
    pub(super) aside: Arc<Aside>,
    pub(super) live: Arc<Live<Snapshot>>,
    pub(super) metrics: Metrics,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) control: Control,
    /// The errors in the documents on disk.
    pub(super) refused: Option<Refused>,
    /// The last rejection, as it was logged.
    pub(super) said: Option<String>,
    orders: mpsc::Receiver<Order>,
    background: Background,
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").field("refused", &self.said).finish_non_exhaustive()
    }
}

impl Reconciler {
    /// A reconciler for the live snapshot, which was loaded from `stores`. `files` is the content of its referenced files.
    pub async fn new(
        stores: Stores,
        files: Files,
        live: Arc<Live<Snapshot>>,
        metrics: Metrics,
        clock: Arc<dyn Clock>,
        state: Option<Arc<StateDir>>,
    ) -> Self {
        let now = clock.now();
        metrics.reload_applied(now);
        let snapshot = live.get();
        let begun = |store| Enforcer::begin(store, &metrics, &clock, &snapshot);
        let denials = stores.denials.as_ref().map(begun);
        let head = stores.resources.head().await.unwrap_or_default();
        let read = stores.last_read();
        let hash = read.hash.clone();
        let shown = hash.as_deref().unwrap_or_else(|| snapshot.revision.as_str()).to_owned();
        let revision = if stores.fleet.is_some() { read.head } else { head };
        let runs = Runs { revision, hash: shown, refused: None };
        if let Some(observed) = stores.fleet.as_ref().and_then(|fleet| fleet.observed.as_ref()) {
            observed.runs(runs.revision, None);
        }
        let status = Status {
            applied: snapshot.revision.clone(),
            applied_at: now,
            looked_at: now,
            outcome: Outcome::Applied,
            refused: None,
            broken: Vec::new(),
            warnings: Finding::of(&snapshot.warnings, &snapshot.sources),
            head: stores.head(head, &snapshot, false).await,
            runs,
            store: stores.resources.describe(),
        };
        let (sender, orders) = mpsc::channel(handle::WAITING);
        let status = Arc::new(Live::new(status));
        let running = Streams::default();
        let fleet = Fleet::new(stores.fleet.clone(), &snapshot.server.member, Arc::clone(&status));
        let redis = RedisHealth::default();
        let control =
            Control { live: Arc::clone(&live), status, orders: sender, running, fleet, denials, redis };
        Self {
            stores,
            head,
            hash,
            files: Arc::new(files),
            aside: Arc::default(),
            live,
            background: Background::new(Arc::clone(&clock), metrics.clone(), state),
            metrics,
            clock,
            control,
            refused: None,
            said: None,
            orders,
        }
    }

    /// A handle for others.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Starts the background tasks of the live snapshot, then follows the stores for ever.
    pub async fn run(mut self) {
        let live = self.live.get();
        self.background.follow_cards(&live).await;
        self.attend(&live);
        if let Some(enforcer) = self.control.denials.clone() {
            enforcer.follow(self.control());
        }
        tidy_up_later();
        self.stores.resources.is_live(self.head);
        self.note_meanwhile(&live).await;
        loop {
            let files: Vec<PathBuf> = self.files.keys().cloned().collect();
            tokio::select! {
                () = self.stores.changed(&files) => drop(self.reconcile().await),
                Some(order) = self.orders.recv() => self.carry_out(order).await,
            }
        }
    }

    /// Reads the stores and applies their content. A change is applied whole or not at all; a rejected change does not block
    /// later ones.
    ///
    /// # Errors
    /// The errors in the content of the stores.
    pub async fn reconcile(&mut self) -> Result<Outcome, Vec<Finding>> {
        let was_refused = self.refused.is_some();
        match self.take_up().await {
            Ok(Outcome::Unchanged) if !was_refused => {
                self.metrics.reload_unchanged();
                self.looked(Outcome::Unchanged).await;
                Ok(Outcome::Unchanged)
            }
            other => other,
        }
    }

    /// Like [`Self::reconcile`], on request: also warns of certificates that came near their expiry since the last
    /// compilation.
    pub(super) async fn reload(&mut self) -> Result<Outcome, Vec<Finding>> {
        self.stores.resources.read_anew();
        let outcome = self.reconcile().await;
        self.background.fetch_cards();
        if matches!(outcome, Ok(Outcome::Unchanged)) {
            tell(&config::ending_certificates(&self.live.get(), self.clock.now()));
        }
        outcome
    }

    /// Like [`Self::reconcile`], before or after a change over the API: logs nothing when nothing has changed.
    pub(super) async fn take_up(&mut self) -> Result<Outcome, Vec<Finding>> {
        let Looked { taken, wrong } = self.look().await;
        let is_taken = taken.is_some();
        if let Some((compiled, files)) = taken {
            let previous = self.live.get();
            self.files = Arc::new(files);
            tell(&compiled.warnings);
            self.publish(compiled.snapshot).await;
            let changes = by_hand::changes(&previous.sources, &self.live.get().sources);
            match self.commit_of_others(&changes) {
                Some(last) => {
                    let what = format!("take up revision {}", last.revision);
                    self.audit(&previous, &last.who, &what, Some(last.revision)).await;
                }
                None => {
                    let number = self.note(by_hand::commit(changes, self.clock.now().timestamp(), "")).await;
                    self.audit(&previous, by_hand::WHO, "the files were changed", number).await;
                }
            }
        }
        match wrong {
            Some(wrong) => Err(self.refuse(wrong, is_taken).await),
            None => Ok(self.accept(is_taken).await),
        }
    }

    /// Reads the stores, and compiles their content unless it is live.
    async fn look(&mut self) -> Looked {
        let standing = self.stores.read().await;
        if let Ok(standing) = &standing {
            self.head = standing.resources.head;
            self.hash.clone_from(&standing.resources.hash);
        }
        let (files, aside) = (Arc::clone(&self.files), Arc::clone(&self.aside));
        let running = Running { live: self.live.get(), files, aside };
        let (metrics, now) = (self.metrics.clone(), self.clock.now());
        at_leisure(move || look(standing, &running, &metrics, now)).await
    }

    /// Makes a snapshot live; the caller updates the status.
    pub(super) async fn publish(&mut self, snapshot: Snapshot) {
        Resolver::first_answers(snapshot.endpoints.values(), FIRST_ADDRESSES).await;
        let snapshot = Arc::new(snapshot);
        let before = self.live.get();
        begin_slowly(&before, &snapshot, self.clock.now());
        self.background.follow_cards(&snapshot).await;
        snapshot.limits.settle(Tick::now(), self.clock.now());
        self.live.publish(Arc::clone(&snapshot));
        self.control.end_lost_streams(&snapshot, self.clock.now());
        self.attend(&snapshot);
        let gone = before.agents.keys().any(|name| !snapshot.agents.contains_key(name))
            || before.providers.keys().any(|name| !snapshot.providers.contains_key(name))
            || !before.limits.names().is_subset(&snapshot.limits.names())
            || before.targets.keys().any(|key| !snapshot.targets.contains_key(key));
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

    /// Starts and stops background tasks for the snapshot.
    fn attend(&mut self, snapshot: &Snapshot) {
        self.metrics.certificates(snapshot.certificate_terms());
        self.background.follow(snapshot, &self.control);
    }

    fn drop_old_series(&self, snapshot: &Snapshot) {
        let agents: HashSet<&str> = snapshot.agents.keys().map(crate::model::AgentName::as_str).collect();
        let providers: HashSet<&str> = snapshot.providers.keys().map(ProviderName::as_str).collect();
        let targets: HashSet<&str> = snapshot.targets.values().map(|target| &*target.name).collect();
        self.metrics.retain(&Configured { agents, providers, targets, limits: snapshot.limits.names() });
    }
}

/// Targets that a change adds get a share of the requests that grows.
fn begin_slowly(before: &Snapshot, now: &Snapshot, at: Instant) {
    for (_, target) in now.targets.iter().filter(|(key, _)| !before.targets.contains_key(key)) {
        target.standing.added(at);
    }
}

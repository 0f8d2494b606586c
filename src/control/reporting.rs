//! The status: the outcome of each look at the stores and of each change, for other tasks to read.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::Snapshot;
use crate::model::ResourceId;
use crate::store::StoreState;

use super::aside::Aside;
use super::broken::{self, Found};
use super::finding::Finding;
use super::load::Wrong;
use super::reconciler::Reconciler;
use super::status::{Broken, Head, Outcome, Refused, Runs, Status};
use super::stores::Stores;

impl Reconciler {
    /// Publishes the outcome of a look at the stores, or of a change.
    pub(super) async fn looked(&self, outcome: Outcome) {
        let now = self.clock.now();
        let before = self.control.status.get();
        let live = self.live.get();
        let mut status = Status::clone(&before);
        (status.looked_at, status.outcome, status.refused) = (now, outcome, self.refused.clone());
        status.head = self.stores.head(self.head, &live, self.refused.is_some()).await;
        status.runs = self.runs(&before.runs, &live);
        status.store = self.stores.resources.describe();
        if status.applied != live.revision {
            status.applied = live.revision.clone();
            status.applied_at = now;
            status.warnings = Finding::of(&live.warnings, &live.sources);
        }
        status.broken = self.broken(&live, &before).await;
        self.metrics.documents_broken(status.broken.len(), self.refused.is_some());
        if let Some(observed) = self.stores.fleet.as_ref().and_then(|shared| shared.observed.as_ref()) {
            observed.runs(status.runs.revision, status.runs.refused);
        }
        self.control.status.publish(Arc::new(status));
        self.control.fleet.changed();
    }

    /// The revision that runs. One that is not live as a whole does not.
    fn runs(&self, before: &Runs, live: &Snapshot) -> Runs {
        let is_whole = self.stores.fleet.is_none() || !self.aside.has_resources();
        match &self.hash {
            _ if !is_whole => Runs { refused: Some(self.head), ..before.clone() },
            Some(hash) => Runs { revision: self.head, hash: hash.to_string(), refused: None },
            // What a shared store holds by now is yet to be read.
            None if self.stores.fleet.is_some() => before.clone(),
            None => Runs { revision: self.head, hash: live.revision.as_str().to_owned(), refused: None },
        }
    }

    async fn broken(&self, live: &Snapshot, before: &Status) -> Vec<Broken> {
        let Some(refused) = &self.refused else { return Vec::new() };
        let ids: BTreeSet<ResourceId> =
            self.aside.documents.values().filter_map(|held| held.document.id.clone()).collect();
        let latest = self.stores.resources.latest(Some(&ids)).await.unwrap_or_default();
        let (findings, before) = (refused.findings.as_slice(), before.broken.as_slice());
        let now = self.clock.now();
        let is_shared = self.stores.fleet.is_some();
        Found { aside: &self.aside, findings, live, latest: &latest, is_shared, before, now }.broken()
    }

    /// Records the errors on disk, and returns them.
    pub(super) async fn refuse(&mut self, wrong: Wrong, is_taken: bool) -> Vec<Finding> {
        let Wrong { findings, sources, aside } = wrong;
        let text = findings.to_string();
        let is_new = self.said.as_deref() != Some(&text);
        let at = self.refused.as_ref().filter(|_| !is_new).map_or_else(|| self.clock.now(), |r| r.at);
        let found = Finding::of(&findings, &sources);
        self.refused = Some(Refused { at, findings: found.clone() });
        self.aside = Arc::new(aside);
        // Invalid files notify more than once while somebody edits them.
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
        self.looked(if is_taken { Outcome::Applied } else { Outcome::Refused }).await;
        found
    }

    /// Records that there are no errors on disk.
    pub(super) async fn accept(&mut self, is_taken: bool) -> Outcome {
        self.aside = Arc::new(Aside::default());
        self.said = None;
        self.stores.resources.is_live(self.head);
        let was_refused = self.refused.take().is_some();
        let outcome = if is_taken { Outcome::Applied } else { Outcome::Unchanged };
        if was_refused && !is_taken {
            tracing::info!("the configuration is again the one that is live");
            self.metrics.reload_unchanged();
        }
        if was_refused || is_taken {
            self.looked(outcome).await;
        }
        outcome
    }
}

impl Stores {
    /// The last revision, `number`, and whether its texts are live. Nobody waits for a shared store that is away: what is
    /// held of it is live unless it was refused.
    pub(super) async fn head(&self, number: u64, live: &Snapshot, is_refused: bool) -> Head {
        if self.resources.health().is_some_and(|health| health.state != StoreState::Ok) {
            let last = self.resources.last_commit().filter(|last| last.revision == number);
            return Head { number, by: last.map(|last| last.who), text_is_live: !is_refused };
        }
        let record = if number == 0 { None } else { self.resources.record(number).await.ok().flatten() };
        Head {
            number,
            text_is_live: record.as_ref().is_some_and(|record| broken::is_live(&record.commit.changes, live)),
            by: record.map(|record| record.commit.who),
        }
    }
}

#[cfg(test)]
mod tests;

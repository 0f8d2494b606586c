//! The gateways that share a store, this one among them: who runs which revision, who refused it and why, who is stale or
//! has vanished. A gateway whose store nobody shares is a fleet of one.
//!
//! How members tell each other is for `store`; when this one is ready and when it ends, for the gateway.

mod member_state;
mod myself;
mod overview;
mod reached;
mod shares;
mod understanding;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::config::Feature;
use crate::limits::LimitState;
use crate::model::Live;
use crate::store::{Health, Presence, Reporter as _, Seen, Sight};
use crate::telemetry::Metrics;

use super::shared_store::SharedStore;
use super::status::Status;
use myself::Myself;

pub use member_state::MemberState;
pub use myself::member_name;
pub use overview::{FleetMember, Overview};
pub use reached::Reached;
pub(super) use shares::Shares;

/// How long a goodbye may take; without it the others see this member as vanished, which is no harm.
const GOODBYE: Duration = Duration::from_secs(1);

/// A handle to the fleet. Cheap to clone.
#[derive(Clone)]
pub struct Fleet(Arc<Inner>);

struct Inner {
    shared: Option<SharedStore>,
    status: Arc<Live<Status>>,
    me: Myself,
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("me", &self.0.me).finish_non_exhaustive()
    }
}

impl Fleet {
    /// The fleet that shares `shared`, or a fleet of one. `member` says how this gateway is called in it.
    pub(super) fn new(
        shared: Option<SharedStore>,
        member: &crate::config::Member,
        status: Arc<Live<Status>>,
    ) -> Self {
        let health = shared.as_ref().map(|shared| Arc::clone(&shared.health));
        let me = Myself::new(member, Arc::clone(&status), health);
        Self(Arc::new(Inner { shared, status, me }))
    }

    /// Whether others can share the store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.shared.is_some()
    }

    /// The name of this gateway.
    #[must_use]
    pub fn my_name(&self) -> &str {
        self.0.me.name()
    }

    /// The name of this one process.
    #[must_use]
    pub fn my_boot_id(&self) -> &str {
        self.0.me.boot_id()
    }

    /// Tells the others of this member, listens to them and counts them, for ever: for metrics, and for limits, of which each
    /// has a share.
    pub async fn attend(self, metrics: Metrics, limits: Arc<LimitState>) {
        let Some(shared) = &self.0.shared else { return };
        let metrics = metrics.shared_store();
        let shares = shares::follow(&self, &limits);
        tokio::join!(shared.presence.attend(&self.0.me), watch::run(&self, &metrics), shares);
    }

    /// This gateway takes traffic from now on.
    pub fn is_ready(&self) {
        self.0.me.set_ready();
        self.changed();
    }

    /// This gateway is going to end.
    pub fn drains(&self) {
        self.0.me.set_draining();
        self.changed();
    }

    /// What is said of this gateway has changed.
    pub(super) fn changed(&self) {
        if let Some(presence) = self.presence() {
            presence.touch();
        }
    }

    /// Tells the others that this member ends, unless that takes too long.
    pub async fn leave(&self) {
        let Some(presence) = self.presence() else { return };
        if timeout_at(Instant::now() + GOODBYE, presence.leave()).await.is_err() {
            tracing::warn!("the other members were not told that this one ends; they see it as vanished");
        }
    }

    /// How the store is that the fleet shares, as this member sees it; `None` without one.
    #[must_use]
    pub fn health(&self) -> Option<Health> {
        self.0.shared.as_ref().map(|shared| shared.health.health())
    }

    /// Everybody, with their states.
    #[must_use]
    pub fn overview(&self) -> Overview {
        Overview::of(&self.0.status.get(), self.health(), self.seen(), Instant::now())
    }

    /// The names of the members that are there and lack one of these features of the language.
    pub(super) fn without(&self, features: &BTreeSet<Feature>) -> Vec<String> {
        understanding::without(features, &self.seen(), env!("CARGO_PKG_VERSION"))
    }

    /// Waits until every member that has not vanished runs `revision` or a later one, or refused it; at most until `end`.
    pub async fn wait(&self, revision: u64, end: Instant) -> Reached {
        let mut changes = self.presence().map(Presence::changes);
        loop {
            let reached = Reached::of(revision, &self.overview());
            let Some(changes) = changes.as_mut().filter(|_| !reached.behind.is_empty()) else {
                return reached;
            };
            match timeout_at(end, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Reached::of(revision, &self.overview()),
            }
        }
    }

    /// Everybody as seen here. What this gateway says of itself is known better here than in the store.
    fn seen(&self) -> Vec<Seen> {
        let report = self.0.me.report();
        let boot_id = report.boot_id.clone();
        let all = self.presence().map(Presence::seen).unwrap_or_default();
        let (own, mut others): (Vec<Seen>, Vec<Seen>) =
            all.into_iter().partition(|seen| seen.member.boot_id == boot_id);
        // What is left of the process before this one is not another member.
        let name = report.name.clone();
        others.retain(|seen| seen.member.name != name || seen.sight != Sight::Vanished);
        let is_contested = |seen: &Seen| matches!(seen.sight, Sight::Present { contested: true, .. });
        let contested = own.iter().chain(&others).any(|seen| seen.member.name == name && is_contested(seen));
        let me = Seen { member: report, sight: Sight::Present { changed: Instant::now(), contested } };
        let at = others.partition_point(|seen| seen.member.name < name);
        others.insert(at, me);
        others
    }

    fn presence(&self) -> Option<&dyn Presence> {
        self.0.shared.as_ref().map(|shared| &*shared.presence)
    }
}

#[cfg(test)]
mod tests;

//! The denials of a shared store: what a change of API keys denies, and what becomes of denials that any member wrote.
//!
//! They are in force as soon as they are heard of. The change that they belong to goes live when it is compiled.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::{ApiKey, Snapshot};
use crate::model::{Clock, DenialKind, Instant, ResourceKind, Until};
use crate::store::{Change, Denial, DenialStore, KnownDenials};
use crate::telemetry::Metrics;

use super::edit::Edit;
use super::handle::Control;

/// The denials that belong to a change: one for each API key that it revokes or removes. They never end before the key.
pub(super) fn of(
    changes: &[Change],
    before: &Snapshot,
    after: &Snapshot,
    edit: &Edit,
    now: Instant,
) -> Vec<Denial> {
    let keys = changes.iter().map(|change| &change.id).filter(|id| id.kind() == ResourceKind::ApiKey);
    let taken = keys.filter_map(|id| {
        let was = before.api_keys.get(id.name()).filter(|key| !is_revoked(key, now))?;
        let is_kept = after.api_keys.get(id.name()).is_some_and(|key| !is_revoked(key, now));
        (!is_kept).then(|| (id.name(), was))
    });
    let denial = |(id, key): (&str, &ApiKey)| Denial {
        kind: DenialKind::ApiKey,
        value: id.to_owned(),
        until: key.expires_at().map_or(Until::Never, |end| Until::At(instant(end))),
        reason: edit.what.clone(),
        actor: edit.who.clone(),
        at: now.timestamp(),
    };
    taken.map(denial).collect()
}

fn is_revoked(key: &ApiKey, now: Instant) -> bool {
    key.revoked_at().is_some_and(|at| instant(at) <= now)
}

/// Rounded up, so that no denial ends before its key.
fn instant(at: jiff::Timestamp) -> Instant {
    let since_epoch = std::time::Duration::try_from(at.as_duration()).unwrap_or_default();
    let whole = since_epoch.as_secs().saturating_add(u64::from(since_epoch.subsec_nanos() > 0));
    Instant::from_unix(whole)
}

/// Puts denials into force in this process.
pub(super) fn enforce(known: &KnownDenials, live: &Snapshot, metrics: &Metrics, now: Instant) {
    live.denials.publish(known.in_force(now));
    metrics.denials(&live.denials);
}

/// The task that follows the denials of a shared store.
struct Follower {
    known: watch::Receiver<Arc<KnownDenials>>,
    control: Control,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    /// What was put into force last.
    last: Arc<KnownDenials>,
}

/// Puts the denials of a shared store into force, now and after each change of them.
pub(super) fn follow(store: &dyn DenialStore, control: Control, metrics: Metrics, clock: Arc<dyn Clock>) {
    let follower = Follower { known: store.follow(), control, metrics, clock, last: Arc::default() };
    tokio::spawn(follower.run());
}

impl Follower {
    async fn run(mut self) {
        self.known.mark_changed();
        // It ends with the store.
        while self.known.changed().await.is_ok() {
            let known = Arc::clone(&self.known.borrow_and_update());
            let (live, now) = (self.control.live(), self.clock.now());
            enforce(&known, &live, &self.metrics, now);
            let streams = self.control.end_lost_streams(&live, now);
            self.tell(&known, streams);
            self.last = known;
        }
    }

    fn tell(&self, known: &KnownDenials, streams: usize) {
        let fresh = known.entries.keys().filter(|id| !self.last.entries.contains_key(*id)).count();
        let gone = self.last.entries.keys().filter(|id| !known.entries.contains_key(*id)).count();
        if fresh + gone + streams > 0 {
            tracing::info!(fresh, gone, entries = known.entries.len(), streams, "the denials have changed");
        }
        for id in known.not_understood().filter(|id| !self.last.entries.contains_key(*id)) {
            tracing::warn!(
                id,
                "this version does not understand a denial: it is kept, and not enforced here"
            );
        }
        if known.went_back && !self.last.went_back {
            tracing::error!(
                known = self.last.entries.len(),
                "denials are gone from the store although nobody lifted them; those that were known stay in force"
            );
        }
    }
}

#[cfg(test)]
mod tests;

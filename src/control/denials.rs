//! Denials: what a change of API keys denies, what an operator denies and lifts, and how denials come into force, whoever wrote
//! them: as soon as they are heard of, with the end of the streams of those whom they name.

mod without_gateway;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config::{ApiKey, Feature, Snapshot};
use crate::model::{DenialKind, DenialSet, Denied, Instant, ResourceKind, Until};
use crate::routing::named_by;
use crate::store::{AskedDenials, Change, Denial, DenialEntry, ListedDenials, ToldDenials};

use super::edit::{Edit, EditError};
use super::enforcer::Enforcer;
use super::handle::{Control, Order};

/// How long an answer waits for the line of the audit log: a change of the configuration may be under way.
const NOTED: Duration = Duration::from_secs(1);
/// How often denials that have ended are dropped. They deny nothing from their end on.
const SWEEP: Duration = Duration::from_secs(60);

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
        denied: Denied::api_key(id, key.expires_at().map_or(Until::Never, |end| Until::At(instant(end)))),
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

impl Enforcer {
    /// Puts the denials of the store into force, now and after each change of them, and drops those that have ended.
    pub(super) fn follow(self, control: Control) {
        self.store().begin();
        tokio::spawn(self.run(control));
    }

    async fn run(self, control: Control) {
        let mut changes = self.store().follow();
        changes.mark_changed();
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Arc::default();
        loop {
            tokio::select! {
                changed = changes.changed() => {
                    // It ends with the store.
                    if changed.is_err() {
                        return;
                    }
                    changes.mark_unchanged();
                    last = self.take_up(&control, &last);
                }
                _ = sweep.tick() => {
                    let live = control.live();
                    if self.is_due(&live) {
                        self.enforce(&live);
                    }
                }
            }
        }
    }

    fn take_up(&self, control: &Control, last: &ToldDenials) -> Arc<ToldDenials> {
        let live = control.live();
        let told = self.enforce(&live);
        let streams = control.end_lost_streams(&live, self.now());
        if told.entries != last.entries || streams > 0 {
            let (entries, before) = (told.entries, last.entries);
            tracing::info!(entries, before, streams, "the denials have changed");
        }
        for id in told.not_understood.iter().filter(|id| !last.not_understood.contains(id)) {
            tracing::warn!(
                id,
                "this version does not understand a denial: it is kept, and not enforced here"
            );
        }
        if told.went_back && !last.went_back {
            tracing::error!(
                known = told.entries,
                "denials are gone from the store although nobody lifted them; those that were known stay in force"
            );
        }
        told
    }
}

impl Control {
    /// Denies. When this returns, it is durable and in force here.
    ///
    /// # Errors
    /// [`EditError`]; only where the outcome is unknown may it have been added.
    pub async fn deny(&self, denial: Denial, force: bool) -> Result<Arc<DenialEntry>, EditError> {
        let enforcer = self.enforcer()?;
        if denial.denied.kind != DenialKind::ApiKey && !force && self.fleet.is_shared() {
            let members = self.fleet.without(&[Feature::Denials].into());
            if !members.is_empty() {
                return Err(EditError::NotUnderstood { members });
            }
        }
        let (who, what) =
            (denial.actor.clone(), what("denied", &denial.id(), &denial.denied, &denial.reason));
        let entry = enforcer.store().add(denial).await?;
        self.is_changed(enforcer, who, what).await;
        Ok(entry)
    }

    /// Lifts the denial of this id, if it has this text; whether it did.
    ///
    /// # Errors
    /// [`EditError`].
    pub async fn lift(&self, id: &str, entry: &DenialEntry, who: String) -> Result<bool, EditError> {
        let enforcer = self.enforcer()?;
        let lifted = enforcer.store().lift(id, &entry.text).await?;
        if lifted {
            self.is_changed(enforcer, who, lifted_in_words(id, entry)).await;
        }
        Ok(lifted)
    }

    /// The denial of this id.
    ///
    /// # Errors
    /// [`EditError`], when it cannot be read.
    pub async fn denial(&self, id: &str) -> Result<Option<Arc<DenialEntry>>, EditError> {
        match &self.denials {
            Some(enforcer) => Ok(enforcer.store().find(id).await?),
            None => Ok(None),
        }
    }

    /// Denials, in the order of their ids.
    ///
    /// # Errors
    /// [`EditError`], when they cannot be read.
    pub async fn denials(&self, asked: AskedDenials) -> Result<ListedDenials, EditError> {
        match &self.denials {
            Some(enforcer) => Ok(enforcer.store().list(asked).await?),
            None => Ok(ListedDenials::default()),
        }
    }

    /// How many running streams a denial would end.
    #[must_use]
    pub fn streams_of(&self, denied: &Denied, now: Instant) -> usize {
        let set: DenialSet = [denied.clone()].into_iter().collect();
        self.running.count(|stream| named_by(&set, &stream.facts.right, now).is_some())
    }

    /// Whether denials can be kept.
    ///
    /// # Errors
    /// Why not.
    fn enforcer(&self) -> Result<&Enforcer, EditError> {
        self.denials.as_ref().ok_or_else(|| EditError::ReadOnly(NO_PLACE.to_owned()))
    }

    /// Fails when denials cannot be kept.
    ///
    /// # Errors
    /// Why not.
    pub fn can_deny(&self) -> Result<(), EditError> {
        self.enforcer().map(drop)
    }

    async fn is_changed(&self, enforcer: &Enforcer, who: String, what: String) {
        let live = self.live();
        enforcer.enforce(&live);
        let streams = self.end_lost_streams(&live, enforcer.now());
        tracing::info!(who, what, streams, "the denials were changed");
        // It is written down before it is acknowledged; a gateway that is busy, or a log that fails, holds up nobody for long.
        let (written, is_written) = oneshot::channel();
        let note = async {
            let _noted = self.orders.send(Order::NoteDone { who, what, written: Some(written) }).await;
            let _written = is_written.await;
        };
        let _in_time = timeout(NOTED, note).await;
    }
}

/// Whether lifting this would give an API key back, which is revoked for good when it is denied.
#[must_use]
pub fn gives_back(denied: &Denied, live: &Snapshot, now: Instant) -> bool {
    let key = live.api_keys.get(&denied.value).filter(|_| denied.kind == DenialKind::ApiKey);
    key.is_some_and(|key| !is_revoked(key, now))
}

/// Why such a denial is not lifted.
pub const GIVES_BACK: &str = "an API key that was denied is revoked for good, and only the denial says so of this one: make a \
                              new key, and remove this one first";

/// Why nothing can be denied by an entry.
pub const NO_PLACE: &str =
    "denials need a place that outlives the gateway: set `store`, or `server.state_dir`";

/// What happened, for the audit log.
fn what(verb: &str, id: &str, denied: &Denied, reason: &str) -> String {
    let Denied { kind, issuer, value, .. } = denied;
    let of = issuer.as_deref().map(|issuer| format!(" of {issuer}")).unwrap_or_default();
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{verb} {kind} {value}{of} (denials/{id}){because}")
}

/// That a denial was lifted, for the audit log.
fn lifted_in_words(id: &str, entry: &DenialEntry) -> String {
    match &entry.denies {
        Some(denied) => what("lifted", id, denied, ""),
        None => format!("lifted denials/{id}"),
    }
}

#[cfg(test)]
mod tests;

//! The records of a change: a revision of an edit by hand, and a line of the audit log.

use crate::config::Snapshot;
use crate::store::{Change, Commit, LastCommit};

use super::audit_log::AuditLog;
use super::reconciler::Reconciler;
use super::status::Outcome;
use super::{audit, by_hand};

impl Reconciler {
    /// Adds a revision for edits by hand. A failure does not undo the edits.
    pub(super) async fn note(&mut self, commit: Commit) -> Option<u64> {
        if commit.changes.is_empty() || !self.takes_edits_by_hand() {
            return None;
        }
        let kept = self.stores.resources.note(commit).await;
        let number = kept
            .inspect_err(|error| tracing::warn!(%error, "an edit by hand has no number in the history"))
            .ok()
            .flatten()?;
        self.head = number;
        Some(number)
    }

    /// Adds a revision for edits made while no gateway ran.
    pub(super) async fn note_meanwhile(&mut self, live: &Snapshot) {
        if !self.takes_edits_by_hand() {
            return;
        }
        let said = self.stores.resources.latest(None).await.unwrap_or_default();
        let changes = by_hand::meanwhile(&said, &live.sources);
        let commit = by_hand::commit(changes, self.clock.now().timestamp(), " while the gateway did not run");
        if self.note(commit).await.is_some() {
            self.looked(Outcome::Unchanged).await;
        }
    }

    /// The last commit of a shared store, when that is where these changes are from.
    pub(super) fn commit_of_others(&self, changes: &[Change]) -> Option<LastCommit> {
        let resources = &self.stores.resources;
        resources.last_commit().filter(|_| !resources.edits_by_hand() && !changes.is_empty())
    }

    fn takes_edits_by_hand(&self) -> bool {
        self.stores.resources.edits_by_hand() && self.stores.resources.describe().is_writable()
    }

    /// Logs the difference between `before` and the live configuration.
    pub(super) async fn audit(&self, before: &Snapshot, who: &str, what: &str, number: Option<u64>) {
        let live = self.live.get();
        tracing::info!(
            who,
            what,
            revision = number,
            live = live.revision.short(),
            "the configuration was changed"
        );
        self.write_down(before, who, what, number).await;
    }

    /// Writes down what was done that is no change of the configuration.
    pub(super) async fn write_note(&self, who: &str, what: &str) {
        let at = self.clock.now().timestamp();
        write_note(self.stores.notes(), &self.live.get(), (at, who, what)).await;
    }

    /// Appends a line to the audit log: author, summary, and the changes since `before`.
    pub(super) async fn write_down(&self, before: &Snapshot, who: &str, what: &str, number: Option<u64>) {
        let live = self.live.get();
        let Some(log) = &self.stores.audit else { return };
        let entry =
            audit::Entry { at: self.clock.now().timestamp(), who, what, number, live: &live.revision };
        append(&**log, audit::line(&entry, &before.sources, &live.sources)).await;
    }
}

/// Writes down what somebody did at a time, which changed nothing of the configuration.
pub(super) async fn write_note(
    log: Option<&dyn AuditLog>,
    live: &Snapshot,
    (at, who, what): (jiff::Timestamp, &str, &str),
) {
    let Some(log) = log else { return };
    let entry = audit::Entry { at, who, what, number: None, live: &live.revision };
    append(log, audit::line(&entry, &[], &[])).await;
}

async fn append(log: &dyn AuditLog, line: serde_json::Result<Vec<u8>>) {
    let logged = match line {
        Ok(line) => log.append(line).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = logged {
        tracing::error!(%error, "the audit log could not be written");
    }
}

#[cfg(test)]
mod tests;

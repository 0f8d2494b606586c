//! A commit: sent once, at the head that it was made for. It takes place whole or not at all, and which of the two is found
//! out also when the response is lost (see `settle`).

use std::collections::BTreeSet;
use std::time::Duration;

use etcd_client::{ResponseHeader, TxnResponse};
use tokio::time::{Instant, timeout};

use super::denials::Addition;
use super::draft::Draft;
use super::fault::Fault;
use super::generation::Generations;
use super::look::Looks;
use super::settle::Outcome;
use super::standing::Held;
use crate::store::{Change, Commit, StoreState, WriteError};

/// How long a response to a commit may take. What comes before and after it in the same request takes three seconds, and
/// a client has its answer within five.
const SENT: Duration = Duration::from_millis(1500);
/// How long a commit waits for what it removes besides, which nobody misses.
const SWEPT: Duration = Duration::from_millis(500);

impl Looks {
    /// Carries out a commit, and gives the number of its revision. `after` is the head that it was validated with; what
    /// it carries for denials takes place with it.
    pub(super) async fn commit(
        &self,
        after: Option<u64>,
        commit: Commit,
        addition: Option<Addition>,
    ) -> Result<u64, WriteError> {
        let began = Instant::now();
        self.may_write()?;
        let held = self.standing.held();
        if after.is_some_and(|after| after != held.revision()) {
            return Err(WriteError::Moved { head: held.revision() });
        }
        check(&held, &commit.changes)?;
        if commit.changes.is_empty() {
            return Ok(held.revision());
        }
        let draft = self.draft(held, commit, addition).await;
        if draft.size.is_too_large() {
            return Err(WriteError::TooLarge(draft.size));
        }
        let at = self.send(&draft).await?;
        let (from, number) = (draft.from(), draft.head.revision);
        let puts =
            draft.puts.into_iter().map(|(name, entry)| (name, entry.map(|entry| entry.changed_at(at))));
        let _moved = self.standing.advance(from, puts.collect(), draft.head, at, true);
        self.observer.committed(began.elapsed());
        self.sweep().await;
        Ok(number)
    }

    /// Removes what interrupted imports left behind. The commit has been made, whatever becomes of this.
    async fn sweep(&self) {
        let generations = Generations { link: &self.link, keys: &self.keys };
        if let Ok(Err(fault)) = timeout(SWEPT, generations.sweep(jiff::Timestamp::now())).await {
            tracing::debug!(%fault, "what earlier imports left behind stays");
        }
    }

    /// Fails in a state in which nothing may be written.
    pub(super) fn may_write(&self) -> Result<(), WriteError> {
        let (state, why) = self.standing.held().state();
        if let Some(state) = state.divergence() {
            return Err(WriteError::NeedsPerson { state, why: why.unwrap_or_default() });
        }
        if state == StoreState::Torn { Err(WriteError::Torn) } else { Ok(()) }
    }

    /// Sends a commit, and gives etcd's revision of it.
    async fn send(&self, draft: &Draft) -> Result<i64, WriteError> {
        // Nothing is sent while there is no connection.
        self.link.connection().await.map_err(|fault| self.refused(&fault))?;
        let txn = draft.txn.clone();
        let response = self.link.call_within(SENT, |mut kv| async move { kv.txn(txn).await }).await;
        match response {
            Ok(response) if response.succeeded() => Ok(revision(&response)),
            Ok(_) => Err(self.moved(draft)),
            Err(fault) if fault.may_have_taken_place() => match self.settle(draft).await {
                Outcome::Made(at) => Ok(at),
                Outcome::NotMade => Err(self.moved(draft)),
                Outcome::Unknown => {
                    tracing::warn!(commit = draft.head.commit, %fault, "nobody knows what became of a commit");
                    Err(WriteError::OutcomeUnknown { commit: draft.head.commit.clone() })
                }
            },
            Err(fault) if fault.is_too_large() => {
                tracing::warn!(%fault, "etcd takes less at once than it does by default");
                Err(WriteError::TooLarge(draft.size))
            }
            // etcd says so of the last commit that it does take, too.
            Err(fault @ Fault::NoSpace) => match self.recorded(draft).await {
                Some(at) => Ok(at),
                None => Err(self.refused(&fault)),
            },
            Err(fault) => Err(self.refused(&fault)),
        }
    }

    /// Somebody else's commit came first.
    fn moved(&self, draft: &Draft) -> WriteError {
        self.observer.conflicted();
        WriteError::Moved { head: draft.head.revision }
    }
}

/// Fails unless each change starts from the text that is held.
fn check(held: &Held, changes: &[Change]) -> Result<(), WriteError> {
    let mut named = BTreeSet::new();
    for change in changes {
        let now = held.content.get(&change.id.to_string()).map(|entry| &*entry.text);
        if !named.insert(&change.id) || now != change.from.as_deref() {
            return Err(WriteError::Conflict(change.id.clone()));
        }
    }
    Ok(())
}

fn revision(response: &TxnResponse) -> i64 {
    response.header().map_or(0, ResponseHeader::revision)
}

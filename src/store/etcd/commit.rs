//! A commit as one transaction: it takes place whole, at the head that it was made for, or not at all.

use std::collections::BTreeSet;

use etcd_client::{Compare, CompareOp, Txn, TxnOp, TxnResponse};

use super::content::{Entry, Put};
use super::fault::Fault;
use super::head::Head;
use super::judge::KEPT;
use super::look::{FORMAT, Looks};
use super::record::StoredRecord;
use super::standing::Held;
use crate::store::leisure::blocking;
use crate::store::{Change, Commit, WriteError};

/// A commit that is ready to be sent.
struct Draft {
    from: u64,
    head: Head,
    puts: Vec<Put>,
    txn: Txn,
}

impl Looks {
    /// Carries out a commit, and gives the number of its revision.
    pub(super) async fn commit(&self, commit: Commit) -> Result<u64, WriteError> {
        let began = tokio::time::Instant::now();
        let held = self.standing.held();
        check(&held, &commit.changes)?;
        if commit.changes.is_empty() {
            return Ok(held.revision());
        }
        let Draft { from, head, puts, txn } = self.draft(held, commit).await;
        let number = head.revision;
        let answer = self.link.call(|mut kv| async move { kv.txn(txn).await }).await;
        let answer = answer.map_err(|fault| self.failed(&fault))?;
        if !answer.succeeded() {
            self.observer.conflicted();
            return Err(WriteError::Moved { head: number });
        }
        let at = revision(&answer);
        let puts = puts.into_iter().map(|(name, entry)| (name, entry.map(|entry| entry.changed_at(at))));
        let _moved = self.standing.advance(from, puts.collect(), head, at, true);
        self.observer.committed(began.elapsed());
        Ok(number)
    }

    async fn draft(&self, held: Held, commit: Commit) -> Draft {
        let from = held.revision();
        let number = from.saturating_add(1);
        let id = format!("{:032x}", rand::random::<u128>());
        let record = StoredRecord::new(number, &commit, &id, &self.link.options().masked);
        let put = |change: &Change| {
            let entry = change.to.as_deref().map(|text| Entry::new(text, 0));
            (change.id.to_string(), entry)
        };
        let puts: Vec<Put> = commit.changes.iter().map(put).collect();
        let content = std::sync::Arc::clone(&held.content);
        let (puts, sha256) = blocking(move || {
            let hash = content.hash_after(&puts);
            (puts, hash)
        })
        .await;
        let before = held.head.as_ref();
        let head = Head {
            store_id: before.map_or_else(new_id, |head| head.store_id.clone()),
            revision: number,
            generation: before.map_or(1, |head| head.generation),
            sha256,
            at: commit.at,
            who: commit.who,
            commit: id,
            resumed: before.and_then(|head| head.resumed),
        };
        let txn = self.txn(&held, &head, &puts, &record);
        Draft { from, head, puts, txn }
    }

    fn txn(&self, held: &Held, head: &Head, puts: &[Put], record: &StoredRecord) -> Txn {
        let key = |name: &str| self.keys.entry(head.generation, name);
        let same = |name: &String| {
            let changed = held.content.get(name).map_or(0, |entry| entry.changed);
            Compare::mod_revision(key(name), CompareOp::Equal, changed)
        };
        let mut compares = vec![Compare::mod_revision(self.keys.head(), CompareOp::Equal, held.head_changed)];
        compares.extend(puts.iter().map(|(name, _)| same(name)));
        let mut operations: Vec<TxnOp> = puts
            .iter()
            .map(|(name, entry)| match entry {
                Some(entry) => TxnOp::put(key(name), entry.text.as_bytes(), None),
                None => TxnOp::delete(key(name), None),
            })
            .collect();
        operations.push(TxnOp::put(self.keys.record(head.revision), record.to_json(), None));
        operations.push(TxnOp::put(self.keys.head(), head.to_json(), None));
        if held.head.is_none() {
            operations.push(TxnOp::put(self.keys.format(), FORMAT, None));
        }
        if let Some(old) = head.revision.checked_sub(KEPT).filter(|old| *old > 0) {
            operations.push(TxnOp::delete(self.keys.record(old), None));
        }
        Txn::new().when(compares).and_then(operations)
    }

    fn failed(&self, fault: &Fault) -> WriteError {
        let place = || format!("etcd:{}", self.keys.prefix()).into();
        let why = fault.to_string();
        match fault {
            Fault::NoSpace => WriteError::Failed { path: place(), why, full: true },
            Fault::Denied(_) | Fault::Unauthenticated(_) => WriteError::ReadOnly(why),
            Fault::Unreachable { .. } | Fault::NoLeader(_) | Fault::TimedOut(_) | Fault::OwnFile(_) => {
                WriteError::Unavailable(why)
            }
            Fault::Compacted(_) | Fault::TooLarge(_) | Fault::Other(_) => {
                WriteError::Failed { path: place(), why, full: false }
            }
        }
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

/// An id that no other store has.
fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn revision(answer: &TxnResponse) -> i64 {
    answer.header().map_or(0, etcd_client::ResponseHeader::revision)
}

//! A commit as one transaction: what it compares, what it writes, and how large that is.

use std::sync::Arc;

use etcd_client::{Compare, CompareOp, Txn, TxnOp};

use super::content::{Entry, Put};
use super::denials::Addition;
use super::generation::all_below;
use super::head::Head;
use super::judge::KEPT;
use super::look::{FORMAT, Looks};
use super::record::StoredRecord;
use super::standing::Held;
use crate::store::leisure::blocking;
use crate::store::{Change, Commit, CommitSize};

/// Bytes of a request beside keys and texts, for each of its parts: tags and lengths of Protocol Buffers.
const FRAME: usize = 24;

/// A commit that is ready to be sent.
pub(super) struct Draft {
    /// The head that it follows; `None` for the first commit.
    pub(super) before: Option<Head>,
    /// etcd's revision of the last change of that.
    pub(super) before_changed: i64,
    /// The head after it.
    pub(super) head: Head,
    /// The resources that it changes.
    pub(super) puts: Vec<Put>,
    /// The transaction. It takes place only once: it makes the head another one.
    pub(super) txn: Txn,
    /// How large it is.
    pub(super) size: CommitSize,
}

impl Draft {
    /// The number of the revision that it follows.
    pub(super) fn from(&self) -> u64 {
        self.before.as_ref().map_or(0, |head| head.revision)
    }
}

impl Looks {
    /// The transaction for a commit that follows what is held.
    pub(super) async fn draft(&self, held: Held, commit: Commit, addition: Option<Addition>) -> Draft {
        let number = held.revision().saturating_add(1);
        let id = new_id();
        let record = StoredRecord::new(number, &commit, &id, &self.link.options().masked);
        let put = |change: &Change| {
            let entry = change.to.as_deref().map(|text| Entry::new(text, 0));
            (change.id.to_string(), entry)
        };
        let puts: Vec<Put> = commit.changes.iter().map(put).collect();
        let content = Arc::clone(&held.content);
        let (puts, sha256) = blocking(move || {
            let hash = content.hash_after(&puts);
            (puts, hash)
        })
        .await;
        let resources = commit.changes.len();
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
        let (txn, bytes) = self.transaction(&held, &head, &puts, &record, addition);
        let size = CommitSize::new(resources, bytes);
        let (before, before_changed) = (held.head, held.head_changed);
        Draft { before, before_changed, head, puts, txn, size }
    }

    fn transaction(
        &self,
        held: &Held,
        head: &Head,
        puts: &[Put],
        record: &StoredRecord,
        addition: Option<Addition>,
    ) -> (Txn, usize) {
        let mut parts = Parts::default();
        if let Some(Addition { head: (key, changed), puts, deletes }) = addition {
            parts.is(key, changed);
            puts.into_iter().for_each(|(key, value)| parts.put(key, value.as_bytes()));
            deletes.into_iter().for_each(|key| parts.delete(key));
        }
        parts.is(self.keys.head(), held.head_changed);
        for (name, entry) in puts {
            let key = self.keys.entry(head.generation, name);
            parts.is(key.clone(), held.content.get(name).map_or(0, |entry| entry.changed));
            match entry {
                Some(entry) => parts.put(key, entry.text.as_bytes()),
                None => parts.delete(key),
            }
        }
        parts.put(self.keys.record(head.revision), record.to_json().as_bytes());
        parts.put(self.keys.head(), head.to_json().as_bytes());
        if held.head.is_none() {
            parts.put(self.keys.format(), FORMAT.as_bytes());
        }
        if let Some(old) = head.revision.checked_sub(KEPT).filter(|old| *old > 0) {
            parts.delete(self.keys.record(old));
            parts.delete_all(&self.keys.all_parts(old));
        }
        (Txn::new().when(parts.compares).and_then(parts.operations), parts.bytes)
    }
}

/// The parts of a transaction, and their size.
#[derive(Default)]
struct Parts {
    compares: Vec<Compare>,
    operations: Vec<TxnOp>,
    bytes: usize,
}

impl Parts {
    /// The key was last changed at this revision of etcd; 0 for one that is not there.
    fn is(&mut self, key: String, changed: i64) {
        self.bytes += key.len() + FRAME;
        self.compares.push(Compare::mod_revision(key, CompareOp::Equal, changed));
    }

    fn put(&mut self, key: String, value: &[u8]) {
        self.bytes += key.len() + value.len() + FRAME;
        self.operations.push(TxnOp::put(key, value, None));
    }

    fn delete_all(&mut self, folder: &str) {
        self.bytes += 2 * folder.len() + FRAME;
        self.operations.push(all_below(folder));
    }

    fn delete(&mut self, key: String) {
        self.bytes += key.len() + FRAME;
        self.operations.push(TxnOp::delete(key, None));
    }
}

/// An id that no other store and no other commit has.
pub(super) fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

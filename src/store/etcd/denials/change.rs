//! A denial that is no part of a change of resources: added or lifted by itself, with the head of the denials, and no
//! revision of the store.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Compare, CompareOp, Txn, TxnOp};
use tokio::time::timeout;

use super::Denials;
use super::addition::{Addition, SWEPT};
use crate::store::etcd::fault::Fault;
use crate::store::{
    Denial, DenialEntries, DenialEntry, DenialHead, KnownDenials, StoreError, WriteError, denials_hash,
};

/// How often a change is tried again after another member was quicker.
const TRIES: usize = 5;
/// How long one of them may take, with what it reads before.
const LIMIT: Duration = Duration::from_secs(3);

impl Denials {
    /// Adds a denial, and gives its entry.
    pub(super) async fn insert(&self, denial: &Denial) -> Result<Arc<DenialEntry>, WriteError> {
        self.within(async {
            for _ in 0..TRIES {
                if self.fresh(std::slice::from_ref(denial)).await?.is_empty() {
                    break;
                }
                let Addition { head: (key, changed), puts, deletes } = self.made(&[denial], SWEPT);
                let same = Compare::mod_revision(key, CompareOp::Equal, changed);
                let puts = puts.into_iter().map(|(key, value)| TxnOp::put(key, value, None));
                let deletes = deletes.into_iter().map(|key| TxnOp::delete(key, None));
                if self
                    .send(Txn::new().when([same]).and_then(puts.chain(deletes).collect::<Vec<_>>()))
                    .await?
                {
                    self.knows(denial);
                    break;
                }
            }
            let known = self.known();
            let entry = known.entries.get(denial.id().as_str());
            entry.map(Arc::clone).ok_or_else(quicker)
        })
        .await
    }

    /// Lifts the denial of this id, if it has this text; whether it did.
    pub(super) async fn remove(&self, id: &str, text: &str) -> Result<bool, WriteError> {
        self.within(async {
            for _ in 0..TRIES {
                // Afterwards what is known is what the store has.
                let _none = self.fresh(&[]).await?;
                let (known, changed) = (self.known(), self.taken().head_changed);
                if known.entries.get(id).is_none_or(|entry| *entry.text != *text) {
                    return Ok(false);
                }
                let mut entries = known.entries.clone();
                entries.remove(id);
                let head = DenialHead { n: known.head.n.saturating_add(1), sha256: denials_hash(&entries) };
                let keys = &self.looks.keys;
                let same = Compare::mod_revision(keys.deny_head(), CompareOp::Equal, changed);
                let head_text = serde_json::to_string(&head).unwrap_or_default();
                let change =
                    [TxnOp::delete(keys.denial(id), None), TxnOp::put(keys.deny_head(), head_text, None)];
                if self.send(Txn::new().when([same]).and_then(change)).await? {
                    self.forgets(id, head);
                    return Ok(true);
                }
            }
            Err(quicker())
        })
        .await
    }

    /// Reads all of them, where nobody has yet: a process that does not follow the store.
    pub(super) async fn read_once(&self) -> Result<(), StoreError> {
        if self.taken().head_changed != 0 {
            return Ok(());
        }
        let read = timeout(LIMIT, async { self.fresh(&[]).await.map(drop) }).await;
        let read = read.unwrap_or(Err(Fault::TimedOut(LIMIT)));
        // What is known is shown while the store is away.
        read.or_else(|fault| if self.known().entries.is_empty() { Err(fault) } else { Ok(()) })
            .map_err(|fault| StoreError::Unavailable(fault.to_string()))
    }

    async fn within<T>(&self, change: impl Future<Output = Result<T, Fault>>) -> Result<T, WriteError> {
        self.looks.may_write()?;
        let made = timeout(LIMIT, change).await.unwrap_or(Err(Fault::TimedOut(LIMIT)));
        made.map_err(|fault| self.looks.refused(&fault))
    }

    async fn send(&self, txn: Txn) -> Result<bool, Fault> {
        let answer = self.looks.link.call(|mut kv| async move { kv.txn(txn).await }).await?;
        Ok(answer.succeeded())
    }

    /// The store has this one now. Its head follows when the watch tells of it.
    fn knows(&self, denial: &Denial) {
        let _one_at_a_time = self.changing();
        let known = self.known();
        let mut entries: DenialEntries = known.entries.clone();
        entries.insert(denial.id().into(), Arc::new(DenialEntry::read(&denial.text())));
        self.publish(KnownDenials { entries, ..(*known).clone() });
    }

    /// The store has this one no more, under this head.
    fn forgets(&self, id: &str, head: DenialHead) {
        let _one_at_a_time = self.changing();
        let known = self.known();
        let mut entries = known.entries.clone();
        entries.remove(id);
        let head = if head.n > known.head.n { head } else { known.head.clone() };
        self.publish(KnownDenials { head, entries, went_back: known.went_back });
    }
}

fn quicker() -> Fault {
    Fault::Other("other members changed the denials at the same time, again and again".to_owned())
}

//! What becomes of the denials when a person has resumed the store, perhaps from an older backup: whatever revision counts
//! from now on, a denial that a member knows stays in force, and goes back into the store.

use std::sync::Arc;

use etcd_client::{Compare, CompareOp, Txn, TxnOp};

use super::Denials;
use super::read::FoundHead;
use crate::model::{Clock as _, SystemClock};
use crate::store::etcd::fault::Fault;
use crate::store::{DenialEntries, DenialHead, KnownDenials, denials_hash};

/// Denials in one transaction: etcd takes 128 operations.
const AT_ONCE: usize = 100;

impl Denials {
    /// Takes what the store holds since a person has resumed it, and gives it what it lost.
    pub(super) async fn resume(
        &self,
        found: FoundHead,
        mut entries: DenialEntries,
        resumed: Option<u64>,
    ) -> Result<(), Fault> {
        let (known, now) = (self.known(), SystemClock.now());
        let in_force = known.entries.iter().filter(|(_, entry)| !entry.until.has_passed(now));
        let lost: DenialEntries = in_force
            .filter(|(id, entry)| entries.get(*id) != Some(*entry))
            .map(|(id, e)| (id.clone(), Arc::clone(e)))
            .collect();
        let ((mut head, mut changed), lost) = (found, Vec::from_iter(lost));
        // Members that knew more must see that the head went on.
        head.n = head.n.max(known.head.n);
        for lost in lost.chunks(AT_ONCE) {
            entries.extend(lost.iter().cloned());
            head = DenialHead { n: head.n.saturating_add(1), sha256: denials_hash(&entries) };
            changed = self.give_back(lost, &head, changed).await?;
        }
        if !lost.is_empty() {
            tracing::warn!(
                denials = lost.len(),
                "the store was resumed without denials that are known here; it has them again"
            );
        }
        {
            let mut taken = self.taken();
            (taken.head_changed, taken.resumed) = (changed, resumed);
        }
        self.publish(KnownDenials { head, entries, went_back: false });
        Ok(())
    }

    /// Writes entries and a head, if that was last changed at `changed`; gives etcd's revision of it.
    async fn give_back(
        &self,
        lost: &[(Box<str>, Arc<crate::store::DenialEntry>)],
        head: &DenialHead,
        changed: i64,
    ) -> Result<i64, Fault> {
        let keys = &self.looks.keys;
        let mut puts: Vec<TxnOp> =
            lost.iter().map(|(id, entry)| TxnOp::put(keys.denial(id), entry.text.as_bytes(), None)).collect();
        puts.push(TxnOp::put(keys.deny_head(), serde_json::to_string(head).unwrap_or_default(), None));
        let same = Compare::mod_revision(keys.deny_head(), CompareOp::Equal, changed);
        let txn = Txn::new().when([same]).and_then(puts);
        let answer = self.looks.link.call(|mut kv| async move { kv.txn(txn).await }).await?;
        if !answer.succeeded() {
            return Err(Fault::Other("another member changed the denials at the same time".to_owned()));
        }
        Ok(answer.header().map_or(0, etcd_client::ResponseHeader::revision))
    }
}

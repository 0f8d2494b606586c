//! What became of a commit whose response was lost. It is never sent again: it may still be on its way.
//!
//! The record under its number decides. Where there is none yet, the head is written anew as it was: a commit on its way
//! was made for the head before that, and cannot take place any more.

use std::time::Duration;

use etcd_client::{Compare, CompareOp, Txn, TxnOp, TxnOpResponse};
use tokio::time::timeout;

use super::asking::gets;
use super::draft::Draft;
use super::fault::Fault;
use super::head::Head;
use super::look::Looks;
use super::record::StoredRecord;

/// How long finding out may take: what is left of the five seconds in which a client is answered.
const SETTLED: Duration = Duration::from_millis(1000);

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took place, at this revision of etcd.
    Made(i64),
    /// It did not, and never will.
    NotMade,
    /// Nobody could be asked, or it may still take place.
    Unknown,
}

impl Looks {
    /// Finds out what became of a commit that was sent.
    pub(super) async fn settle(&self, draft: &Draft) -> Outcome {
        timeout(SETTLED, self.fenced(draft)).await.map_or(Outcome::Unknown, |asked| {
            asked.unwrap_or_else(|fault| {
                tracing::warn!(%fault, "etcd cannot be asked what became of a commit");
                Outcome::Unknown
            })
        })
    }

    /// etcd's revision of a commit that is recorded. For a response that is the last word on it.
    pub(super) async fn recorded(&self, draft: &Draft) -> Option<i64> {
        let record = self.keys.record(draft.head.revision);
        let reading = self.get_all(vec![record], 0);
        let found = timeout(SETTLED, reading).await.ok()?.ok()?.into_iter().flatten().next();
        let (record, at) = found?;
        let record = StoredRecord::parse(&record).ok()?;
        (record.commit == draft.head.commit).then_some(at)
    }

    async fn fenced(&self, draft: &Draft) -> Result<Outcome, Fault> {
        let head = self.keys.head();
        let read = [TxnOp::get(self.keys.record(draft.head.revision), None), TxnOp::get(head.as_str(), None)];
        let txn = match &draft.before {
            Some(before) => Txn::new()
                .when([Compare::mod_revision(head.as_str(), CompareOp::Equal, draft.before_changed)])
                .and_then([TxnOp::put(head.as_str(), before.to_json(), None)])
                .or_else(read),
            // A store without a head has nothing to write anew.
            None => Txn::new().and_then(read),
        };
        let response = self.link.txn(txn).await?;
        let was_fenced = draft.before.is_some() && response.succeeded();
        Ok(if was_fenced { Outcome::NotMade } else { judged(draft, response.op_responses()) })
    }
}

/// What the record under the number of the commit, and the head, say of it.
fn judged(draft: &Draft, found: Vec<TxnOpResponse>) -> Outcome {
    let found = gets(found);
    let kv = |nth: usize| found.get(nth).and_then(|got| got.kvs().first());
    if let Some(kv) = kv(0) {
        let record = StoredRecord::parse(kv.value());
        let is_ours = record.is_ok_and(|record| record.commit == draft.head.commit);
        return if is_ours { Outcome::Made(kv.mod_revision()) } else { Outcome::NotMade };
    }
    let head = kv(1).and_then(|kv| Head::parse(kv.value()).ok());
    // The head was written anew, by this request when it was sent before, or by another member.
    let is_as_before = draft.before.is_some() && head == draft.before;
    if is_as_before { Outcome::NotMade } else { Outcome::Unknown }
}

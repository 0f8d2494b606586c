//! A new generation: the keys of a whole store, written beside the live ones and made live by one change of the head.
//!
//! What is not live has a marker, `idle/<n>`, which says since when. An interrupted writer leaves that behind, and a later
//! commit removes both.

use etcd_client::{Compare, CompareOp, DeleteOptions, GetOptions, Txn, TxnOp};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::fault::Fault;
use super::first_read;
use super::head::Head;
use super::keys::{Keys, end_of};
use super::link::Link;

/// The most operations of one batch: etcd takes 128 in a transaction.
const MOST_OPERATIONS: usize = 100;
/// The most bytes of one batch: etcd takes 1.5 MiB in a request.
const MOST_BYTES: usize = 1 << 20;
/// How long a generation may be idle: a writer that is still at work after an hour is none.
const IDLE: SignedDuration = SignedDuration::from_hours(1);

/// The value of the key `idle/<n>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    /// Since when the generation is not live.
    at: Timestamp,
    /// The revision whose record has parts of this generation.
    revision: u64,
}

/// The generations of a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Generations<'l> {
    pub(super) link: &'l Link,
    pub(super) keys: &'l Keys,
}

/// A generation that is being written, for a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NewGeneration {
    pub(super) generation: u64,
    pub(super) revision: u64,
}

impl Generations<'_> {
    /// A generation that nobody else writes, above the live one.
    pub(super) async fn begin(&self, revision: u64) -> Result<NewGeneration, Fault> {
        loop {
            let (live, changed) = self.live().await?;
            let above = self.idle().await?.iter().map(|(number, _)| *number).fold(live, u64::max);
            let generation = above.saturating_add(1);
            let key = self.keys.idle(generation);
            // With another head, it may be live by now.
            let is_free = [
                Compare::mod_revision(self.keys.head(), CompareOp::Equal, changed),
                Compare::create_revision(key.as_str(), CompareOp::Equal, 0),
            ];
            let folder = self.keys.generation(generation);
            let operations = [all_below(&folder), TxnOp::put(key, marker(revision), None)];
            let txn = Txn::new().when(is_free).and_then(operations);
            if self.link.call(|mut kv| async move { kv.txn(txn).await }).await?.succeeded() {
                return Ok(NewGeneration { generation, revision });
            }
        }
    }

    /// The generation that is live, and etcd's revision of the last change of the head; 0 where there is none.
    async fn live(&self) -> Result<(u64, i64), Fault> {
        let found = self.link.get(&self.keys.head(), None).await?;
        let Some(kv) = found.kvs().first() else { return Ok((0, 0)) };
        let head = Head::parse(kv.value()).map_err(Fault::Other)?;
        Ok((head.generation, kv.mod_revision()))
    }

    /// Writes all resources of a generation, and reads them back.
    ///
    /// # Errors
    /// Also when another one removed it in the meantime, or when it does not hold what was written.
    pub(super) async fn write(&self, draft: NewGeneration, content: &Content) -> Result<(), Fault> {
        let puts = content.iter().map(|(name, entry)| {
            let text = entry.text.as_bytes();
            (text.len(), TxnOp::put(self.keys.entry(draft.generation, name), text, None))
        });
        self.put_all(draft, puts).await?;
        let (_, at) = self.link.read([TxnOp::get(self.keys.idle(draft.generation), None)]).await?;
        let read = first_read::read(self.link, self.keys, draft.generation, at).await?;
        if read.hash() != content.hash() {
            return Err(Fault::Other("the new generation does not hold what was written to it".to_owned()));
        }
        Ok(())
    }

    /// Writes keys that are not live yet, in batches. A batch may be sent twice.
    pub(super) async fn put_all(
        &self,
        draft: NewGeneration,
        puts: impl Iterator<Item = (usize, TxnOp)>,
    ) -> Result<(), Fault> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for (size, put) in puts {
            if batch.len() == MOST_OPERATIONS || (bytes + size > MOST_BYTES && !batch.is_empty()) {
                self.put(draft, std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            bytes += size;
            batch.push(put);
        }
        if batch.is_empty() { Ok(()) } else { self.put(draft, batch).await }
    }

    async fn put(&self, draft: NewGeneration, batch: Vec<TxnOp>) -> Result<(), Fault> {
        let txn = Txn::new().when([self.is_idle(draft)]).and_then(batch);
        match self.link.txn(txn).await?.succeeded() {
            true => Ok(()),
            false => Err(Fault::Other(
                "the new generation was removed by somebody else, as one that nobody writes any more"
                    .to_owned(),
            )),
        }
    }

    /// Holds while nobody has removed a generation that is being written.
    pub(super) fn is_idle(&self, draft: NewGeneration) -> Compare {
        Compare::version(self.keys.idle(draft.generation), CompareOp::Greater, 0)
    }

    /// What makes a generation live and another one idle, beside the change of the head.
    pub(super) fn switch(&self, draft: NewGeneration, live: u64) -> [TxnOp; 2] {
        [
            TxnOp::delete(self.keys.idle(draft.generation), None),
            TxnOp::put(self.keys.idle(live), marker(0), None),
        ]
    }

    /// Removes a generation that is not live.
    pub(super) async fn remove(&self, generation: u64, revision: u64) -> Result<(), Fault> {
        let operations = [
            all_below(&self.keys.generation(generation)),
            all_below(&self.keys.parts(revision, generation)),
            TxnOp::delete(self.keys.idle(generation), None),
        ];
        let txn = Txn::new()
            .when([Compare::version(self.keys.idle(generation), CompareOp::Greater, 0)])
            .and_then(operations);
        self.link.txn(txn).await.map(drop)
    }

    /// Removes generations that have been idle for more than an hour.
    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), Fault> {
        for (generation, marker) in self.idle().await? {
            if marker.as_ref().is_none_or(|marker| now.duration_since(marker.at) > IDLE) {
                tracing::info!(generation, "removing what an interrupted import left behind");
                self.remove(generation, marker.map_or(0, |marker| marker.revision)).await?;
            }
        }
        Ok(())
    }

    /// The generations that are not live. A marker that cannot be read is none of this version.
    async fn idle(&self) -> Result<Vec<(u64, Option<Marker>)>, Fault> {
        let folder = self.keys.idle_folder();
        let found = self.link.below(&folder, GetOptions::new()).await?;
        let numbered = |kv: &etcd_client::KeyValue| {
            let number = std::str::from_utf8(kv.key()).ok()?.strip_prefix(&folder)?.parse().ok()?;
            Some((number, serde_json::from_slice(kv.value()).ok()))
        };
        Ok(found.iter().filter_map(numbered).collect())
    }
}

/// Removes all keys that begin with `folder`.
pub(super) fn all_below(folder: &str) -> TxnOp {
    TxnOp::delete(folder, Some(DeleteOptions::new().with_range(end_of(folder))))
}

fn marker(revision: u64) -> String {
    serde_json::to_string(&Marker { at: Timestamp::now(), revision }).unwrap_or_default()
}

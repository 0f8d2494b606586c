//! The parts of a record that is too large for one key: imports change ten thousand resources in one revision.

use etcd_client::TxnOp;

use super::fault::Fault;
use super::generation::{Generations, NewGeneration};
use super::look::Looks;
use super::record::{Parts, StoredChange, StoredRecord};

/// The most bytes of changes in one key: the head goes into the same request, and etcd takes 1.5 MiB.
const MOST_BYTES: usize = 512 << 10;

/// A record without the changes that are too many for it, and these.
pub(super) struct Divided {
    pub(super) record: StoredRecord,
    parts: Vec<String>,
}

impl Divided {
    /// Divides a record where it is too large.
    pub(super) fn new(mut record: StoredRecord, generation: u64) -> Self {
        let sizes: Vec<usize> = record.changes.iter().map(size).collect();
        if sizes.iter().sum::<usize>() <= MOST_BYTES {
            return Self { record, parts: Vec::new() };
        }
        let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (change, size) in std::mem::take(&mut record.changes).into_iter().zip(sizes) {
            if bytes + size > MOST_BYTES && !part.is_empty() {
                parts.push(json(&std::mem::take(&mut part)));
                bytes = 0;
            }
            bytes += size;
            part.push(change);
        }
        parts.push(json(&part));
        record.parts = Some(Parts { generation, count: parts.len() });
        Self { record, parts }
    }

    /// Writes the parts. The record itself is for the caller.
    pub(super) async fn write_parts(
        &self,
        generations: Generations<'_>,
        draft: NewGeneration,
    ) -> Result<(), Fault> {
        let keys = generations.keys;
        let puts = self.parts.iter().enumerate().map(|(at, part)| {
            let key = keys.part(self.record.number, draft.generation, at);
            (part.len(), TxnOp::put(key, part.as_str(), None))
        });
        generations.put_all(draft, puts).await
    }
}

fn size(change: &StoredChange) -> usize {
    serde_json::to_string(change).map_or(0, |text| text.len())
}

fn json(part: &Vec<StoredChange>) -> String {
    serde_json::to_string(part).unwrap_or_default()
}

impl Looks {
    /// A record with the changes that stand in parts; `None` when one of them is missing or damaged.
    pub(super) async fn joined(&self, mut record: StoredRecord) -> Result<Option<StoredRecord>, Fault> {
        let Some(Parts { generation, count }) = record.parts.take() else { return Ok(Some(record)) };
        for at in 0..count {
            let key = self.keys.part(record.number, generation, at);
            let part = self.get_all(vec![key], 0).await?.into_iter().flatten().next();
            let part = part.and_then(|(part, _)| serde_json::from_slice::<Vec<StoredChange>>(&part).ok());
            let Some(changes) = part else {
                tracing::warn!(
                    revision = record.number,
                    "a revision is left out of the history: a part of it is missing"
                );
                return Ok(None);
            };
            record.changes.extend(changes);
        }
        Ok(Some(record))
    }
}

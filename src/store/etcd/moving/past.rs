//! The history of another store, which takes the place of the one that is there.

use std::collections::BTreeSet;

use etcd_client::{GetOptions, TxnOp};

use super::EtcdMoving;
use crate::store::Record;
use crate::store::etcd::draft::new_id;
use crate::store::etcd::fault::Fault;
use crate::store::etcd::generation::{NewGeneration, all_below};
use crate::store::etcd::parts::Divided;
use crate::store::etcd::record::StoredRecord;

impl EtcdMoving {
    /// Replaces the history before revision `number`.
    pub(super) async fn replace_past(&self, number: u64, records: &[Record]) -> Result<(), Fault> {
        let generations = self.generations();
        let keys = &self.looks.keys;
        // Batches are written under a marker, which ends with the last of them.
        let draft = generations.begin(number).await?;
        for record in records.iter().filter(|record| record.number < number) {
            self.put_record(draft, record).await?;
        }
        let stays: BTreeSet<u64> = records.iter().map(|record| record.number).chain([number]).collect();
        let gone = self.record_numbers().await?.into_iter().filter(|n| *n < number && !stays.contains(n));
        let gone = gone.flat_map(|gone| {
            [(0, TxnOp::delete(keys.record(gone), None)), (0, all_below(&keys.all_parts(gone)))]
        });
        generations.put_all(draft, gone).await?;
        generations.remove(draft.generation, 0).await
    }

    async fn put_record(&self, draft: NewGeneration, record: &Record) -> Result<(), Fault> {
        let masked = &self.looks.link.options().masked;
        let stored = StoredRecord::new(record.number, &record.commit, &new_id(), masked);
        let divided = Divided::new(stored, draft.generation);
        divided.write_parts(self.generations(), draft).await?;
        let json = divided.record.to_json();
        let put = TxnOp::put(self.looks.keys.record(record.number), json.as_str(), None);
        self.generations().put_all(draft, std::iter::once((json.len(), put))).await
    }

    /// The numbers of all records.
    async fn record_numbers(&self) -> Result<Vec<u64>, Fault> {
        let folder = self.looks.keys.records();
        let found = self.looks.link.below(&folder, GetOptions::new().with_keys_only()).await?;
        let number = |kv: &etcd_client::KeyValue| {
            std::str::from_utf8(kv.key()).ok()?.strip_prefix(&folder)?.parse().ok()
        };
        Ok(found.iter().filter_map(number).collect())
    }
}

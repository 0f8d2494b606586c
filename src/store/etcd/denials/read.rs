//! Reads the denials: their head alone, or all of them as they were at one revision of etcd.

use std::sync::Arc;

use etcd_client::{KeyValue, TxnOp};

use super::Denials;
use crate::model::{Clock as _, SystemClock};
use crate::store::etcd::asking::Pages;
use crate::store::etcd::fault::Fault;
use crate::store::etcd::head::Head;
use crate::store::{DenialEntries, DenialEntry, DenialHead, KnownDenials, denials_hash};

/// Entries in one page: a few hundred bytes each.
const PAGE: i64 = 1000;

/// The head of the denials, and etcd's revision of its last change; 0 without one.
pub(super) type FoundHead = (DenialHead, i64);

impl Denials {
    /// The head of the denials, as the majority of etcd has it.
    pub(super) async fn head(&self) -> Result<FoundHead, Fault> {
        let got = self.looks.link.get(&self.looks.keys.deny_head(), None).await?;
        head_of(got.kvs().first())
    }

    /// Takes a head whose change is known by its entries: the hash proves it. Returns whether it did.
    pub(super) fn confirm(&self, (head, changed): FoundHead) -> bool {
        let known = self.known();
        if known.went_back || head.n < known.head.n || head.sha256 != denials_hash(&known.entries) {
            return false;
        }
        self.taken().head_changed = changed;
        self.publish(KnownDenials { head, ..(*known).clone() });
        true
    }

    /// Reads all of them, and takes what may be believed. Returns etcd's revision of the read; `None` in a state in which
    /// nothing is taken from the store.
    pub(super) async fn whole(&self) -> Result<Option<i64>, Fault> {
        let keys = &self.looks.keys;
        let reads = [TxnOp::get(keys.head(), None), TxnOp::get(keys.deny_head(), None)];
        let ([head, deny_head], at) = self.looks.link.read(reads).await?;
        let head = head.kvs().first().map(|kv| Head::parse(kv.value())).transpose().map_err(Fault::Other)?;
        let held = self.looks.standing.held();
        let id = |head: &Option<Head>| head.as_ref().map(|head| head.store_id.clone());
        if held.head_state().needs_a_person() || id(&head) != id(&held.head) {
            return Ok(None);
        }
        let found = head_of(deny_head.kvs().first())?;
        let entries = self.entries(at).await?;
        let resumed = head.and_then(|head| head.resumed);
        if resumed > self.taken().resumed {
            self.resume(found, entries, resumed).await?;
        } else {
            let known = self.known().after(found.0, entries, SystemClock.now());
            self.taken().head_changed = found.1;
            self.publish(known);
        }
        Ok(Some(at))
    }

    async fn entries(&self, at: i64) -> Result<DenialEntries, Fault> {
        let mut entries = DenialEntries::new();
        let pages = Pages { at, size: PAGE, only_keys: false };
        self.looks.link.pages(&self.looks.keys.denials(), pages, |kv| entries.extend(self.entry(kv))).await?;
        Ok(entries)
    }

    /// An entry under its id.
    pub(super) fn entry(&self, kv: &KeyValue) -> Option<(Box<str>, Arc<DenialEntry>)> {
        let id = self.looks.keys.denial_of(kv.key())?;
        Some((id.into(), Arc::new(DenialEntry::read(&String::from_utf8_lossy(kv.value())))))
    }
}

fn head_of(kv: Option<&KeyValue>) -> Result<FoundHead, Fault> {
    let Some(kv) = kv else { return Ok((DenialHead::default(), 0)) };
    let head = serde_json::from_slice(kv.value()).map_err(|error| {
        Fault::Other(format!("the head of the denials is not one of this version: {error}"))
    })?;
    Ok((head, kv.mod_revision()))
}

//! The last revisions, from their records.

use std::collections::BTreeSet;

use super::fault::Fault;
use super::judge::KEPT;
use super::look::Looks;
use super::record::StoredRecord;
use crate::model::ResourceId;
use crate::store::{Latest, Query, Record};

/// Records of one read.
const PAGE: u64 = 50;
/// As many, where somebody looks for the last one that fits.
const SMALL_PAGE: usize = 50;

impl Looks {
    /// The revisions that fit the query, newest first. A record that cannot be read only hides its own revision.
    pub(super) async fn history(&self, query: &Query) -> Result<Vec<Record>, Fault> {
        let head = self.standing.held().revision();
        let last = query.before.map_or(head, |before| head.min(before.saturating_sub(1)));
        let oldest = head.saturating_sub(KEPT).saturating_add(1);
        let mut records = Vec::new();
        let mut next = last;
        while next >= oldest && next > 0 && records.len() < query.limit {
            let from = next.saturating_sub(PAGE - 1).max(oldest);
            for record in self.records(from, next).await?.into_iter().rev() {
                let fits = |record: &Record| {
                    query.only.as_ref().is_none_or(|id| record.commit.changes.iter().any(|c| c.id == *id))
                };
                if records.len() < query.limit && fits(&record) {
                    records.push(record);
                }
            }
            next = from.saturating_sub(1);
        }
        Ok(records)
    }

    /// The revision that the commit of this id made. The newest are looked at first: whoever asks made it just now.
    pub(super) async fn committed(&self, id: &str) -> Result<Option<Record>, Fault> {
        let mut next = self.standing.held().revision();
        let oldest = next.saturating_sub(KEPT).saturating_add(1);
        while next >= oldest && next > 0 {
            let from = next.saturating_sub(PAGE - 1).max(oldest);
            let found = self.records(from, next).await?;
            if let Some(record) = found.into_iter().find(|record| record.id.as_deref() == Some(id)) {
                return Ok(Some(record));
            }
            next = from.saturating_sub(1);
        }
        Ok(None)
    }

    /// The last revision of each of these resources, or of all in the history. It ends with the last one that is asked for.
    pub(super) async fn latest(&self, of: Option<&BTreeSet<ResourceId>>) -> Result<Latest, Fault> {
        let mut latest = Latest::new();
        let mut before = None;
        while of.is_none_or(|of| latest.len() < of.len()) {
            let page = self.history(&Query { before, limit: SMALL_PAGE, only: None }).await?;
            let Some(last) = page.last().map(|record| record.number) else { break };
            for record in page {
                for change in record.commit.changes {
                    if of.is_none_or(|of| of.contains(&change.id)) {
                        latest.entry(change.id).or_insert((record.number, change.to));
                    }
                }
            }
            before = Some(last);
        }
        Ok(latest)
    }

    /// The records of these revisions that are there, in their order.
    async fn records(&self, from: u64, to: u64) -> Result<Vec<Record>, Fault> {
        let names = (from..=to).map(|number| self.keys.record(number)).collect();
        let values = self.get_all(names, 0).await?;
        let mut records = Vec::with_capacity(values.len());
        for (value, _) in values.into_iter().flatten() {
            match StoredRecord::parse(&value) {
                Ok(record) => records.extend(self.joined(record).await?.map(StoredRecord::into_record)),
                Err(error) => tracing::warn!(%error, "a revision is left out of the history"),
            }
        }
        Ok(records)
    }

    /// One revision.
    pub(super) async fn record(&self, number: u64) -> Result<Option<Record>, Fault> {
        Ok(self.records(number, number).await?.into_iter().next())
    }
}

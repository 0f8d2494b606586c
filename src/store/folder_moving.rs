//! The folder of a store, moved as a whole. All calls block.

use super::folder::Folder;
use super::moving::{Contents, Past, Replacement};
use super::{Query, Record, StoreError, WriteError};

impl Folder {
    /// All resources.
    pub(super) fn contents(&self) -> Result<Contents, StoreError> {
        let reading = self.read(None)?;
        let head = reading.head;
        let resources = reading.whole()?.into_iter().map(|(id, text)| (id, text.text.to_string())).collect();
        Ok(Contents { head, resources })
    }

    /// The history up to revision `head`, oldest first.
    pub(super) fn past(&self, head: u64) -> Result<Vec<Record>, StoreError> {
        let query = Query { before: head.checked_add(1), limit: usize::MAX, only: None };
        let mut records = self.history().list(&query)?;
        records.reverse();
        Ok(records)
    }

    /// Replaces everything. The new resources are one commit, and the history follows: a crash may cost a past, and no
    /// configuration.
    pub(super) fn replace(&self, with: Replacement) -> Result<u64, WriteError> {
        let now = self.contents()?;
        let record = Record::new(with.number(), with.commit(&now.resources));
        let past = match &with.past {
            Past::Kept => None,
            Past::Of(_, records) => Some(records.as_slice()),
        };
        self.commit_with_past(&record, past)?;
        Ok(record.number)
    }
}

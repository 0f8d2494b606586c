//! Undoing changes, as edits: rolling back to a revision, and restoring the last good text of a broken document.

use crate::model::ResourceId;
use crate::store::Query;

use super::edit::{Edit, EditError, Expect, Restore, RollBack, To, Wanted};
use super::reconciler::Reconciler;
use super::roll_back::texts_at;

impl Reconciler {
    /// The edit that rolls back, at the last revision.
    pub(super) async fn rolled_back(&self, to: &RollBack) -> Result<Edit, EditError> {
        let head = self.head;
        if to.expect_head.is_some_and(|expected| expected != head) {
            let why = format!("revision {head} is the last one; look at it before rolling back");
            return Err(EditError::precondition(why));
        }
        let resources = &self.stores.resources;
        if to.number > head || (to.number > 0 && resources.record(to.number).await?.is_none()) {
            return Err(EditError::NoRevision(to.number));
        }
        let query = Query { before: None, limit: usize::MAX, only: to.only.clone() };
        let past = resources.history(query).await?;
        let live = self.live.get();
        let is_live =
            |id: &ResourceId, text: Option<&str>| live.source_of(id).map(|source| &*source.text) == text;
        let mut then = texts_at(to.number, past);
        // A broken document is replaced when it is named, or when the live text changes.
        then.retain(|id, text| match &to.only {
            Some(only) => only == id,
            None => !is_live(id, text.as_deref()),
        });
        let wanted = then.into_iter().map(|(id, text)| {
            let to = text.map_or(To::Nothing, To::Text);
            Wanted { id, expect: Expect::Anything, to }
        });
        let only = to.only.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
        let what = format!("roll back{only} to revision {}", to.number);
        let RollBack { who, dry_run, force, .. } = to.clone();
        Ok(Edit { who, what, wanted: wanted.collect(), dry_run, force })
    }

    /// The edit that replaces a broken document by its live text.
    pub(super) fn restored(&self, restore: &Restore) -> Result<Edit, EditError> {
        let Restore { id, who, dry_run } = restore.clone();
        if self.aside.document(&id).is_none() {
            let status = self.control().status();
            let broken = status.broken.iter().find(|broken| broken.resource.as_ref() == Some(&id));
            // Its text is the live one; a file that it refers to is broken.
            return Err(broken.map_or(EditError::NotBroken(id), |b| EditError::Invalid(b.findings.clone())));
        }
        let live = self.live.get();
        let text = live.source_of(&id).map(|source| source.text.to_string());
        let what = format!("restore the last good text of {id}");
        let wanted = vec![Wanted { id, expect: Expect::Anything, to: text.map_or(To::Nothing, To::Text) }];
        Ok(Edit { who, what, wanted, dry_run, force: false })
    }
}

#[cfg(test)]
mod tests;

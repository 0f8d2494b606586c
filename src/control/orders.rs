//! What the reconciler does when it is asked: change, roll back, tell of the past. A change is validated by the
//! function that loads, kept, published, and only then acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{self, Diagnostics, Snapshot, Source};
use crate::model::{ResourceId, ResourceKind};
use crate::store::{Change, Commit, Query};

use super::diff::diffs;
use super::edit::{Edit, EditError, Edited, Expect, RollBack, To, Wanted};
use super::editor;
use super::finding::Finding;
use super::handle::{Order, Reloaded};
use super::leisure::at_leisure;
use super::load::{LoadError, compile};
use super::reconciler::Reconciler;

/// How long the answer to a change waits for the first keys of a provider that is new.
const FIRST_KEYS: Duration = Duration::from_millis(400);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(5);

impl Reconciler {
    /// Does what is asked, and answers. Who asked may have gone.
    pub(super) async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Reload(answer) => {
                tracing::info!("reload asked for");
                // Who asks gets an answer, also when it is the same as before.
                self.refused = None;
                let outcome = self.reload().await.map_err(EditError::Invalid);
                let warnings = self.control().status().warnings.clone();
                drop(answer.send(outcome.map(|outcome| Reloaded { outcome, warnings })));
            }
            Order::Edit(edit, answer) => drop(answer.send(self.edit(&edit).await)),
            Order::RollBack(to, answer) => drop(answer.send(self.roll_back(to).await)),
            Order::History(query, answer) => {
                drop(answer.send(self.store.history(&query).map_err(|e| unreadable(&e))));
            }
            Order::Record(number, answer) => {
                drop(answer.send(self.store.record(number).map_err(|e| unreadable(&e))));
            }
        }
    }

    async fn edit(&mut self, edit: &Edit) -> Result<Edited, EditError> {
        let folder = self.store.writable().map_err(EditError::ReadOnly)?;
        let previous = self.live.get();
        let (store, metrics, now) = (&*self.store, &self.metrics, self.clock.now());
        let texts = at_leisure(|| store.read()).map_err(|error| {
            EditError::Invalid(Finding::of(&LoadError::Store(error).into_diagnostics(), &[]))
        })?;
        let changes = editor::changes(&edit.wanted, &texts, &previous)?;
        let sources = editor::sources(editor::applied(texts, &changes, &folder), Some(&previous));
        let asked: Vec<ResourceId> = edit.wanted.iter().map(|wish| wish.id.clone()).collect();
        let (compiled, files) = at_leisure(|| compile(&asked, &sources, Some(&previous), metrics, now))
            .map_err(|findings| EditError::Invalid(wrong_with(&asked, &findings, &sources)))?;
        let mut edited = Edited {
            number: None,
            revision: compiled.snapshot.revision.clone(),
            diff: diffs(&changes),
            tags: tags(edit, &changes, &compiled.snapshot),
            warnings: Vec::new(),
        };
        edited.warnings = found_in(&asked, &compiled.warnings, &sources);
        if edit.dry_run || (changes.is_empty() && edited.revision == previous.revision) {
            return Ok(edited);
        }
        if !changes.is_empty() {
            let at = self.clock.now().timestamp();
            let commit = Commit { at, who: edit.who.clone(), what: edit.what.clone(), changes };
            edited.number = Some(self.store.write(&commit)?);
        }
        self.files = files;
        self.publish(compiled.snapshot).await;
        self.audit(&previous, &edit.who, &edit.what, edited.number);
        self.first_keys(&previous).await;
        Ok(edited)
    }

    async fn roll_back(&mut self, to: RollBack) -> Result<Edited, EditError> {
        self.store.writable().map_err(EditError::ReadOnly)?;
        let head = self.store.head();
        if to.expect_head.is_some_and(|expected| expected != head) {
            let why = format!("revision {head} is the last one; look at it before rolling back");
            return Err(EditError::Precondition(why));
        }
        let record = |number| self.store.record(number).map_err(|e| unreadable(&e));
        if to.number > head || (to.number > 0 && record(to.number)?.is_none()) {
            return Err(EditError::NoRevision(to.number));
        }
        let since = usize::try_from(head - to.number).unwrap_or(usize::MAX);
        let query = Query { before: None, limit: since, only: to.only.clone() };
        let mut past = self.store.history(&query).map_err(|e| unreadable(&e))?;
        past.retain(|record| record.number > to.number);
        // The newest first: what the oldest of them found is what there was.
        let mut then: BTreeMap<ResourceId, Option<String>> = BTreeMap::new();
        for change in past.into_iter().flat_map(|record| record.commit.changes) {
            let wanted = to.only.as_ref().is_none_or(|only| *only == change.id);
            if wanted && change.id.kind() != ResourceKind::ApiKey {
                then.insert(change.id, change.from);
            }
        }
        let wanted = then.into_iter().map(|(id, text)| {
            let to = text.map_or(To::Nothing, To::Text);
            Wanted { id, expect: Expect::Anything, to }
        });
        let only = to.only.map(|id| format!(" of {id}")).unwrap_or_default();
        let what = format!("roll back{only} to revision {}", to.number);
        self.edit(&Edit { who: to.who, what, wanted: wanted.collect(), dry_run: to.dry_run }).await
    }

    /// Waits a moment for the keys of new providers, so that the first call after a deploy is no failure.
    async fn first_keys(&self, before: &Snapshot) {
        let live = self.live.get();
        let new = live.providers.iter().filter(|(name, _)| !before.providers.contains_key(*name));
        let new: Vec<_> = new.map(|(_, provider)| provider).collect();
        let tried = async {
            while !new.iter().all(|provider| provider.tried()) {
                tokio::time::sleep(LOOK).await;
            }
        };
        // One that does not answer in time is a matter for its status.
        let _in_time = tokio::time::timeout(FIRST_KEYS, tried).await;
    }
}

fn unreadable(error: &crate::store::StoreError) -> EditError {
    EditError::Store { why: error.to_string(), full: false }
}

/// The versions of what was asked for, and of what went along.
fn tags(edit: &Edit, changes: &[Change], after: &Snapshot) -> Vec<(ResourceId, Option<String>)> {
    let mut ids: Vec<&ResourceId> = edit.wanted.iter().map(|wish| &wish.id).collect();
    for change in changes {
        if !ids.contains(&&change.id) {
            ids.push(&change.id);
        }
    }
    let tag = |id: &ResourceId| Some(config::tag_of(&after.source_of(id)?.text));
    ids.into_iter().map(|id| (id.clone(), tag(id))).collect()
}

/// What was found in these resources.
fn found_in(asked: &[ResourceId], findings: &Diagnostics, sources: &[Source]) -> Vec<Finding> {
    let mut found = Finding::of(findings, sources);
    found.retain(|finding| finding.resource.as_ref().is_some_and(|id| asked.contains(id)));
    found
}

/// What is wrong, wherever it is, and what somebody should look at in these resources.
fn wrong_with(asked: &[ResourceId], findings: &Diagnostics, sources: &[Source]) -> Vec<Finding> {
    let mut found = Finding::of(findings, sources);
    let is_asked = |finding: &Finding| finding.resource.as_ref().is_some_and(|id| asked.contains(id));
    found.retain(|finding| finding.severity == "error" || is_asked(finding));
    found
}

#[cfg(test)]
mod tests;

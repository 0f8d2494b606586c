//! What the reconciler does when it is asked: change, roll back, tell of the past. A change is validated by the
//! function that loads, kept, published, and only then acknowledged.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::{self, Compiled, Diagnostics, Files, Snapshot, Source};
use crate::idp::ProviderSpec;
use crate::model::{ResourceId, ResourceKind};
use crate::store::{Change, Commit, Query};

use super::diff::diffs;
use super::edit::{Edit, EditError, Edited, Expect, Restore, RollBack, To, Wanted};
use super::editor::{self, Base};
use super::finding::Finding;
use super::handle::{Order, Reloaded};
use super::leisure::at_leisure;
use super::load::{compile, read_file};
use super::reconciler::Reconciler;
use super::roll_back::texts_at;
use super::status::Outcome;

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
                self.said = None;
                let outcome = self.reload().await.map_err(EditError::Invalid);
                let warnings = self.control().status().warnings.clone();
                drop(answer.send(outcome.map(|outcome| Reloaded { outcome, warnings })));
            }
            Order::Edit(edit, answer) => drop(answer.send(self.edit(&edit).await)),
            Order::RollBack(to, answer) => drop(answer.send(self.roll_back(to).await)),
            Order::Restore(restore, answer) => drop(answer.send(self.restore(restore).await)),
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
        // What hands have changed is taken up first, or set aside: a change is applied to what is live.
        let on_disk = self.take_up().await;
        let previous = self.live.get();
        let changes = editor::changes(&edit.wanted, &Base { live: &previous, aside: &self.aside })?;
        let sources = editor::applied(&previous, &changes, &folder);
        let asked: Vec<ResourceId> = edit.wanted.iter().map(|wish| wish.id.clone()).collect();
        let (compiled, files) = self.compile(&asked, &sources, &previous)?;
        let mut edited = Edited {
            number: None,
            revision: compiled.snapshot.revision.clone(),
            diff: diffs(&changes),
            tags: tags(edit, &changes, &compiled.snapshot),
            providers: providers(&asked, &compiled.snapshot),
            warnings: Vec::new(),
        };
        edited.warnings = found_in(&asked, &compiled.warnings, &sources);
        edited.warnings.extend(self.not_held_up_by(&asked));
        if edit.dry_run || (changes.is_empty() && edited.revision == previous.revision) {
            return Ok(edited);
        }
        if !changes.is_empty() {
            let at = self.clock.now().timestamp();
            let commit = Commit { at, who: edit.who.clone(), what: edit.what.clone(), changes };
            edited.number = Some(self.store.write(&commit)?);
            self.aside.forget(commit.changes.iter().map(|change| &change.id));
        }
        self.files = files;
        self.publish(compiled.snapshot).await;
        self.audit(&previous, &edit.who, &edit.what, edited.number);
        self.looked(Outcome::Applied);
        if on_disk.is_err() {
            // What was broken may be whole with this change.
            let _still_broken = self.take_up().await;
        }
        self.first_keys(&previous).await;
        Ok(edited)
    }

    /// Compiles what would be live after a change of these resources. A file that went bad under what is live holds up
    /// only who asks about it.
    fn compile(
        &self,
        asked: &[ResourceId],
        sources: &[Source],
        previous: &Snapshot,
    ) -> Result<(Compiled, Files), EditError> {
        let (metrics, now) = (&self.metrics, self.clock.now());
        let on_disk = |path: &PathBuf| read_file(path);
        let good = |path: &PathBuf| self.files.get(path).cloned().unwrap_or_else(|| read_file(path));
        let wrong = match at_leisure(|| compile(asked, sources, Some(previous), metrics, (now, &on_disk))) {
            Ok(compiled) => return Ok(compiled),
            Err(findings) => wrong_with(asked, &findings, sources),
        };
        if self.aside.files.is_empty() || wrong.iter().any(|found| is_error_in(asked, found)) {
            return Err(EditError::Invalid(wrong));
        }
        at_leisure(|| compile(asked, sources, Some(previous), metrics, (now, &good)))
            .map_err(|_| EditError::Invalid(wrong))
    }

    /// What is broken on disk, told to who changes something else.
    fn not_held_up_by(&self, asked: &[ResourceId]) -> Vec<Finding> {
        let status = self.control().status();
        let others =
            status.broken.iter().filter(|b| b.resource.as_ref().is_none_or(|id| !asked.contains(id)));
        let told = others.map(|broken| {
            let what = broken
                .resource
                .as_ref()
                .map_or_else(|| broken.file.display().to_string(), ToString::to_string);
            let message = format!("{what} is broken on disk; this change is not held up by it");
            tracing::warn!(file = %broken.file.display(), "{message}");
            Finding {
                severity: "warning",
                code: "broken-document",
                message,
                help: Some("fix the file, or restore its last good text".to_owned()),
                resource: broken.resource.clone(),
                pointer: None,
                file: broken.file.clone(),
                line: 0,
                column: 0,
            }
        });
        told.collect()
    }

    async fn roll_back(&mut self, to: RollBack) -> Result<Edited, EditError> {
        self.store.writable().map_err(EditError::ReadOnly)?;
        // An edit by hand is a revision of its own.
        let _broken = self.take_up().await;
        let head = self.store.head();
        if to.expect_head.is_some_and(|expected| expected != head) {
            let why = format!("revision {head} is the last one; look at it before rolling back");
            return Err(EditError::Precondition(why));
        }
        let record = |number| self.store.record(number).map_err(|e| unreadable(&e));
        if to.number > head || (to.number > 0 && record(to.number)?.is_none()) {
            return Err(EditError::NoRevision(to.number));
        }
        let query = Query { before: None, limit: usize::MAX, only: to.only.clone() };
        let past = at_leisure(|| self.store.history(&query)).map_err(|e| unreadable(&e))?;
        let live = self.live.get();
        let is_live = |id: &ResourceId, text: Option<&str>| {
            live.source_of(id).map(|source| source.text.as_str()) == text
        };
        let mut then = texts_at(to.number, past);
        // What is broken on disk is replaced when it is asked for by name, or when another text is to be live.
        then.retain(|id, text| match &to.only {
            Some(only) => only == id,
            None => !is_live(id, text.as_deref()),
        });
        let wanted = then.into_iter().map(|(id, text)| {
            let to = text.map_or(To::Nothing, To::Text);
            Wanted { id, expect: Expect::Anything, to }
        });
        let only = to.only.map(|id| format!(" of {id}")).unwrap_or_default();
        let what = format!("roll back{only} to revision {}", to.number);
        self.edit(&Edit { who: to.who, what, wanted: wanted.collect(), dry_run: to.dry_run }).await
    }

    /// Puts back what runs.
    async fn restore(&mut self, restore: Restore) -> Result<Edited, EditError> {
        self.store.writable().map_err(EditError::ReadOnly)?;
        let Restore { id, who, dry_run } = restore;
        let _broken = self.take_up().await;
        if self.aside.document(&id).is_none() {
            let status = self.control().status();
            let broken = status.broken.iter().find(|broken| broken.resource.as_ref() == Some(&id));
            // Its text is the last good one; what it refers to is not.
            return Err(broken.map_or(EditError::NotBroken(id), |b| EditError::Invalid(b.findings.clone())));
        }
        let live = self.live.get();
        let text = live.source_of(&id).map(|source| source.text.clone());
        let what = format!("restore the last good text of {id}");
        let wanted = vec![Wanted { id, expect: Expect::Anything, to: text.map_or(To::Nothing, To::Text) }];
        self.edit(&Edit { who, what, wanted, dry_run }).await
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

/// The identity providers among these resources.
fn providers(asked: &[ResourceId], after: &Snapshot) -> Vec<ProviderSpec> {
    let named = asked.iter().filter(|id| id.kind() == ResourceKind::IdentityProvider);
    named.filter_map(|id| after.providers.get(id.name()).map(|provider| provider.spec().clone())).collect()
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

fn is_error_in(asked: &[ResourceId], finding: &Finding) -> bool {
    finding.severity == "error" && finding.resource.as_ref().is_some_and(|id| asked.contains(id))
}

#[cfg(test)]
mod tests;

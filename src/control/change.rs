//! A change over the control API: validated by the function that loads, committed, published, and then acknowledged.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use crate::config::{self, Compiled, Diagnostics, Feature, Files, Severity, Snapshot, Source};
use crate::idp::ProviderSpec;
use crate::model::{Instant, ResourceId, ResourceKind};
use crate::store::{Change, Commit, Denial, StoreError, WriteError, at_leisure};
use crate::telemetry::{EndedTask, Metrics, Task};

use super::denials;
use super::diff::diffs;
use super::edit::{Asked, Edit, EditError, Edited};
use super::editor::{self, Base};
use super::finding::{ChangeCode, Finding};
use super::load::{compile, read_file};
use super::reconciler::Reconciler;
use super::status::Outcome;

/// How long the response to a change waits for the first keys of a new provider: a provider nearby responds in that time,
/// and an operator does not notice the wait.
const FIRST_KEYS: Duration = Duration::from_millis(400);
/// The interval of checking for those keys: short against the wait, and a few loads of an atomic.
const LOOK: Duration = Duration::from_millis(5);

/// How often a change is tried again after the store moved on: a writer that loses this often is one of many, and its
/// caller should know.
const TRIES_AGAIN: usize = 5;

/// Why an attempt at a change failed.
enum Failed {
    /// Somebody else's commit came first.
    Moved(WriteError),
    /// Another attempt would fail too.
    Finally(EditError),
}

impl From<EditError> for Failed {
    fn from(error: EditError) -> Self {
        Self::Finally(error)
    }
}

impl From<WriteError> for Failed {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Moved { .. } => Self::Moved(error),
            other => Self::Finally(other.into()),
        }
    }
}

/// A valid change, not yet committed.
struct Draft {
    changes: Vec<Change>,
    compiled: Compiled,
    files: Files,
    /// The result once it is committed.
    edited: Edited,
}

impl Reconciler {
    /// Makes a change. Where other members write too, it is made anew from what they wrote, as long as the preconditions
    /// of its caller hold there.
    pub(super) async fn change(&mut self, asked: Asked) -> Result<Edited, EditError> {
        let mut tries_again = 0;
        loop {
            match self.attempt(&asked).await {
                Ok(edited) => return Ok(edited),
                Err(Failed::Moved(_)) if tries_again < TRIES_AGAIN => tries_again += 1,
                Err(Failed::Moved(error)) => return Err(error.into()),
                Err(Failed::Finally(EditError::Precondition { why, .. })) => {
                    let head = self.stores.resources.last_commit();
                    return Err(EditError::Precondition { why, head });
                }
                Err(Failed::Finally(error)) => return Err(error),
            }
        }
    }

    async fn attempt(&mut self, asked: &Asked) -> Result<Edited, Failed> {
        self.stores.resources.refresh().await?;
        self.writable()?;
        // Edits by hand go live or are set aside first, because a change starts from the live configuration.
        let on_disk = self.take_up().await;
        if on_disk.is_err() {
            self.understands().await?;
        }
        let edit = self.planned(asked).await?;
        let previous = self.live.get();
        let Draft { changes, compiled, files, mut edited } = self.draft(&edit, &previous).await?;
        self.is_understood(&changes, &edit)?;
        if edit.dry_run || (changes.is_empty() && edited.revision == previous.revision) {
            return Ok(edited);
        }
        if !changes.is_empty() {
            let denials = denials::of(&changes, &previous, &compiled.snapshot, &edit, self.clock.now());
            edited.number = Some(self.commit(&edit, changes, denials).await?);
        }
        self.files = Arc::new(files);
        self.publish(compiled.snapshot).await;
        self.audit(&previous, &edit.who, &edit.what, edited.number).await;
        if self.refused.is_none() {
            self.stores.resources.is_live(self.head);
        }
        self.looked(Outcome::Applied).await;
        if on_disk.is_err() {
            // Documents set aside may be valid with this change.
            let _still_broken = self.take_up().await;
        }
        self.first_keys(&previous).await;
        Ok(edited)
    }

    /// Takes up what others wrote. What cannot go live is told by whoever changes something then.
    pub(super) async fn catch_up(&mut self) -> Result<(), EditError> {
        self.stores.resources.refresh().await?;
        let _told_later = self.take_up().await;
        Ok(())
    }

    /// Fails when the store holds something that this version does not know: it can neither run it nor write after it.
    async fn understands(&self) -> Result<(), EditError> {
        match self.stores.resources.read().await {
            Err(StoreError::NotUnderstood { .. }) => {
                Err(EditError::NotUnderstood { members: vec![self.control.fleet().my_name().to_owned()] })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Fails when members of the fleet are too old to know what would be written.
    fn is_understood(&self, changes: &[Change], edit: &Edit) -> Result<(), EditError> {
        if edit.force || self.stores.fleet.is_none() {
            return Ok(());
        }
        let written = changes.iter().filter_map(|change| Some((&change.id, change.to.as_ref()?)));
        let used = written.flat_map(|(id, text)| Feature::used_by(&self.stores.source(id, text)));
        let members = self.control.fleet().without(&used.collect());
        if members.is_empty() { Ok(()) } else { Err(EditError::NotUnderstood { members }) }
    }

    /// Fails when the store is read-only.
    pub(super) fn writable(&self) -> Result<(), EditError> {
        match self.stores.resources.describe().read_only {
            Some(why) => Err(EditError::ReadOnly(why)),
            None => Ok(()),
        }
    }

    /// The edit that is asked for, at what the store holds now.
    async fn planned(&self, asked: &Asked) -> Result<Edit, EditError> {
        match asked {
            Asked::Edit(edit) => Ok(edit.clone()),
            Asked::RollBack(to) => self.rolled_back(to).await,
            Asked::Restore(restore) => self.restored(restore),
        }
    }

    async fn draft(&self, edit: &Edit, previous: &Arc<Snapshot>) -> Result<Draft, EditError> {
        let is_shared = self.stores.shared.is_some();
        let changes = editor::changes(&edit.wanted, &Base { live: previous, aside: &self.aside, is_shared })?;
        let sources = editor::applied(previous, &changes, &|id, text| self.stores.source(id, text));
        let asked: Vec<ResourceId> = edit.wanted.iter().map(|wish| wish.id.clone()).collect();
        let trial = Trial {
            asked: asked.clone(),
            sources,
            previous: Arc::clone(previous),
            files: Arc::clone(&self.files),
            files_went_bad: !self.aside.files.is_empty(),
            metrics: self.metrics.clone(),
            now: self.clock.now(),
        };
        let (compiled, sources) = at_leisure(move || (trial.compile(), trial.sources)).await;
        let (compiled, files) = compiled?;
        let mut edited = Edited {
            number: None,
            revision: compiled.snapshot.revision.clone(),
            diff: diffs(&changes),
            tags: tags(edit, &changes, &compiled.snapshot),
            providers: providers(&asked, &compiled.snapshot),
            warnings: found_in(&asked, &compiled.warnings, &sources),
        };
        edited.warnings.extend(self.not_held_up_by(&asked));
        Ok(Draft { changes, compiled, files, edited })
    }

    async fn commit(
        &mut self,
        edit: &Edit,
        changes: Vec<Change>,
        denials: Vec<Denial>,
    ) -> Result<u64, Failed> {
        let ids: Vec<ResourceId> = changes.iter().map(|change| change.id.clone()).collect();
        let now = self.clock.now();
        let commit = Commit { at: now.timestamp(), who: edit.who.clone(), what: edit.what.clone(), changes };
        let (before, began) = (self.head, Tick::now());
        let committed = self.stores.resources.commit_after(self.head, commit, denials).await;
        self.metrics.task_ended(|| EndedTask {
            task: Task::StoreCommit { revision: committed.as_ref().ok().copied(), resources: ids.len() },
            at: now,
            took: began.elapsed(),
            failure: committed.as_ref().err().map(ToString::to_string),
        });
        self.head = committed?;
        self.hash = self.hash_after(before);
        Arc::make_mut(&mut self.aside).forget(&ids);
        Ok(self.head)
    }

    /// The hash of the revision that was committed; `None` when another one came between, which is yet to be read.
    fn hash_after(&self, before: u64) -> Option<Arc<str>> {
        let health = self.stores.fleet.as_ref()?.health.health();
        (self.head == before + 1 && health.held == self.head).then(|| health.hash.into())
    }

    /// A warning for each broken document that the change does not concern.
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
                severity: Severity::Warning,
                code: ChangeCode::BrokenDocument.into(),
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

    /// Waits briefly for the keys of new providers, so that the first call after a deployment does not fail.
    async fn first_keys(&self, before: &Snapshot) {
        let live = self.live.get();
        let new = live.providers.iter().filter(|(name, _)| !before.providers.contains_key(*name));
        let new: Vec<_> = new.map(|(_, provider)| provider).collect();
        let tried = async {
            while !new.iter().all(|provider| provider.tried()) {
                tokio::time::sleep(LOOK).await;
            }
        };
        // The status page reports a provider that takes longer.
        let _in_time = tokio::time::timeout(FIRST_KEYS, tried).await;
    }
}

/// The configuration after a change, to be compiled.
struct Trial {
    /// The changed resources.
    asked: Vec<ResourceId>,
    sources: Vec<Source>,
    previous: Arc<Snapshot>,
    /// The live content of referenced files.
    files: Arc<Files>,
    /// Whether some of them have another content on disk that is set aside.
    files_went_bad: bool,
    metrics: Metrics,
    now: Instant,
}

impl Trial {
    /// A referenced file that became invalid rejects only changes of resources that refer to it.
    fn compile(&self) -> Result<(Compiled, Files), EditError> {
        let on_disk = |path: &PathBuf| read_file(path);
        let good = |path: &PathBuf| self.files.get(path).cloned().unwrap_or_else(|| read_file(path));
        let wrong = match self.compile_with(&on_disk) {
            Ok(compiled) => return Ok(compiled),
            Err(findings) => wrong_with(&self.asked, &findings, &self.sources),
        };
        if !self.files_went_bad || wrong.iter().any(|found| is_error_in(&self.asked, found)) {
            return Err(EditError::Invalid(wrong));
        }
        self.compile_with(&good).map_err(|_| EditError::Invalid(wrong))
    }

    fn compile_with(
        &self,
        read: &dyn Fn(&PathBuf) -> Result<Vec<u8>, String>,
    ) -> Result<(Compiled, Files), Diagnostics> {
        compile(&self.asked, &self.sources, Some(&self.previous), &self.metrics, (self.now, read))
    }
}

/// The versions of the requested resources, and of those changed with them.
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

/// The findings about these resources.
fn found_in(asked: &[ResourceId], findings: &Diagnostics, sources: &[Source]) -> Vec<Finding> {
    let mut found = Finding::of(findings, sources);
    found.retain(|finding| finding.resource.as_ref().is_some_and(|id| asked.contains(id)));
    found
}

/// All errors, and the warnings about these resources.
fn wrong_with(asked: &[ResourceId], findings: &Diagnostics, sources: &[Source]) -> Vec<Finding> {
    let mut found = Finding::of(findings, sources);
    let is_asked = |finding: &Finding| finding.resource.as_ref().is_some_and(|id| asked.contains(id));
    found.retain(|finding| finding.is_error() || is_asked(finding));
    found
}

fn is_error_in(asked: &[ResourceId], finding: &Finding) -> bool {
    finding.is_error() && finding.resource.as_ref().is_some_and(|id| asked.contains(id))
}

#[cfg(test)]
mod tests;

//! The list of documents that are broken on disk: each with its errors, since when, and whether its last good text can be
//! restored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::{Severity, Snapshot, Source};
use crate::model::{Instant, ResourceId};
use crate::store::Latest;

use super::aside::{Aside, Stands};
use super::finding::{ChangeCode, Finding};
use super::status::Broken;

/// The result of a look at the store, and the state before it.
pub(super) struct Found<'f> {
    pub(super) aside: &'f Aside,
    /// All errors.
    pub(super) findings: &'f [Finding],
    pub(super) live: &'f Snapshot,
    /// The last revisions of the resources set aside.
    pub(super) latest: &'f Latest,
    /// Whether other members of a fleet may run what is set aside here.
    pub(super) is_shared: bool,
    /// The list before.
    pub(super) before: &'f [Broken],
    pub(super) now: Instant,
}

impl Found<'_> {
    /// The documents with errors, and those that wait with them, in the order of their files.
    pub(super) fn broken(&self) -> Vec<Broken> {
        let mut wrong: BTreeMap<PathBuf, Vec<Finding>> = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| finding.is_error()) {
            wrong.entry(finding.file.clone()).or_default().push(finding.clone());
        }
        let held = self.aside.documents.iter().map(|(path, held)| Broken {
            resource: held.document.id.clone(),
            file: path.clone(),
            since: held.since,
            findings: wrong
                .get(path)
                .cloned()
                .unwrap_or_else(|| vec![self.waits(path, held.document.id.as_ref())]),
            restorable: !self.is_shared
                && held.document.id.is_some()
                && !matches!(held.document.stands, Stands::Unreadable(Err(_))),
            last_good_revision: held.document.id.as_ref().and_then(|id| self.last_good(id)),
        });
        let mut broken: Vec<Broken> = held.collect();
        let others = wrong.iter().filter(|(path, _)| !self.aside.documents.contains_key(*path));
        broken.extend(others.map(|(path, findings)| Broken {
            resource: findings.iter().find_map(|finding| finding.resource.clone()),
            file: path.clone(),
            since: self.before.iter().find(|b| b.file == *path).map_or(self.now, |b| b.since),
            findings: findings.clone(),
            restorable: false,
            last_good_revision: None,
        }));
        broken.sort_by(|a, b| a.file.cmp(&b.file));
        broken
    }

    /// The finding for a valid document that waits: documents saved together go live together.
    fn waits(&self, path: &std::path::Path, id: Option<&ResourceId>) -> Finding {
        let message = "it is not live: it was changed together with what is broken elsewhere".to_owned();
        Finding {
            severity: Severity::Error,
            code: ChangeCode::HeldUp.into(),
            message,
            help: Some("fix the other errors, or save it once more to have it taken alone".to_owned()),
            resource: id.cloned(),
            pointer: id.map(|_| String::new()),
            file: path.to_owned(),
            line: 0,
            column: 0,
        }
    }

    /// The last revision of a resource, if its text is the live one.
    fn last_good(&self, id: &ResourceId) -> Option<u64> {
        let live = self.live.source_of(id).map(|source| &*source.text);
        let (number, text) = self.latest.get(id)?;
        (text.as_deref() == live).then_some(*number)
    }
}

/// Whether all texts of a revision are live.
pub(super) fn is_live(changes: &[crate::store::Change], live: &Snapshot) -> bool {
    let text = |id| live.source_of(id).map(|source: &Source| &*source.text);
    changes.iter().all(|change| text(&change.id) == change.to.as_deref())
}

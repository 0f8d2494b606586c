//! Documents set aside: those on disk that are broken, and those saved together with them. They stay on disk untouched
//! and block no other change. Once they are valid together, they go live.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::config::{Files, Snapshot, Source};
use crate::model::{Instant, ResourceId};
use crate::store::{StoreError, Unreadable};

/// The state of a document on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stands {
    /// It is missing, and a text is live.
    Nothing,
    /// Its text is not the live one.
    Text(Source),
    /// It cannot be read; the precondition of a commit that replaces it.
    Unreadable(Result<Option<String>, StoreError>),
}

/// A document whose state on disk is not the live one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differing {
    /// The resource, when the document is one.
    pub(super) id: Option<ResourceId>,
    pub(super) stands: Stands,
}

/// A document set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) document: Differing,
    /// When it was set aside.
    pub(super) since: Instant,
}

/// All documents set aside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Aside {
    pub(super) documents: BTreeMap<PathBuf, Held>,
    /// Files that live documents refer to, whose content is not the live one.
    pub(super) files: Files,
}

impl Aside {
    /// Whether resources of the store are among them.
    pub(super) fn has_resources(&self) -> bool {
        self.documents.values().any(|held| held.document.id.is_some())
    }
}

/// The difference between the disk and the live configuration.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) documents: BTreeMap<PathBuf, Differing>,
    pub(super) files: Files,
}

impl Difference {
    /// The difference between a reading and the live configuration. `then` is the live content of referenced files, `now`
    /// the content on disk.
    pub(super) fn between(
        sources: &[Source],
        unreadable: &[Unreadable],
        live: &Snapshot,
        (then, now): (&Files, &Files),
    ) -> Self {
        let mut left: HashMap<&OsStr, &Source> =
            live.sources.iter().map(|source| (source.path.as_os_str(), source)).collect();
        let mut documents = BTreeMap::new();
        for source in sources {
            if left.remove(source.path.as_os_str()) != Some(source) {
                let stands = Stands::Text(source.clone());
                documents.insert(source.path.to_path_buf(), Differing { id: source.entry.clone(), stands });
            }
        }
        for file in unreadable {
            left.remove(file.path.as_os_str());
            let differing =
                Differing { id: Some(file.id.clone()), stands: Stands::Unreadable(file.from.clone()) };
            documents.insert(file.path.clone(), differing);
        }
        for source in left.into_values() {
            let differing = Differing { id: source.entry.clone(), stands: Stands::Nothing };
            documents.insert(source.path.to_path_buf(), differing);
        }
        let files = now.iter().filter(|(path, held)| then.get(*path) != Some(held));
        Self { documents, files: files.map(|(path, held)| (path.clone(), held.clone())).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.files.is_empty()
    }

    /// Sets all of it aside at `now`; documents set aside before keep their time.
    pub(super) fn set_aside(self, before: &Aside, now: Instant) -> Aside {
        let since = |path: &Path| before.documents.get(path).map_or(now, |held| held.since);
        let documents = self.documents.into_iter().map(|(path, document)| {
            let since = since(&path);
            (path, Held { document, since })
        });
        Aside { documents: documents.collect(), files: self.files }
    }

    /// The sources of `live`, with these changes applied.
    pub(super) fn applied_to(&self, live: &Snapshot) -> Vec<Source> {
        let untouched = live.sources.iter().filter(|source| !self.documents.contains_key(&*source.path));
        let changed = self.documents.values().filter_map(|document| match &document.stands {
            Stands::Text(source) => Some(source),
            Stands::Nothing | Stands::Unreadable(_) => None,
        });
        let mut sources: Vec<Source> = untouched.chain(changed).cloned().collect();
        sources.sort_by(|a, b| (&a.entry, &a.path).cmp(&(&b.entry, &b.path)));
        sources
    }

    /// Whether all of it is readable.
    pub(super) fn is_readable(&self) -> bool {
        !self.documents.values().any(|document| matches!(document.stands, Stands::Unreadable(_)))
    }
}

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.files.is_empty()
    }

    /// Splits a difference into documents unchanged since they were set aside, and changes made since then.
    pub(super) fn split(&self, difference: &Difference) -> (Self, Difference) {
        let mut held = Self::default();
        let mut fresh = Difference::default();
        for (path, document) in &difference.documents {
            match self.documents.get(path).filter(|held| held.document == *document) {
                Some(same) => drop(held.documents.insert(path.clone(), same.clone())),
                None => drop(fresh.documents.insert(path.clone(), document.clone())),
            }
        }
        for (path, now) in &difference.files {
            let side = if self.files.get(path) == Some(now) { &mut held.files } else { &mut fresh.files };
            side.insert(path.clone(), now.clone());
        }
        (held, fresh)
    }

    /// The document of a resource, if it is set aside.
    pub(super) fn document(&self, id: &ResourceId) -> Option<&Held> {
        self.documents.values().find(|held| held.document.id.as_ref() == Some(id))
    }

    /// Removes resources that are live now.
    pub(super) fn forget<'i>(&mut self, ids: impl IntoIterator<Item = &'i ResourceId>) {
        for id in ids {
            self.documents.retain(|_, held| held.document.id.as_ref() != Some(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{compile, parse};
    use crate::telemetry::Metrics;

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    fn agent(name: &str, route: &str) -> Source {
        let text = format!("route: {route}\nupstream: http://127.0.0.1:9\nauth: public\n");
        Source::of(id(&format!("agents/{name}")), format!("agents/{name}.yaml"), text)
    }

    fn document() -> Source {
        Source::new("p.yaml", "version: 1\n")
    }

    fn live() -> Snapshot {
        let document = parse(&[document(), agent("a", "/a"), agent("b", "/b")], &|_| None).unwrap();
        compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot
    }

    fn between(live: &Snapshot, sources: &[Source]) -> Difference {
        Difference::between(sources, &[], live, (&Files::new(), &Files::new()))
    }

    fn paths(documents: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
        documents.into_iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn changed_added_and_removed_documents_differ() {
        let live = live();
        assert!(between(&live, &live.sources).is_empty());
        let now = [document(), agent("a", "/other"), agent("c", "/c")];
        let difference = between(&live, &now);
        let found = difference.documents.iter().map(|(path, document)| {
            let stands = match document.stands {
                Stands::Nothing => "nothing",
                Stands::Text(_) => "text",
                Stands::Unreadable(_) => "unreadable",
            };
            (path.to_str().unwrap(), stands)
        });
        let found: Vec<_> = found.collect();
        assert_eq!(
            found,
            [("agents/a.yaml", "text"), ("agents/b.yaml", "nothing"), ("agents/c.yaml", "text")]
        );
        let names: Vec<_> =
            difference.applied_to(&live).into_iter().map(|source| source.path.to_path_buf()).collect();
        assert_eq!(paths(names), ["p.yaml", "agents/a.yaml", "agents/c.yaml"]);
    }

    #[test]
    fn a_change_after_a_document_was_set_aside_is_a_change_of_its_own() {
        let live = live();
        let first = between(&live, &[document(), agent("a", "/x"), agent("b", "/b")]);
        let aside = first.set_aside(&Aside::default(), Instant::from_unix(5));
        let (held, fresh) = aside.split(&between(&live, &[document(), agent("a", "/x"), agent("b", "/y")]));
        assert_eq!(paths(held.documents.into_keys()), ["agents/a.yaml"]);
        assert_eq!(paths(fresh.documents.into_keys()), ["agents/b.yaml"]);
        let again = between(&live, &[document(), agent("a", "/z"), agent("b", "/b")]);
        let (held, fresh) = aside.split(&again);
        assert!(held.is_empty() && !fresh.is_empty());
        let again = again.set_aside(&aside, Instant::from_unix(9));
        assert_eq!(again.document(&id("agents/a")).unwrap().since, Instant::from_unix(5), "still broken");
    }
}

//! The sections of all files, put together: what stands in two of them is found here.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::document::Document;
use super::super::fields::{Fields, entries};
use super::super::known::{Entry, Known};
use super::super::section::read_section;
use super::super::settings::agent::AgentEntry;
use super::super::settings::api_key::ApiKeyEntry;
use super::super::settings::limit::{GlobalLimit, LimitList};
use super::super::settings::provider::IdentityProvider;
use super::super::settings::server::Server;
use super::super::settings::store::Store;
use super::super::value::Value as _;
use super::links::{self, Unread};
use super::{audience, limits, metadata, read_entry};
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::findings::{Findings, Found};
use crate::config::text::report::Report;
use crate::config::text::source::{At, Place, Source};
use crate::config::text::yaml::{Key, Node};
use crate::model::{ResourceId, ResourceKind};

/// All sections so far.
#[derive(Default)]
pub(super) struct Merged {
    /// How many sources could be read as YAML.
    pub(super) trees: usize,
    /// Whether the version was written somewhere.
    pub(super) version: bool,
    /// What each source was read to, where that may be known next time.
    pub(super) known: Vec<Option<Known>>,
    /// What was read.
    pub(super) sources: Vec<Source>,
    server: Option<(At, Server)>,
    /// Where the list of limits stands.
    limits_at: Option<At>,
    /// What it says, or what was found where it could not be read.
    store: Option<(At, Result<Store, Found>)>,
    in_documents: InDocuments,
    unread: Unread,
    read: Read,
}

/// What could be read, documents first.
#[derive(Default)]
struct Read {
    providers: Vec<Arc<IdentityProvider>>,
    agents: Vec<Arc<AgentEntry>>,
    api_keys: Vec<Arc<ApiKeyEntry>>,
    limits: Vec<Arc<GlobalLimit>>,
    new_keys: Vec<usize>,
}

/// Where each name stands that a document has. Those of a store, of which there may be very many, cannot be the same by
/// themselves.
#[derive(Default)]
struct InDocuments {
    providers: HashMap<String, At>,
    agents: HashMap<String, At>,
    api_keys: HashMap<String, At>,
    limits: HashMap<String, At>,
}

impl Merged {
    pub(super) fn put_server(&mut self, report: &Report<'_>, place: Place, node: &Node) {
        if let Some((first, _)) = &self.server {
            return twice(report, place, first, "server");
        }
        self.server = Some((at(report, place), read_section(report, place, node).unwrap_or_default()));
    }

    pub(super) fn put_store(&mut self, report: &Report<'_>, place: Place, node: &Node) {
        if let Some((first, _)) = &self.store {
            return twice(report, place, first, "store");
        }
        let mark = report.all().mark();
        let read = Store::read_under(report, place, node);
        self.store = Some((at(report, place), read.ok_or_else(|| report.all().since(mark))));
    }

    fn put_limits(&mut self, report: &Report<'_>, place: Place, node: &Node) {
        if let Some(first) = &self.limits_at {
            return twice(report, place, first, "limits");
        }
        self.limits_at = Some(at(report, place));
        for settings in LimitList::read(report, node).unwrap_or_default() {
            let name = &settings.name;
            self.in_documents.limits.insert(name.value.to_string(), at(report, name.place));
            self.read.limits.push(Arc::new(GlobalLimit { source: report.source().clone(), settings }));
        }
    }

    /// The resources of one kind in a document.
    pub(super) fn put_section(&mut self, report: &Report<'_>, root: &Fields<'_>, kind: ResourceKind) {
        let field = kind.section();
        let Some((place, node)) = root.entry(field) else { return };
        if kind == ResourceKind::Limit {
            return self.put_limits(report, place, node);
        }
        for (key, node) in entries(report, &format!("`{field}`"), node).unwrap_or_default() {
            self.put(report, kind, key, node);
        }
    }

    /// One resource, which is read; what it was read to.
    pub(super) fn put(
        &mut self,
        report: &Report<'_>,
        kind: ResourceKind,
        key: &Key,
        node: &Node,
    ) -> Option<Entry> {
        if !self.is_free(report, kind, &key.text, key.place) {
            return None;
        }
        if report.source().entry.is_none() {
            self.in_documents.of(kind).insert(key.text.clone(), at(report, key.place));
        }
        match read_entry(report, kind, key, node) {
            Some(entry) => {
                if kind == ResourceKind::ApiKey {
                    self.read.new_keys.push(self.read.api_keys.len());
                }
                self.read.push(entry.clone());
                Some(entry)
            }
            None => {
                self.unread.of(kind).push(key.text.clone());
                None
            }
        }
    }

    /// One resource of a store that was read before; whether its name is not taken.
    pub(super) fn put_known(&mut self, report: &Report<'_>, id: &ResourceId, entry: &Entry) -> bool {
        let is_free = self.is_free(report, id.kind(), id.name(), Place::WHOLE);
        if is_free {
            self.read.push(entry.clone());
        }
        is_free
    }

    /// One resource of a store that is no YAML.
    pub(super) fn put_unread(&mut self, id: &ResourceId) {
        self.unread.of(id.kind()).push(id.name().to_owned());
    }

    fn is_free(&mut self, report: &Report<'_>, kind: ResourceKind, name: &str, place: Place) -> bool {
        let taken = self.in_documents.of(kind);
        // Mostly there are none, and then there is nothing to look up.
        let Some(first) = (if taken.is_empty() { None } else { taken.get(name) }) else { return true };
        let message = format!("the {} `{name}` stands in two files", kind.noun());
        let other = (&first.source, first.place);
        report.clash_with(Code::DuplicateName, place, other, message, "rename or remove one of them");
        false
    }

    pub(super) fn server(&self) -> Server {
        self.server.as_ref().map(|(_, server)| server.clone()).unwrap_or_default()
    }

    pub(super) fn store(&self) -> Option<Store> {
        self.store.as_ref()?.1.as_ref().ok().cloned()
    }

    /// What was found in `store`, where it is written and could not be read.
    pub(super) fn found_in_store(&self) -> Option<Diagnostics> {
        match self.store.as_ref()?.1.as_ref().err()? {
            Found::These(findings) => Some(findings.iter().cloned().collect()),
            Found::Nothing | Found::Untold => Some(Diagnostics::new()),
        }
    }

    /// The document. With a file that is not YAML, what it would have defined is not there, and every reference to it
    /// would be reported too: only what is certain is said then.
    pub(super) fn into_document(self, findings: &Findings) -> Document {
        let complete = self.trees == self.sources.len();
        if !self.version && complete {
            let path = self.sources.first().map(|source| source.path.to_path_buf()).unwrap_or_default();
            findings.add(
                Diagnostic::of_file(Code::Version, &path, "`version` is absent")
                    .help("begin with `version: 1`; in a directory, one file has to say it"),
            );
        }
        let (server_at, server) =
            self.server.map_or_else(Default::default, |(at, server)| (Some(at), server));
        let document = Document {
            sources: self.sources.into(),
            server,
            server_at,
            store: self.store.and_then(|(at, store)| Some((at, store.ok()?))),
            identity_providers: self.read.providers,
            agents: self.read.agents,
            limits: self.read.limits,
            api_keys: self.read.api_keys,
            new_keys: self.read.new_keys,
            warnings: Diagnostics::new(),
            known: self.known.into(),
        };
        if complete {
            links::check(findings, &document, &self.unread);
            metadata::check(findings, &document);
            audience::check(findings, &document);
            limits::check(findings, &document);
        }
        document
    }
}

fn at(report: &Report<'_>, place: Place) -> At {
    At { source: report.source().clone(), place }
}

fn twice(report: &Report<'_>, place: Place, first: &At, section: &str) {
    let (message, other) = (format!("`{section}` stands in two files"), (&first.source, first.place));
    report.clash_with(Code::DuplicateName, place, other, message, "keep it in one file");
}

impl InDocuments {
    const fn of(&mut self, kind: ResourceKind) -> &mut HashMap<String, At> {
        match kind {
            ResourceKind::IdentityProvider => &mut self.providers,
            ResourceKind::Agent => &mut self.agents,
            ResourceKind::ApiKey => &mut self.api_keys,
            ResourceKind::Limit => &mut self.limits,
        }
    }
}

impl Read {
    fn push(&mut self, entry: Entry) {
        match entry {
            Entry::Provider(provider) => self.providers.push(provider),
            Entry::Agent(agent) => self.agents.push(agent),
            Entry::ApiKey(key) => self.api_keys.push(key),
            Entry::Limit(limit) => self.limits.push(limit),
        }
    }
}

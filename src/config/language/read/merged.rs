//! The sections of all files, put together: what stands in two of them is found here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::document::{AgentEntry, ApiKeyEntry, Document, IdentityProvider, Server};
use super::super::fields::{Fields, entries};
use super::super::known::{Entry, Known};
use super::{links, read_entry, server};
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Key, Node};
use crate::model::ResourceKind;

/// All sections so far.
#[derive(Default)]
pub(super) struct Merged {
    /// How many sources could be read as YAML.
    pub(super) trees: usize,
    /// Whether the version was written somewhere.
    pub(super) version: bool,
    /// What each source was read to, where that may be known next time.
    pub(super) known: Vec<Option<Known>>,
    server: Option<(Place, Server)>,
    store: Option<(Place, Option<Spanned<PathBuf>>)>,
    providers: Named,
    agents: Named,
    api_keys: Named,
    read: Read,
}

/// What could be read, in the order in which it was written.
#[derive(Default)]
struct Read {
    providers: Vec<Arc<IdentityProvider>>,
    agents: Vec<Arc<AgentEntry>>,
    api_keys: Vec<Arc<ApiKeyEntry>>,
}

/// Names as written, also of entries that could not be read.
#[derive(Default)]
struct Named {
    names: Vec<Arc<str>>,
    seen: HashMap<Arc<str>, Place>,
}

impl Merged {
    pub(super) fn put_server<'a>(&mut self, report: &'a Report<'a>, key: &Key, node: &'a Node) {
        if let Some((first, _)) = self.server {
            let message = "`server` stands in two files";
            report.clash(Code::DuplicateName, key.place, first, message, "keep it in one file");
            return;
        }
        self.server = Some((key.place, server::read(report, key.place, node)));
    }

    pub(super) fn put_store(
        &mut self,
        report: &Report<'_>,
        key: &Key,
        read: impl FnOnce() -> Option<Spanned<PathBuf>>,
    ) {
        if let Some((first, _)) = self.store {
            let message = "`store` stands in two files";
            report.clash(Code::DuplicateName, key.place, first, message, "keep it in one file");
            return;
        }
        self.store = Some((key.place, read()));
    }

    /// The resources of one kind in a document.
    pub(super) fn put_section(&mut self, report: &Report<'_>, root: &Fields<'_>, kind: ResourceKind) {
        let field = kind.section();
        let Some(node) = root.node(field) else { return };
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
        if !self.is_new(report, kind, key) {
            return None;
        }
        let entry = read_entry(report, kind, key, node)?;
        self.read.push(entry.clone());
        Some(entry)
    }

    /// One resource that was read before; whether its name is not taken yet.
    pub(super) fn put_known(
        &mut self,
        report: &Report<'_>,
        kind: ResourceKind,
        key: &Key,
        entry: &Entry,
    ) -> bool {
        let new = self.is_new(report, kind, key);
        if new {
            self.read.push(entry.clone());
        }
        new
    }

    fn is_new(&mut self, report: &Report<'_>, kind: ResourceKind, key: &Key) -> bool {
        let named = match kind {
            ResourceKind::IdentityProvider => &mut self.providers,
            ResourceKind::Agent => &mut self.agents,
            ResourceKind::ApiKey => &mut self.api_keys,
        };
        if let Some(first) = named.seen.get(key.text.as_str()) {
            let message = format!("the {} `{}` stands in two files", kind.noun(), key.text);
            report.clash(Code::DuplicateName, key.place, *first, message, "rename or remove one of them");
            return false;
        }
        let name: Arc<str> = Arc::from(key.text.as_str());
        named.seen.insert(Arc::clone(&name), key.place);
        named.names.push(name);
        true
    }

    pub(super) fn server(&self) -> Server {
        self.server.as_ref().map(|(_, server)| server.clone()).unwrap_or_default()
    }

    pub(super) fn store(&self) -> Option<PathBuf> {
        Some(self.store.as_ref()?.1.as_ref()?.value.clone())
    }

    /// The document. With a file that is not YAML, what it would have defined is not there, and every reference to it
    /// would be reported too: only what is certain is said then.
    pub(super) fn into_document(self, report: &Report<'_>) -> Document {
        let complete = self.trees == report.sources().len();
        if !self.version && complete {
            let path = report.sources().first().map(|s| s.path.clone()).unwrap_or_default();
            report.add(
                Diagnostic::of_file(Code::Version, &path, "`version` is absent")
                    .help("begin with `version: 1`; in a directory, one file has to say it"),
            );
        }
        let document = Document {
            sources: Arc::from(report.sources()),
            server: self.server(),
            server_place: self.server.as_ref().map(|(place, _)| *place),
            store: self.store.and_then(|(_, directory)| directory),
            identity_providers: self.read.providers,
            agents: self.read.agents,
            api_keys: self.read.api_keys,
            warnings: Diagnostics::new(),
            known: self.known.into(),
        };
        if complete {
            let names = links::Names {
                providers: self.providers.names.iter().map(|name| &**name).collect(),
                agents: self.agents.names.iter().map(|name| &**name).collect(),
                api_keys: self.api_keys.names.len(),
            };
            links::check(report, &document, &names);
        }
        document
    }
}

impl Read {
    fn push(&mut self, entry: Entry) {
        match entry {
            Entry::Provider(provider) => self.providers.push(provider),
            Entry::Agent(agent) => self.agents.push(agent),
            Entry::ApiKey(key) => self.api_keys.push(key),
        }
    }
}

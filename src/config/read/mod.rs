//! Trees to a [`Document`]: every section has its reader, all findings are collected, and what the sections
//! say about each other is checked in `links`.

mod agent;
mod api_key;
mod auth;
mod cors;
mod links;
mod provider;
mod server;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::document::{Document, Server};
use super::fields::{Fields, entries};
use super::report::Report;
use super::sections::{ROOT, STORE};
use super::source::{Place, Source, Spanned};
use super::value;
use super::yaml::{self, Key, Node};
use crate::model::{ResourceId, ResourceKind};

/// Reads a configuration of one or several files. `env` answers for `${NAME}`.
///
/// # Errors
/// Everything that is wrong, in the order of files and lines, warnings among it.
pub fn parse(sources: &[Source], env: &dyn Fn(&str) -> Option<String>) -> Result<Document, Diagnostics> {
    parse_for(&[], sources, env)
}

/// The same for somebody who asks about these resources: what is found in them is told, however much else there is.
///
/// # Errors
/// Everything that is wrong.
pub fn parse_for(
    asked: &[ResourceId],
    sources: &[Source],
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Document, Diagnostics> {
    if sources.is_empty() {
        let finding = Diagnostic::of_file(Code::EmptyFile, Path::new("."), "there is no configuration file");
        return Err(finding.help("name a file, or a directory with at least one `*.yaml` in it").into());
    }
    let report = Report::asked(sources, asked);
    let trees = trees(&report, env);
    // With a file that is not YAML, what it would have defined is not there, and every reference to it would
    // be reported too: only say what is certain.
    let complete = trees.len() == sources.len();
    let document = document(&report, sources, &trees, complete);
    let findings = report.finish();
    match document {
        Some(document) if !findings.has_errors() => Ok(Document { warnings: findings, ..document }),
        _ => Err(findings),
    }
}

/// What these documents say about the process, whatever else is right or wrong with them; absent when they
/// cannot be read at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// `server`; what could not be read has its default.
    pub server: Server,
    /// The folder in which resources are stored one by one, if there is one.
    pub store: Option<PathBuf>,
}

/// Reads the outline: without the folder that it names, references into it would look wrong.
#[must_use]
pub fn outline(sources: &[Source], env: &dyn Fn(&str) -> Option<String>) -> Option<Outline> {
    let report = Report::new(sources);
    let trees = trees(&report, env);
    let document = document(&report, sources, &trees, false).filter(|_| !trees.is_empty())?;
    Some(Outline { server: document.server, store: document.store.map(|folder| folder.value) })
}

type Tree = (usize, Option<Key>, Node);

fn trees(report: &Report<'_>, env: &dyn Fn(&str) -> Option<String>) -> Vec<Tree> {
    let sources = report.sources();
    let tree = |i| Some((i, entry_key(sources, i), yaml::read(report, i, env)?));
    (0..sources.len()).filter_map(tree).collect()
}

fn document<'a>(
    report: &'a Report<'a>,
    sources: &[Source],
    trees: &'a [Tree],
    complete: bool,
) -> Option<Document> {
    let mut merged = Merged::default();
    let mut version = false;
    let mut store = None;
    for (source, name, tree) in trees {
        let top = Place { source: *source, line: 1, column: 1, width: 1 };
        if let Some((kind, key)) = kind_of(sources, *source).zip(name.as_ref()) {
            merged.named(kind).put(report, kind.noun(), key, tree);
            continue;
        }
        let Some(root) = Fields::open(report, &ROOT, top, tree) else {
            // One finding is enough for a file that is something else altogether.
            version = true;
            continue;
        };
        version |= root.has("version");
        read_version(report, &root);
        merged.add_server(report, &root);
        merged.providers.add(report, &root, "identity_providers", "identity provider");
        merged.agents.add(report, &root, "agents", "agent");
        merged.api_keys.add(report, &root, "api_keys", "API key");
        read_store(report, &root, &mut store);
        root.close();
    }
    if !version && complete {
        let path = sources.first().map(|s| s.path.clone()).unwrap_or_default();
        report.add(
            Diagnostic::of_file(Code::Version, &path, "`version` is absent")
                .help("begin with `version: 1`; in a directory, one file has to say it"),
        );
    }
    let server = merged.server.map(|(key, node)| server::read(report, key.place, node));
    let identity_providers = merged.providers.read(|key, node| provider::read(report, key, node));
    let agents = merged.agents.read(|key, node| agent::read(report, key, node));
    let api_keys = merged.api_keys.read(|key, node| api_key::read(report, key, node));
    let document = Document {
        sources: Arc::from(sources),
        server: server.unwrap_or_default(),
        server_place: merged.server.map(|(key, _)| key.place),
        store: store.and_then(|(_, directory)| directory),
        identity_providers,
        agents,
        api_keys,
        warnings: Diagnostics::new(),
    };
    if complete {
        let names = links::Names {
            providers: merged.providers.names(),
            agents: merged.agents.names(),
            api_keys: merged.api_keys.entries.len(),
        };
        links::check(report, &document, &names);
    }
    Some(document)
}

fn read_version(report: &Report<'_>, root: &Fields<'_>) {
    let Some(node) = root.node("version") else { return };
    let Some(version) = value::text(report, node) else { return };
    if version != "1" {
        let message = format!("this program reads version 1, and this is {}", node.shown());
        report.say(Code::Version, node.place, message, "write `version: 1`");
    }
}

fn kind_of(sources: &[Source], source: usize) -> Option<ResourceKind> {
    Some(sources.get(source)?.entry.as_ref()?.kind())
}

/// The name of the resource that a source holds. What is said of the name is said of the whole file.
fn entry_key(sources: &[Source], source: usize) -> Option<Key> {
    let text = sources.get(source)?.entry.as_ref()?.name().to_owned();
    Some(Key { text, place: Place { source, line: 0, column: 0, width: 0 } })
}

/// Where resources are stored one by one: the place of the section, and the folder if it could be read.
type Store = (Place, Option<Spanned<PathBuf>>);

fn read_store(report: &Report<'_>, root: &Fields<'_>, store: &mut Option<Store>) {
    let Some((key, node)) = root.entry("store") else { return };
    if let Some((first, _)) = store {
        let message = "`store` stands in two files";
        report.clash(Code::DuplicateName, key.place, *first, message, "keep it in one file");
        return;
    }
    let directory = Fields::open(report, &STORE, key.place, node).and_then(|fields| {
        let directory = fields.required("directory", value::path);
        fields.close();
        directory
    });
    *store = Some((key.place, directory));
}

/// The sections of all files, put together.
#[derive(Default)]
struct Merged<'a> {
    server: Option<(&'a Key, &'a Node)>,
    providers: Named<'a>,
    agents: Named<'a>,
    api_keys: Named<'a>,
}

impl<'a> Merged<'a> {
    fn named(&mut self, kind: ResourceKind) -> &mut Named<'a> {
        match kind {
            ResourceKind::IdentityProvider => &mut self.providers,
            ResourceKind::Agent => &mut self.agents,
            ResourceKind::ApiKey => &mut self.api_keys,
        }
    }

    fn add_server(&mut self, report: &Report<'_>, root: &Fields<'a>) {
        let Some((key, node)) = root.entry("server") else { return };
        match self.server {
            None => self.server = Some((key, node)),
            Some((first, _)) => {
                let help = "keep it in one file";
                let message = "`server` stands in two files";
                report.clash(Code::DuplicateName, key.place, first.place, message, help);
            }
        }
    }
}

/// Entries with a name, of all files.
#[derive(Default)]
struct Named<'a> {
    entries: Vec<(&'a Key, &'a Node)>,
    seen: HashMap<&'a str, Place>,
}

impl<'a> Named<'a> {
    fn add(&mut self, report: &Report<'_>, root: &Fields<'a>, field: &'static str, what: &str) {
        let Some(node) = root.node(field) else { return };
        for (key, node) in entries(report, &format!("`{field}`"), node).unwrap_or_default() {
            self.put(report, what, key, node);
        }
    }

    fn put(&mut self, report: &Report<'_>, what: &str, key: &'a Key, node: &'a Node) {
        if let Some(first) = self.seen.get(key.text.as_str()) {
            let message = format!("the {what} `{}` stands in two files", key.text);
            report.clash(Code::DuplicateName, key.place, *first, message, "rename or remove one of them");
            return;
        }
        self.seen.insert(&key.text, key.place);
        self.entries.push((key, node));
    }

    fn read<T>(&self, read: impl Fn(&'a Key, &'a Node) -> Option<T>) -> Vec<T> {
        self.entries.iter().filter_map(|(key, node)| read(key, node)).collect()
    }

    /// The names as written, also of entries that could not be read.
    fn names(&self) -> Vec<&'a str> {
        self.entries.iter().map(|(key, _)| key.text.as_str()).collect()
    }
}

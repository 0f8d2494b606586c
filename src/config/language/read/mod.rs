//! Trees to a [`Document`]: every section has its reader, all findings are collected, and what the sections
//! say about each other is checked in `links`.
//!
//! A source is read and its tree given up before the next one is looked at. A resource of a store whose text is that of
//! the snapshot before is not read at all: what it was read to is still known (see `known`).

mod agent;
mod also;
mod api_key;
mod auth;
mod cors;
mod forward_token;
mod issuer;
mod links;
mod merged;
mod provider;
mod route;
mod server;
mod set_headers;
mod upstream;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::{Document, Server};
use super::fields::Fields;
use super::known::{Entry, Known};
use super::sections::{ROOT, STORE};
use super::value;
use crate::config::snapshot::Snapshot;
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Source, Spanned};
use crate::config::text::yaml::{self, Key, Node};
use crate::model::{ResourceId, ResourceKind};
use merged::Merged;

/// Answers for `${NAME}`.
type Environment<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// Reads a configuration of one or several files. `env` answers for `${NAME}`.
///
/// # Errors
/// Everything that is wrong, in the order of files and lines, warnings among it.
pub fn parse(sources: &[Source], env: &Environment<'_>) -> Result<Document, Diagnostics> {
    parse_after(None, &[], sources, env)
}

/// The same, when `before` is what runs: what did not change since then is not read again.
///
/// For somebody who asks about some resources: what is found in them is told, however much else there is.
///
/// # Errors
/// Everything that is wrong.
pub fn parse_after(
    before: Option<&Snapshot>,
    asked: &[ResourceId],
    sources: &[Source],
    env: &Environment<'_>,
) -> Result<Document, Diagnostics> {
    if sources.is_empty() {
        let finding = Diagnostic::of_file(Code::EmptyFile, Path::new("."), "there is no configuration file");
        return Err(finding.help("name a file, or a directory with at least one `*.yaml` in it").into());
    }
    let report = Report::asked(sources, asked);
    let read = Reading { report: &report, before, env }.all();
    let document = read.into_document(&report);
    let findings = report.finish();
    if findings.has_errors() { Err(findings) } else { Ok(Document { warnings: findings, ..document }) }
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
pub fn outline(sources: &[Source], env: &Environment<'_>) -> Option<Outline> {
    let report = Report::new(sources);
    let read = Reading { report: &report, before: None, env }.all();
    let any = read.trees > 0;
    any.then(|| Outline { server: read.server(), store: read.store() })
}

/// What reading works on.
struct Reading<'a> {
    report: &'a Report<'a>,
    before: Option<&'a Snapshot>,
    env: &'a Environment<'a>,
}

impl Reading<'_> {
    fn all(&self) -> Merged {
        let mut merged = Merged::default();
        for (source, file) in self.report.sources().iter().enumerate() {
            let known = match &file.entry {
                Some(id) => self.resource(&mut merged, source, file, id),
                None => {
                    self.document(&mut merged, source);
                    None
                }
            };
            merged.known.push(known);
        }
        merged
    }

    fn document(&self, merged: &mut Merged, source: usize) {
        let report = self.report;
        let Some(tree) = yaml::read(report, source, self.env) else { return };
        merged.trees += 1;
        let Some(root) = Fields::open(report, &ROOT, Place::new(source, 1, 1, 1), &tree) else {
            // One finding is enough for a file that is something else altogether.
            merged.version = true;
            return;
        };
        merged.version |= root.has("version");
        read_version(report, &root);
        if let Some((key, node)) = root.entry("server") {
            merged.put_server(report, key, node);
        }
        for kind in ResourceKind::ALL {
            merged.put_section(report, &root, kind);
        }
        if let Some((key, node)) = root.entry("store") {
            merged.put_store(report, key, || read_store(report, key, node));
        }
        root.close();
    }

    /// A source that holds one resource; what it was read to, when that may be known next time.
    fn resource(&self, merged: &mut Merged, source: usize, file: &Source, id: &ResourceId) -> Option<Known> {
        let report = self.report;
        // What is said of the name is said of the whole file.
        let key = Key { text: id.name().to_owned(), place: Place::new(source, 0, 0, 0) };
        if let Some(known) = self.known(source, file) {
            merged.trees += 1;
            known.say(report);
            return merged.put_known(report, id.kind(), &key, &known.entry).then_some(known);
        }
        let mark = report.mark();
        let tree = yaml::read(report, source, self.env)?;
        merged.trees += 1;
        let entry = merged.put(report, id.kind(), &key, &tree)?;
        // What the environment holds may change without the text.
        (!file.text.contains("${")).then(|| Known { entry, found: report.since(mark) })
    }

    /// What a source was read to before, when it is the same.
    fn known(&self, source: usize, file: &Source) -> Option<Known> {
        let before = self.before.filter(|_| !self.report.is_asked(source))?;
        let index = before.index_of_source(file, source)?;
        let known = before.known.get(index)?.as_ref().filter(|known| known.is_whole(self.report))?;
        Some(if index == source { known.clone() } else { known.moved_to(source) })
    }
}

fn read_version(report: &Report<'_>, root: &Fields<'_>) {
    let Some(node) = root.node("version") else { return };
    let Some(version) = value::text(report, node) else { return };
    if version != "1" {
        let message = format!("this program reads version 1, and this is {}", node.shown());
        report.say(Code::Version, node.place, message, "write `version: 1`");
    }
}

/// The folder in which resources are stored one by one, if it could be read.
fn read_store<'a>(report: &'a Report<'a>, key: &Key, node: &'a Node) -> Option<Spanned<PathBuf>> {
    let fields = Fields::open(report, &STORE, key.place, node)?;
    let directory = fields.required("directory", value::path);
    fields.close();
    directory
}

/// Reads one resource.
fn read_entry(report: &Report<'_>, kind: ResourceKind, key: &Key, node: &Node) -> Option<Entry> {
    Some(match kind {
        ResourceKind::IdentityProvider => Entry::Provider(Arc::new(provider::read(report, key, node)?)),
        ResourceKind::Agent => Entry::Agent(Arc::new(agent::read(report, key, node)?)),
        ResourceKind::ApiKey => Entry::ApiKey(Arc::new(api_key::read(report, key, node)?)),
    })
}

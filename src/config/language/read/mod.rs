//! Trees to a [`Document`]: every section has its reader, all findings are collected, and what the sections
//! say about each other is checked in `links`.
//!
//! A source is read and its tree given up before the next one is looked at. A resource of a store whose text is that of
//! the snapshot before is not read at all: what it was read to is still known (see `known`).

mod audience;
mod limits;
mod links;
mod merged;
mod metadata;

use std::path::Path;
use std::sync::Arc;

use super::document::Document;
use super::fields::Fields;
use super::known::{Entry, Known};
use super::settings::limit::read_limit;
use super::settings::resource::read_resource;
use super::settings::root::ROOT;
use super::settings::server::Server;
use super::settings::store::Store;
use super::values::text;
use crate::config::snapshot::Snapshot;
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Source};
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
    let findings = Findings::asked(asked);
    let read = Reading { findings: &findings, before, env }.all(sources);
    let document = read.into_document(&findings);
    let findings = findings.finish(sources);
    if findings.has_errors() { Err(findings) } else { Ok(Document { warnings: findings, ..document }) }
}

/// What these documents say about the process, whatever else is right or wrong with them; absent when they
/// cannot be read at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// `server`; what could not be read has its default.
    pub server: Server,
    /// Where resources are stored one by one, if they are.
    pub store: Option<Store>,
    /// What is wrong with `store`, where it is written and could not be read.
    pub found_in_store: Option<Diagnostics>,
}

/// Reads the outline: without the folder that it names, references into it would look wrong.
#[must_use]
pub fn outline(sources: &[Source], env: &Environment<'_>) -> Option<Outline> {
    let read = Reading { findings: &Findings::default(), before: None, env }.all(sources);
    let any = read.trees > 0;
    any.then(|| Outline { server: read.server(), store: read.store(), found_in_store: read.found_in_store() })
}

/// What reading works on.
struct Reading<'a> {
    findings: &'a Findings,
    before: Option<&'a Snapshot>,
    env: &'a Environment<'a>,
}

impl Reading<'_> {
    /// Documents come first: what a store holds is compared with them.
    fn all(&self, sources: &[Source]) -> Merged {
        let mut merged = Merged::default();
        for source in sources.iter().filter(|source| source.entry.is_none()) {
            self.document(&mut merged, source);
        }
        merged.sources.reserve_exact(sources.len());
        merged.known.reserve_exact(sources.len());
        // Mostly what runs has the same texts in the same order.
        let mut likely = 0;
        for source in sources {
            let (source, known) = match &source.entry {
                Some(id) => self.resource(&mut merged, &mut likely, source, id),
                None => {
                    likely += 1;
                    (source, None)
                }
            };
            merged.sources.push(source.clone());
            merged.known.push(known);
        }
        merged
    }

    fn document(&self, merged: &mut Merged, source: &Source) {
        let report = &Report::new(self.findings, source);
        let Some(tree) = yaml::read(report, self.env) else { return };
        merged.trees += 1;
        let Some(root) = Fields::open(report, ROOT, Place::new(1, 1, 1), &tree) else {
            // One finding is enough for a file that is something else altogether.
            merged.version = true;
            return;
        };
        merged.version |= root.has("version");
        read_version(report, &root);
        if let Some((place, node)) = root.entry("server") {
            merged.put_server(report, place, node);
        }
        for kind in ResourceKind::ALL {
            merged.put_section(report, &root, kind);
        }
        if let Some((place, node)) = root.entry("store") {
            merged.put_store(report, place, node);
        }
        root.close();
    }

    /// A source that holds one resource: the source in which its places are, and what it was read to, when that may be
    /// known next time.
    fn resource<'s>(
        &'s self,
        merged: &mut Merged,
        likely: &mut usize,
        source: &'s Source,
        id: &ResourceId,
    ) -> (&'s Source, Option<Known>) {
        if let Some((source, known)) = self.known(likely, source) {
            let report = Report::new(self.findings, source);
            merged.trees += 1;
            known.say(self.findings);
            let new = merged.put_known(&report, id, &known.entry);
            return (source, new.then(|| known.clone()));
        }
        (source, self.read(merged, &Report::new(self.findings, source), id))
    }

    fn read(&self, merged: &mut Merged, report: &Report<'_>, id: &ResourceId) -> Option<Known> {
        let mark = self.findings.mark();
        let Some(tree) = yaml::read(report, self.env) else {
            merged.put_unread(id);
            return None;
        };
        merged.trees += 1;
        // What is said of the name is said of the whole file.
        let key = Key { text: id.name().to_owned(), place: Place::WHOLE };
        let entry = merged.put(report, id.kind(), &key, &tree)?;
        // What the environment holds may change without the text.
        let lasting = !report.source().text.contains("${");
        lasting.then(|| Known { entry, found: self.findings.since(mark) })
    }

    /// What a source was read to before, when it is the same, and the source that was read then: one text is held once.
    fn known(&self, likely: &mut usize, source: &Source) -> Option<(&Source, &Known)> {
        let before = self.before?;
        let index = before.index_of_source(source, *likely)?;
        *likely = index + 1;
        let held = before.sources.get(index)?;
        if self.findings.is_asked(source) || held != source {
            return None;
        }
        let known = before.known.get(index)?.as_ref().filter(|known| known.is_whole(self.findings))?;
        Some((held, known))
    }
}

fn read_version(report: &Report<'_>, root: &Fields<'_>) {
    let Some(node) = root.node("version") else { return };
    let Some(version) = text(report, node) else { return };
    if version != "1" {
        let message = format!("this program reads version 1, and this is {}", node.shown());
        report.say(Code::Version, node.place, message, "write `version: 1`");
    }
}

/// Reads one resource.
fn read_entry(report: &Report<'_>, kind: ResourceKind, key: &Key, node: &Node) -> Option<Entry> {
    Some(match kind {
        ResourceKind::IdentityProvider => Entry::Provider(Arc::new(read_resource(report, key, node)?)),
        ResourceKind::Agent => Entry::Agent(Arc::new(read_resource(report, key, node)?)),
        ResourceKind::ApiKey => Entry::ApiKey(Arc::new(read_resource(report, key, node)?)),
        ResourceKind::Limit => Entry::Limit(Arc::new(read_limit(report, key, node)?)),
    })
}

//! A document and the files that it names, to a [`Snapshot`]. What was compiled before is kept where nothing that it
//! is made of has changed, so that keys and resolved names survive a reload, and a change of one agent compiles one.

mod agents;
mod assertion;
mod audience;
mod card;
mod chain;
mod client_trust;
mod events;
mod files;
mod given;
mod input;
mod introspection;
mod kept;
mod keys;
mod limits;
mod made;
mod operations;
mod protocol;
mod providers;
mod requirements;
mod restart;
mod sealing;
mod sender_constraint;
mod session_keys;
mod shared_state;
mod signing;
mod targets;
mod terms;
mod tracing;
mod trust;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::named::Named;
use super::snapshot::{Revision, Snapshot};
use crate::config::language::document::Document;
use crate::config::language::settings::agent::AgentEntry;
use crate::config::language::settings::limit::GlobalLimit;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::findings::Findings;
use crate::config::text::source::Source;
use crate::model::Digest;
use crate::routing::Router;
use crate::signing::SigningFrom;
use crate::telemetry::Metrics;

pub use terms::ending_certificates;

use input::Input;

/// What the files that a document names hold, or why they cannot be read.
pub type Files = BTreeMap<PathBuf, Result<Vec<u8>, String>>;

/// A snapshot, and what somebody should look at.
#[derive(Debug)]
pub struct Compiled {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Warnings, those of the document among them.
    pub warnings: Diagnostics,
}

/// Compiles a document. `files` holds what [`Document::files`] asked for; `previous` is the snapshot that
/// the process runs with.
///
/// # Errors
/// Everything that is wrong with the files, and with keys and certificates, warnings among it.
pub fn compile(
    document: &Document,
    files: &Files,
    previous: Option<&Snapshot>,
    metrics: &Metrics,
) -> Result<Compiled, Diagnostics> {
    let found = Findings::default();
    let input = Input { findings: &found, document, files, previous, metrics };
    let (certificates, mut terms) = files::certificates(&input);
    let client_trust = client_trust::read(&input, &mut terms);
    let (wanted, signing_from) = (providers::wanted(&input, &mut terms), signing::from(&input));
    let wanted_events = events::wanted(&input);
    let from = from_files(&input, &mut terms);
    sealing::check(&input, &from.sessions.process);
    check(&input);
    // Up to here everything was looked at, so that all errors are known; from here on things are made.
    let agents = (!found.has_errors()).then(|| {
        let providers = providers::make(&input, wanted);
        let events = events::make(&input, wanted_events, &providers);
        (agents::make(&input, &providers, &from), providers, events)
    });
    let findings = said(document, found);
    let made = agents.filter(|_| !findings.has_errors());
    let Some((agents, providers, events)) = made else { return Err(findings) };
    let router = reserve(agents.router, signing_from.as_ref(), &events);
    let snapshot = Snapshot {
        revision: revision(&document.sources, files),
        server: previous.map_or_else(|| Arc::new(document.server.clone()), |p| Arc::clone(&p.server)),
        public_url: document.server.public_url.clone(),
        signing: signing::cell(previous),
        signing_from,
        store: previous.map_or_else(|| document.store().cloned(), |p| p.store.clone()),
        sources: Arc::clone(&document.sources),
        stored: stored(&document.sources),
        known: document.known.clone(),
        entries: entries(&document.agents),
        api_keys: agents.api_keys,
        keys: agents.keys,
        warnings: findings.clone(),
        certificate_files: terms::kept(terms, &certificates, previous),
        client_trust,
        certificates: files::kept(certificates, previous),
        router,
        agents: agents.agents,
        issuers: agents.issuers,
        tokens: agents.tokens,
        denials: agents.denials,
        events,
        sessions: from.sessions.process,
        global_limits: global_limits(&document.limits),
        limits: agents.limits,
        endpoints: agents.endpoints,
        targets: agents.targets,
        providers,
    };
    Ok(Compiled { snapshot, warnings: findings })
}

/// What files hold for agents.
fn from_files(input: &Input<'_>, terms: &mut Vec<Named>) -> made::FromFiles {
    made::FromFiles {
        trust: trust::read(input, terms),
        shown: trust::shown(input, terms),
        given: given::read(input),
        sessions: session_keys::read(input),
        nonces: sender_constraint::read(input),
    }
}

/// Adds the places of the gateway's own to the routes of agents.
fn reserve(mut router: Router, signing: Option<&SigningFrom>, events: &events::Receivers) -> Router {
    if signing.is_some() {
        router.publish_keys();
    }
    for (name, _) in events.iter().filter(|(_, receiver)| receiver.is_sent_to()) {
        router.receive_events(name);
    }
    router
}

/// Checks what is not made here.
fn check(input: &Input<'_>) {
    tracing::check(input);
    shared_state::check(input);
    input.previous.into_iter().for_each(|previous| restart::warn(input.findings, input.document, previous));
}

/// What was found in the document and by the compiler.
fn said(document: &Document, found: Findings) -> Diagnostics {
    let mut findings = document.warnings.clone();
    findings.append(found.finish(&document.sources));
    findings.sorted()
}

fn stored(sources: &[Source]) -> Box<[usize]> {
    let entry = |index: &usize| sources.get(*index).and_then(|source| source.entry.as_ref());
    let mut stored: Vec<usize> = (0..sources.len()).filter(|index| entry(index).is_some()).collect();
    stored.sort_by_key(entry);
    stored.into()
}

fn entries(agents: &[Arc<AgentEntry>]) -> Box<[Arc<AgentEntry>]> {
    let mut entries = agents.to_vec();
    entries.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    entries.into()
}

fn global_limits(limits: &[Arc<GlobalLimit>]) -> Box<[Arc<GlobalLimit>]> {
    let mut limits = limits.to_vec();
    limits.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    limits.into()
}

/// The name of these inputs: their hash, each with its length, so that nothing can move from one to the next
/// unseen. `files` are those that the texts name, and no others.
#[must_use]
pub fn revision(sources: &[Source], files: &Files) -> Revision {
    let mut all = Digest::running();
    let mut add = |bytes: &[u8]| {
        all.add(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        all.add(bytes);
    };
    for source in sources {
        add(source.path.as_os_str().as_encoded_bytes());
        add(source.text.as_bytes());
    }
    for (path, held) in files {
        add(path.as_os_str().as_encoded_bytes());
        if let Ok(bytes) = held {
            add(Digest::of(bytes).to_hex().as_bytes());
        }
    }
    Revision::new(&all.finish().to_hex())
}

#[cfg(test)]
mod tests;

//! Changes that a running process cannot follow.

use super::super::snapshot::Snapshot;
use crate::config::language::document::Document;
use crate::config::language::section::Settings as _;
use crate::config::language::settings::server::Server;
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::findings::Findings;
use crate::config::text::source::At;

/// Warns when `server` is not what the process runs with. Certificates, the public URL and the keys that sign are not
/// looked at: they do follow.
pub(super) fn warn(findings: &Findings, document: &Document, running: &Snapshot) {
    if document.store() != running.store.as_ref() {
        let at = document
            .store
            .as_ref()
            .map(|(at, store)| At { place: store.place().unwrap_or(at.place), ..at.clone() });
        say(findings, document, at.as_ref(), "`store` has changed: takes effect on restart".to_owned());
    }
    let changed = changed(&document.server, &running.server);
    if !changed.is_empty() {
        let message = format!("`server` has changed ({}): takes effect on restart", changed.join(", "));
        say(findings, document, document.server_at.as_ref(), message);
    }
}

/// The fields that are not what the process runs with, but for those that follow a change.
fn changed(written: &Server, running: &Server) -> Vec<&'static str> {
    let kept = |server: &Server| -> Vec<_> {
        let listeners = server.listeners.iter();
        listeners.map(|l| (l.address.value, l.tls.is_some(), l.proxy_protocol, l.h2c)).collect()
    };
    let mut changed = written.changed(running);
    changed.retain(|field| match *field {
        "public_url" | "signing" => false,
        // Certificates follow.
        "listeners" => kept(written) != kept(running),
        _ => true,
    });
    changed
}

const HELP: &str = "restart the process, or take the change back";

fn say(findings: &Findings, document: &Document, at: Option<&At>, message: String) {
    let finding = match at {
        Some(at) => Diagnostic::at(Code::RestartNeeded, &at.source, at.place, message),
        None => {
            let path = document.sources.first().map(|source| source.path.to_path_buf()).unwrap_or_default();
            Diagnostic::of_file(Code::RestartNeeded, &path, message)
        }
    };
    findings.add(finding.help(HELP));
}

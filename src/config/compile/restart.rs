//! Changes that a running process cannot follow.

use super::super::snapshot::Snapshot;
use crate::config::language::document::{Document, Server};
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::report::Report;

/// Warns when `server` is not what the process runs with. Certificates and the public URL are not
/// looked at: they do follow.
pub(super) fn warn(report: &Report<'_>, document: &Document, running: &Snapshot) {
    if document.store.as_ref().map(|path| &path.value) != running.store.as_ref() {
        let message = "`store` has changed: takes effect on restart";
        let finding = match &document.store {
            Some(path) => Diagnostic::at(Code::RestartNeeded, report.sources(), path.place, message),
            None => of_first_file(report, message.to_owned()),
        };
        report.add(finding.help(HELP));
    }
    let running = &running.server;
    let written = &document.server;
    let ports = |server: &Server| -> Vec<_> {
        server
            .listeners
            .iter()
            .map(|l| (l.address.value, l.certificates.is_empty(), l.proxy_protocol))
            .collect()
    };
    let path = |server: &Server| server.health_path.as_ref().map(|path| path.value.clone());
    let changed: Vec<&str> = [
        ("health_path", path(written) != path(running)),
        ("listeners", ports(written) != ports(running)),
        ("workers", written.workers != running.workers),
        ("ops", written.ops != running.ops),
        ("admin", written.admin != running.admin),
        ("state_dir", written.state_dir != running.state_dir),
        ("token_cache", written.token_cache_entries != running.token_cache_entries),
        ("limits", written.limits != running.limits),
        ("trusted_proxies", written.trusted_proxies != running.trusted_proxies),
        ("shutdown", written.shutdown != running.shutdown),
        ("access_log", written.access_log != running.access_log),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect();
    if changed.is_empty() {
        return;
    }
    let message = format!("`server` has changed ({}): takes effect on restart", changed.join(", "));
    let finding = match document.server_place {
        Some(place) => Diagnostic::at(Code::RestartNeeded, report.sources(), place, message),
        None => of_first_file(report, message),
    };
    report.add(finding.help(HELP));
}

const HELP: &str = "restart the process, or take the change back";

fn of_first_file(report: &Report<'_>, message: String) -> Diagnostic {
    let path = report.sources().first().map(|s| s.path.clone()).unwrap_or_default();
    Diagnostic::of_file(Code::RestartNeeded, &path, message)
}

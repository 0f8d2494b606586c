//! Where requests and decisions are written down: the access log, the decisions that the console shows, the refusals that
//! are kept on disk.

use std::io::Write;
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::config::{self, Snapshot};
use crate::model::Clock;
use crate::telemetry::{AccessLog, AccessLogGuard, Decisions, Refusals, RefusalsGuard};

pub(super) fn access_log(
    settings: &config::Server,
    out: Box<dyn Write + Send>,
) -> (AccessLog, AccessLogGuard) {
    match settings.access_log {
        config::AccessLog::Stdout => AccessLog::to(out),
        config::AccessLog::Off => AccessLog::off(),
    }
}

/// Where decisions are noted, when somebody can ask for them later: over the control API, or in a folder where refusals
/// are kept.
pub(super) fn noted(
    snapshot: &Snapshot,
    clock: &Arc<dyn Clock>,
    lists_allowed: bool,
    runtime: &Runtime,
) -> (Option<Decisions>, Option<RefusalsGuard>) {
    let folder = snapshot.server.state_dir.as_ref().or_else(|| snapshot.store.as_ref()?.folder());
    let opened = folder.and_then(|folder| {
        let opened = Refusals::open(folder, Arc::clone(clock));
        let told = opened.inspect_err(|error| {
            tracing::warn!(folder = %folder.display(), %error, "refusals are not kept on disk");
        });
        told.ok()
    });
    let (refusals, guard) = opened.unzip();
    if let Some(refusals) = &refusals {
        runtime.spawn(refusals.clone().tidy_up());
    }
    let wanted = lists_allowed || refusals.is_some();
    (wanted.then(|| Decisions::new(clock.now(), refusals, lists_allowed)), guard)
}

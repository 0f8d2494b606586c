//! Where requests and decisions are written down: the access log, the decisions that the console shows, the refusals that
//! are kept on disk.

use std::io::Write;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{self, Snapshot};
use crate::model::Clock;
use crate::telemetry::{AccessLog, AccessLogGuard, Decisions, LogFile, Refusals, RefusalsGuard};

use super::start_error::StartError;

/// Opens the file of the access log, if it goes into one, and opens it again at each SIGUSR1.
pub(super) fn log_file(settings: &config::Server, runtime: &Runtime) -> Result<Option<LogFile>, StartError> {
    let file = match &settings.access_log {
        config::AccessLog::File(path) => {
            let opened = LogFile::open(path);
            Some(opened.map_err(|source| StartError::AccessLog { file: path.clone(), source })?)
        }
        config::AccessLog::Stdout | config::AccessLog::Off => None,
    };
    let _in_runtime = runtime.enter();
    let asked = signal(SignalKind::user_defined1()).map_err(StartError::system)?;
    runtime.spawn(reopen(file.clone(), asked));
    Ok(file)
}

async fn reopen(file: Option<LogFile>, mut asked: Signal) {
    while asked.recv().await.is_some() {
        match file.clone() {
            Some(file) => {
                // One after the other: the last signal opens the file that is there then.
                let _opened = tokio::task::spawn_blocking(move || file.reopen()).await;
            }
            None => {
                tracing::info!("SIGUSR1, but the access log goes into no file that could be opened again")
            }
        }
    }
}

/// The access log, to `file` where it has one, else to `out` unless it is off.
pub(super) fn access_log(
    settings: &config::Server,
    file: Option<LogFile>,
    out: Box<dyn Write + Send>,
) -> (AccessLog, AccessLogGuard) {
    match (file, &settings.access_log) {
        (Some(file), _) => AccessLog::to(file),
        (None, config::AccessLog::Stdout) => AccessLog::to(out),
        (None, config::AccessLog::Off | config::AccessLog::File(_)) => AccessLog::off(),
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

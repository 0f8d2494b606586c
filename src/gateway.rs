//! The composition root: from a store to a running gateway, and from a signal to its end.
//!
//! A gateway is built from a snapshot: no listener of callers or operators opens without one, while the pages for
//! operations say what a start waits for. What happens to a request is in `proxy`.

mod begin;
mod companions;
mod console;
mod descriptors;
mod first;
mod life;
mod listeners;
mod notify;
mod opened;
mod pages;
mod records;
mod session_key;
mod shards;
mod start;
mod start_error;
mod successor;
mod traces;
mod waiting;

use std::io::Write;

use crate::door::Drain;
use crate::store::Documents;
use crate::telemetry::Metrics;

use begin::Process;
use life::Requests;
use opened::Opened;
pub use start_error::StartError;

/// What to run.
pub struct Options {
    /// The documents of the configuration; a store that they name is opened here.
    pub documents: Box<dyn Documents>,
    /// Whether the listeners are taken over from a running gateway.
    pub upgrade: bool,
    /// Where access log lines go when the configuration names no file.
    pub access_log: Box<dyn Write + Send>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("upgrade", &self.upgrade).finish_non_exhaustive()
    }
}

/// Makes `ring` the process's TLS library. Called first thing, before any TLS client or server is built.
pub fn install_crypto() {
    // A second call (tests in one process) leaves the first in force.
    let _already = rustls::crypto::ring::default_provider().install_default();
}

/// Runs the gateway until it has drained, or is told to stop at once.
///
/// # Errors
/// [`StartError`] when it cannot start; nothing is then left running.
pub fn run(options: Options) -> Result<(), StartError> {
    install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // One compiles a large configuration while the other answers.
        .worker_threads(2)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(StartError::system)?;
    let requests = Requests::new(&runtime).map_err(StartError::system)?;
    let metrics = Metrics::new().map_err(StartError::system)?;
    let Options { documents, upgrade, access_log } = options;
    let drain = Drain::default();
    let process = Process { runtime: &runtime, metrics: &metrics, drain: &drain, upgrade };
    let Some(begun) = process.begin(documents, requests)? else {
        tracing::info!("stopped before anything was live");
        runtime.shutdown_background();
        return Ok(());
    };
    let opened = Opened::new(begun, &process)?;
    let (life, guards) = start::start(opened, access_log, &process);
    let ended = runtime.block_on(life.live());
    drop(guards);
    tracing::info!("stopped");
    // What the loops still wait for (a name, a provider) is of no interest any more.
    runtime.shutdown_background();
    ended
}

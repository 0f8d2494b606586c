//! The composition root: from a store to a running gateway, and from a signal to its end.
//!
//! A gateway is built from a snapshot: no listener opens without one. What happens to a request is in `proxy`.

mod companions;
mod console;
mod descriptors;
mod life;
mod listeners;
mod notify;
mod opened;
mod records;
mod session_key;
mod start;
mod start_error;
mod successor;

use std::io::Write;

use crate::store::Documents;
use crate::telemetry::Metrics;

use life::Requests;
use opened::Opened;
pub use start_error::StartError;

/// What to run.
pub struct Options {
    /// The documents of the configuration; a store that they name is opened here.
    pub documents: Box<dyn Documents>,
    /// Whether the listeners are taken over from a running gateway.
    pub upgrade: bool,
    /// Where access log lines go when the configuration asks for them.
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
    let opened = Opened::new(documents, upgrade, requests, &runtime, &metrics)?;
    let (life, guards) = start::start(opened, upgrade, access_log, &runtime, &metrics);
    let ended = runtime.block_on(life.live());
    drop(guards);
    tracing::info!("stopped");
    // What the loops still wait for (a name, a provider) is of no interest any more.
    runtime.shutdown_background();
    ended
}

//! Why a gateway does not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::admin::TokenFileError;
use crate::config::Diagnostics;
use crate::idp::StateDirError;
use crate::store::StoreError;

use super::session_key::SessionKeyError;
use super::traces::TracingError;

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is not valid.
    #[error("{0}")]
    Config(Diagnostics),
    /// A listener's address cannot be had.
    #[error("cannot listen on {address} ({what}): {source}")]
    Bind {
        /// Which listener.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The token of the control API cannot be had.
    #[error("server.admin.token_file: {0}")]
    Token(#[from] TokenFileError),
    /// The folder of the store cannot be used.
    #[error("store.directory: {0}")]
    Store(#[from] StoreError),
    /// The folder for key sets cannot be used.
    #[error("server.state_dir: {0}")]
    State(#[from] StateDirError),
    /// The key of sessions cannot be had.
    #[error("server.state_dir: {0}")]
    SessionKey(#[from] SessionKeyError),
    /// A part of the gateway without which the rest is none has died.
    #[error("shard {0} of the gateway has died, and the process ends with it")]
    Shard(usize),
    /// The file of the access log cannot be opened.
    #[error("server.access_log: cannot write to {file}: {source}; its folder must be there, and the process must be allowed to write to it", file = .file.display())]
    AccessLog {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Spans cannot be sent.
    #[error("server.tracing: {0}")]
    Tracing(#[from] TracingError),
    /// The system gives no threads, signals or metrics.
    #[error("cannot start: {0}")]
    System(String),
}

impl StartError {
    /// What the system does not give.
    pub(super) fn system(error: impl std::fmt::Display) -> Self {
        Self::System(error.to_string())
    }
}

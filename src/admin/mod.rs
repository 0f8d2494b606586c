//! The control API under `/api/v1` and the console, on a listener of their own.
//!
//! This room holds the HTTP side: authentication (`guard`), the form of requests and responses (`body`, `page`,
//! `precondition`, `problem`), and one file for each resource. It leaves the meaning of a change to `control`; nothing
//! here writes a configuration.

mod agent_card;
mod agent_url;
mod agents;
mod api_keys;
mod attention;
mod body;
mod caller;
mod changes;
mod client_check;
mod client_token;
mod console;
mod cookie;
mod decisions;
mod denial_request;
mod denials;
mod discovery;
mod documents;
mod encoding;
mod explain;
mod explain_message;
mod explained_certificate;
mod fleet;
mod global_limits;
mod guard;
mod impact;
mod key_changes;
mod key_times;
mod limits;
mod listener;
mod managed_by;
mod named_agent;
mod openapi;
mod page;
mod precondition;
mod probe;
mod problem;
mod provider_changes;
mod provider_users;
mod providers;
mod random;
mod refused_callers;
mod reload;
mod revisions;
mod routes;
mod session;
mod sessions;
mod shown;
mod status;
mod streams;
mod targets;
mod throttle;
mod tls;
mod token_file;
mod traffic;
mod trial;
mod trial_events;
mod upstream_health;
mod wire;
mod write;
mod write_query;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::config;
use crate::control::Control;
use crate::model::{Clock, Secret};
use crate::telemetry::{Decisions, Traffic};

use sessions::Sessions;
use throttle::Throttle;

pub use denial_request::{AskedDenial, DenialRequest, WrongMember};
pub use denials::made_denial;
pub use explain_message::{message_path, told_metadata_url};
pub use explained_certificate::{ExplainedCertificate, NoCertificate, UnreadableHeader};
pub use shown::Whole;
pub use token_file::{TokenFileError, read_token, token};

/// Live streams of decisions open at a time. Each holds a connection, so this is a quarter of the connections of the
/// listener: the rest of the API stays reachable.
const MOST_FOLLOWERS: usize = 64;
/// Test requests under way at a time. Each opens a connection to this gateway and lasts up to a minute; operators send
/// them by hand.
const MOST_TRIALS: usize = 16;

/// Everything that the API is served from.
pub struct Admin {
    /// The one way to read and change the configuration.
    pub control: Control,
    /// The clock that sessions, keys and certificates are judged by.
    pub clock: Arc<dyn Clock>,
    /// The ring of the last decisions, and the refusals on disk.
    pub decisions: Decisions,
    /// Rates of the last minutes, per agent.
    pub traffic: Traffic,
    /// `server.admin` as it was at start; a change needs a restart.
    pub settings: config::Admin,
    /// The bearer token that authenticates operators.
    pub token: Secret,
    /// When the gateway started.
    pub started: jiff::Timestamp,
    /// Whether the gateway is draining: open streams end then.
    pub is_leaving: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("address", &self.settings.address).finish_non_exhaustive()
    }
}

/// Serves the API and the console until the runtime ends.
///
/// # Errors
/// When the listener cannot be made asynchronous, or TLS cannot be set up.
pub async fn serve(listener: std::net::TcpListener, admin: Admin) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let tls = admin
        .settings
        .tls
        .is_some()
        .then(|| tls::acceptor(admin.control.clone(), admin.settings.address.value));
    let router = routes::router(Arc::new(AdminState::new(admin)));
    listener::run(listener, tls.transpose()?, router).await
}

/// The state that all handlers share.
struct AdminState {
    admin: Admin,
    sessions: Sessions,
    throttle: Throttle,
    followers: Arc<Semaphore>,
    trials: Arc<Semaphore>,
}

type SharedState = Arc<AdminState>;

impl AdminState {
    fn new(admin: Admin) -> Self {
        Self {
            sessions: Sessions::new(Arc::clone(&admin.clock)),
            throttle: Throttle::default(),
            followers: Arc::new(Semaphore::new(MOST_FOLLOWERS)),
            trials: Arc::new(Semaphore::new(MOST_TRIALS)),
            admin,
        }
    }

    fn control(&self) -> &Control {
        &self.admin.control
    }

    /// Whether the listener serves TLS.
    fn is_tls(&self) -> bool {
        self.admin.settings.tls.is_some()
    }
}

#[cfg(test)]
mod fixtures;

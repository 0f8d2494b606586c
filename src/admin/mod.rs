//! The control API under `/api/v1` and the console, on a listener of their own.
//!
//! This room asks and answers: who may ask (`guard`), in which form (`body`, `page`, `precondition`, `problem`), and
//! one file for each resource. What a change means is for `control`; nothing here writes a configuration.

mod agent_url;
mod agents;
mod api_keys;
mod attention;
mod body;
mod caller;
mod changes;
mod client_token;
mod console;
mod cookie;
mod decisions;
mod documents;
mod encoding;
mod explain;
mod guard;
mod impact;
mod key_changes;
mod key_times;
mod listener;
mod managed_by;
mod openapi;
mod page;
mod precondition;
mod probe;
mod problem;
mod provider_changes;
mod provider_users;
mod providers;
mod random;
mod reload;
mod revisions;
mod routes;
mod session;
mod sessions;
mod shown;
mod status;
mod streams;
mod throttle;
mod tls;
mod token_file;
mod traffic;
mod trial;
mod trial_events;
mod upstream_health;
mod wire;
mod write;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::config;
use crate::control::Control;
use crate::model::{Clock, Secret};
use crate::telemetry::{Decisions, Traffic};

use sessions::Sessions;
use throttle::Throttle;

pub use shown::Whole;
pub use token_file::{TokenFileError, read_token, token};

/// Live streams of decisions that may be open at a time.
const MOST_FOLLOWERS: usize = 64;
/// Test requests that may run at a time.
const MOST_TRIALS: usize = 16;

/// What the API stands on.
pub struct Admin {
    /// The one way to read and change the configuration.
    pub control: Control,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// The last decisions.
    pub decisions: Decisions,
    /// What agents were asked lately.
    pub traffic: Traffic,
    /// Its own settings.
    pub settings: config::Admin,
    /// The token that opens it.
    pub token: Secret,
    /// When the gateway started.
    pub started: jiff::Timestamp,
    /// Whether the gateway is on its way out.
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
/// When the listener cannot be used.
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

/// What every request can see.
struct AdminState {
    admin: Admin,
    sessions: Sessions,
    throttle: Throttle,
    followers: Arc<Semaphore>,
    trials: Arc<Semaphore>,
}

/// A share of it.
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

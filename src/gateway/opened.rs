//! Everything of a gateway that can fail when it starts: what is opened here is closed again when something else cannot
//! be had, and nothing runs yet.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::config::{self, Snapshot};
use crate::control::{self, LoadError, Stores, load};
use crate::idp::StateDir;
use crate::ops;
use crate::store::{Documents, Writer};
use crate::telemetry::Metrics;

use super::descriptors::{self, Room};
use super::life::{Requests, Signals};
use super::start_error::StartError;
use super::{console, listeners, session_key};

/// What has been opened.
pub(super) struct Opened {
    pub(super) stores: Stores,
    pub(super) files: config::Files,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) room: Room,
    pub(super) signals: Signals,
    pub(super) listeners: Vec<(SocketAddr, TcpListener)>,
    pub(super) ops: TcpListener,
    pub(super) state: Option<Arc<StateDir>>,
    pub(super) console: Option<console::Prepared>,
}

impl Opened {
    /// Reads the configuration that `documents` hold and opens what it names. With `upgrade`, the listeners are those of
    /// a running gateway.
    pub(super) fn new(
        documents: Box<dyn Documents>,
        upgrade: bool,
        requests: Requests,
        runtime: &Runtime,
        metrics: &Metrics,
    ) -> Result<Self, StartError> {
        let writer = if upgrade { Writer::Later } else { Writer::Now };
        let stores = runtime.block_on(Stores::open(documents, writer))?;
        let (compiled, files) = runtime
            .block_on(load(&stores, metrics))
            .map_err(|e: LoadError| StartError::Config(e.into_diagnostics()))?;
        control::tell(&compiled.warnings);
        let snapshot = Arc::new(compiled.snapshot);
        let settings = &snapshot.server;
        let room = descriptors::room(settings.limits.connections).map_err(StartError::System)?;
        // Signals before listeners, and listeners before anybody is told that the gateway is ready.
        let signals = requests.and_ends(runtime).map_err(StartError::system)?;
        let listeners = listeners::open(settings, upgrade, runtime)?;
        let ops = {
            let _in_runtime = runtime.enter();
            ops::bind(settings.ops.address.value, upgrade)
        };
        let ops = ops.map_err(|source| StartError::Bind {
            what: "server.ops",
            address: settings.ops.address.value,
            source,
        })?;
        let state = settings.state_dir.as_ref().map(StateDir::open).transpose()?.map(Arc::new);
        snapshot.sessions.settle(session_key::keys(settings.state_dir.as_deref())?);
        let admin = settings.admin.as_ref();
        let console = admin.map(|admin| console::Prepared::new(admin, upgrade, runtime)).transpose()?;
        Ok(Self { stores, files, room, signals, listeners, ops, state, console, snapshot })
    }
}

//! Everything of a gateway that can fail when it starts: what is opened here is closed again when something else cannot
//! be had, and nothing runs yet.

use std::sync::Arc;

use crate::config::{self, Snapshot};
use crate::control::Stores;
use crate::idp::StateDir;
use crate::spans::{SpansGuard, Tracer};
use crate::telemetry::LogFile;

use super::begin::{Begun, Process};
use super::descriptors::{self, Room};
use super::first::First;
use super::life::Signals;
use super::listeners::Sockets;
use super::pages::Pages;
use super::start_error::StartError;
use super::{console, listeners, records, session_key, traces};

/// What has been opened.
pub(super) struct Opened {
    pub(super) stores: Stores,
    pub(super) files: config::Files,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) room: Room,
    pub(super) signals: Signals,
    pub(super) listeners: Sockets,
    pub(super) pages: Pages,
    pub(super) state: Option<Arc<StateDir>>,
    pub(super) console: Option<console::Prepared>,
    pub(super) tracing: Option<(Tracer, SpansGuard)>,
    pub(super) log_file: Option<LogFile>,
}

impl Opened {
    /// Opens what the first configuration names. With `upgrade`, the listeners are those of a running gateway.
    pub(super) fn new(begun: Begun, process: &Process<'_>) -> Result<Self, StartError> {
        let Process { runtime, metrics, upgrade, .. } = *process;
        let Begun { first: First { stores, files, snapshot }, heard, pages } = begun;
        let settings = &snapshot.server;
        let room = descriptors::room(settings.limits.connections).map_err(StartError::System)?;
        let log_file = records::log_file(settings, runtime)?;
        // Signals before listeners, and listeners before anybody is told that the gateway is ready.
        let signals = heard.and_ends(runtime).map_err(StartError::system)?;
        let listeners = listeners::open(settings, upgrade, runtime)?;
        let pages = match pages {
            Some(served) => served,
            None => Pages::open(settings.ops.address.value, upgrade, runtime)?,
        };
        let state = settings.state_dir.as_ref().map(StateDir::open).transpose()?.map(Arc::new);
        if settings.sealing_key_file.is_none() {
            snapshot.sessions.settle(session_key::keys(settings.state_dir.as_deref())?);
        }
        let admin = settings.admin.as_ref();
        let console = admin.map(|admin| console::Prepared::new(admin, upgrade, runtime)).transpose()?;
        let tracing =
            settings.tracing.as_ref().map(|written| traces::start(written, &files, metrics)).transpose()?;
        Ok(Self {
            stores,
            files,
            room,
            signals,
            listeners,
            pages,
            state,
            console,
            tracing,
            log_file,
            snapshot,
        })
    }
}

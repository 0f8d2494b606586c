//! The begin of a process: from the documents of its configuration to the first one that can go live.

use std::net::SocketAddr;

use tokio::runtime::Runtime;

use crate::control::{Stores, own};
use crate::door::Drain;
use crate::store::{Documents, Writer};
use crate::telemetry::Metrics;

use super::first::First;
use super::life::{Heard, Requests};
use super::notify::Notifier;
use super::pages::Pages;
use super::start_error::StartError;
use super::waiting::Waiting;

/// What a process begins with.
pub(super) struct Begun {
    pub(super) first: First,
    pub(super) heard: Heard,
    /// Those that are served already.
    pub(super) pages: Option<Pages>,
}

/// What a process has before it reads anything.
pub(super) struct Process<'p> {
    pub(super) runtime: &'p Runtime,
    pub(super) metrics: &'p Metrics,
    pub(super) drain: &'p Drain,
    /// Whether the listeners are taken over from a running gateway.
    pub(super) upgrade: bool,
}

impl Process<'_> {
    /// Reads the configuration, or waits for it where it is in a store that several gateways share; nothing when the
    /// process is told to end meanwhile.
    pub(super) fn begin(
        &self,
        documents: Box<dyn Documents>,
        requests: Requests,
    ) -> Result<Option<Begun>, StartError> {
        let writer = if self.upgrade { Writer::Later } else { Writer::Now };
        let stores = self.runtime.block_on(Stores::open_counted(documents, writer, self.metrics))?;
        if stores.is_shared() {
            return self.wait(stores, requests);
        }
        let first = self.runtime.block_on(First::read(stores, self.metrics))?;
        Ok(Some(Begun { first, heard: Heard::Requests(requests), pages: None }))
    }

    fn wait(&self, stores: Stores, requests: Requests) -> Result<Option<Begun>, StartError> {
        let own = self.runtime.block_on(own(&stores, self.metrics)).map_err(StartError::Config)?;
        // Signals before listeners here as well: who sees the pages may send one.
        let mut signals = requests.and_ends(self.runtime).map_err(StartError::system)?;
        let pages = if self.upgrade { None } else { Some(self.pages(own.server.ops.address.value)?) };
        let waiting = Waiting {
            stores,
            metrics: self.metrics,
            signals: &mut signals,
            pages: pages.as_ref(),
            notifier: Notifier::from_environment(),
        };
        let first = self.runtime.block_on(waiting.first());
        Ok(first.map(|first| Begun { first, heard: Heard::All(signals), pages }))
    }

    fn pages(&self, address: SocketAddr) -> Result<Pages, StartError> {
        let mut pages = Pages::open(address, self.upgrade, self.runtime)?;
        pages.serve(self.drain, self.metrics, self.runtime);
        Ok(pages)
    }
}

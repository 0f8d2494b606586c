//! The pages for operations in the life of a process: served once, from the moment that they can be, and told how far the
//! gateway is.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::door::Drain;
use crate::model::{Clock, Live, SystemClock};
use crate::ops::{self, Gateway, Ops, Stage};
use crate::telemetry::Metrics;

use super::start_error::StartError;

/// The pages, with a listener that waits to be served.
pub(super) struct Pages {
    stage: Arc<Live<Stage>>,
    waiting: Option<TcpListener>,
}

impl Pages {
    /// Opens the listener. With `upgrade`, another process has one there as well.
    pub(super) fn open(address: SocketAddr, upgrade: bool, runtime: &Runtime) -> Result<Self, StartError> {
        let _in_runtime = runtime.enter();
        let listener = ops::bind(address, upgrade).map_err(|source| StartError::Bind {
            what: "server.ops",
            address,
            source,
        })?;
        let stage = Arc::new(Live::new(Stage::Waiting("the gateway is starting".to_owned())));
        Ok(Self { stage, waiting: Some(listener) })
    }

    /// Serves them, if they are not served yet, until another process does.
    pub(super) fn serve(&mut self, drain: &Drain, metrics: &Metrics, runtime: &Runtime) {
        let Some(listener) = self.waiting.take() else { return };
        let replaced = drain.clone();
        let closing = async move { replaced.replaced().await };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let pages = Ops { stage: Arc::clone(&self.stage), clock, metrics: metrics.clone() };
        runtime.spawn(ops::serve(listener, pages, closing));
    }

    /// Nothing is live yet, for this reason.
    pub(super) fn wait_for(&self, why: String) {
        self.stage.publish(Arc::new(Stage::Waiting(why)));
    }

    /// A configuration is live.
    pub(super) fn is_live(&self, gateway: Gateway) {
        self.stage.publish(Arc::new(Stage::Live(gateway)));
    }
}

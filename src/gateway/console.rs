//! The control API and the console of a gateway: its listener and token before anything starts, the rest when the
//! reconciler is there.

use std::net::TcpListener;
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::admin::{self, Admin};
use crate::config;
use crate::control::Control;
use crate::model::{Clock, Secret};
use crate::ops;
use crate::telemetry::{Decisions, Metrics, Traffic};

use super::start_error::StartError;

/// What can fail has not failed.
pub(super) struct Prepared {
    listener: TcpListener,
    token: Secret,
    settings: config::Admin,
}

/// What the API is about.
pub(super) struct StandsOn {
    pub(super) control: Control,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) decisions: Decisions,
    pub(super) metrics: Metrics,
    pub(super) is_leaving: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Prepared {
    pub(super) fn new(
        settings: &config::Admin,
        upgrade: bool,
        runtime: &Runtime,
    ) -> Result<Self, StartError> {
        let _in_runtime = runtime.enter();
        let address = settings.address.value;
        let bound = ops::bind(address, upgrade);
        let listener = bound.map_err(|source| StartError::Bind { what: "server.admin", address, source })?;
        Ok(Self { listener, token: admin::token(&settings.token_file)?, settings: settings.clone() })
    }

    /// Begins to serve.
    pub(super) fn open(self, on: StandsOn, runtime: &Runtime) {
        let Self { listener, token, settings } = self;
        let StandsOn { control, clock, decisions, metrics, is_leaving } = on;
        let traffic = Traffic::new(metrics);
        runtime.spawn(decisions.clone().deliver());
        runtime.spawn(traffic.clone().watch(Arc::clone(&clock)));
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        tracing::info!(
            token_file = %settings.token_file.display(),
            "the console and the control API are at {scheme}://{}/",
            settings.address.value
        );
        let started = clock.now().timestamp();
        let admin = Admin { control, clock, decisions, traffic, settings, token, started, is_leaving };
        runtime.spawn(async move {
            if let Err(error) = admin::serve(listener, admin).await {
                tracing::error!(%error, "the control API ended");
            }
        });
    }
}

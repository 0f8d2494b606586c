//! The first configuration of a process, from stores of this machine: it is there, or it is wrong.
//!
//! One in a store that several gateways share is waited for: see `waiting`.

use std::sync::Arc;

use crate::config::{Compiled, Files, Snapshot};
use crate::control::{self, LoadError, Stores, load};
use crate::telemetry::Metrics;

use super::start_error::StartError;

/// A configuration that can go live, and where it is from.
pub(super) struct First {
    pub(super) stores: Stores,
    pub(super) files: Files,
    pub(super) snapshot: Arc<Snapshot>,
}

impl First {
    /// Reads it.
    pub(super) async fn read(stores: Stores, metrics: &Metrics) -> Result<Self, StartError> {
        let loaded = load(&stores, metrics).await;
        let loaded = loaded.map_err(|e: LoadError| StartError::Config(e.into_diagnostics()))?;
        Ok(Self::new(stores, loaded))
    }

    /// The one that was read from `stores`.
    pub(super) fn new(stores: Stores, (compiled, files): (Compiled, Files)) -> Self {
        control::tell(&compiled.warnings);
        Self { stores, files, snapshot: Arc::new(compiled.snapshot) }
    }
}

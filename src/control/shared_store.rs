//! What a store has besides its resources when several gateways share it.

use std::sync::Arc;

use crate::store::{HealthSource, Presence};

use super::observe::Observed;

/// How a shared store is, who shares it, and who counts what it tells. Cheap to clone.
#[derive(Clone)]
pub(super) struct SharedStore {
    /// How the store is.
    pub(super) health: Arc<dyn HealthSource>,
    /// Who shares it.
    pub(super) presence: Arc<dyn Presence>,
    /// Counts what it tells of itself.
    pub(super) observed: Option<Arc<Observed>>,
}

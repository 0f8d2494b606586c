//! The handles of what is counted of connections. Who may connect is decided elsewhere.

use std::sync::Arc;

use prometheus::IntGauge;

use crate::model::PerShard;

use super::counter::Counter;
use super::families::Families;

/// Counts connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionMetrics {
    open: Arc<PerShard<IntGauge>>,
    refused_in_all: Arc<Counter>,
    refused_of_address: Arc<Counter>,
    refused_relay: Arc<Counter>,
    made_room: Arc<Counter>,
}

impl ConnectionMetrics {
    pub(super) fn new(families: &Families) -> Self {
        let refused = |limit| families.connections_refused.of([limit]);
        Self {
            open: Arc::new(PerShard::each(|shard| families.connections.of([&shard.number().to_string()]))),
            refused_in_all: refused("connections"),
            refused_of_address: refused("connections_per_address"),
            refused_relay: refused("proxy_protocol"),
            made_room: families.connections_made_room.of([]),
        }
    }

    /// A connection of this shard was accepted.
    pub fn opened(&self) {
        self.open.here().inc();
    }

    /// One of this shard has ended.
    pub fn closed(&self) {
        self.open.here().dec();
    }

    /// One was turned away, since there are too many in all.
    pub fn refused_in_all(&self) {
        self.refused_in_all.inc();
    }

    /// One was turned away, since there are too many from its address.
    pub fn refused_of_address(&self) {
        self.refused_of_address.inc();
    }

    /// One was closed, since it did not begin with the PROXY protocol of a trusted proxy.
    pub fn refused_relay(&self) {
        self.refused_relay.inc();
    }

    /// A resting connection was closed in favour of a new one.
    pub fn made_room(&self) {
        self.made_room.inc();
    }
}

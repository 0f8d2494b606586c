//! The handles of what is counted of connections. Who may connect is decided elsewhere.

use prometheus::{IntCounter, IntGauge};

use super::families::Families;

/// Counts connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionMetrics {
    pub(super) open: IntGauge,
    pub(super) refused_in_all: IntCounter,
    pub(super) refused_of_address: IntCounter,
    pub(super) refused_relay: IntCounter,
    pub(super) made_room: IntCounter,
}

impl ConnectionMetrics {
    pub(super) fn new(families: &Families) -> Self {
        let refused = |limit| families.connections_refused.of([limit]);
        Self {
            open: families.connections.of([]),
            refused_in_all: refused("connections"),
            refused_of_address: refused("connections_per_address"),
            refused_relay: refused("proxy_protocol"),
            made_room: families.connections_made_room.of([]),
        }
    }

    /// A connection was accepted.
    pub fn opened(&self) {
        self.open.inc();
    }

    /// It has ended.
    pub fn closed(&self) {
        self.open.dec();
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

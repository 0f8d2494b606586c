//! The handles of what is counted of connections. Who may connect is decided elsewhere.

use prometheus::{IntCounter, IntGauge};

/// Counts connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionMetrics {
    pub(super) open: IntGauge,
    pub(super) refused_in_all: IntCounter,
    pub(super) refused_of_address: IntCounter,
    pub(super) made_room: IntCounter,
}

impl ConnectionMetrics {
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

    /// A resting connection was closed in favour of a new one.
    pub fn made_room(&self) {
        self.made_room.inc();
    }
}

//! The handles of what is counted of connections. Who may connect is decided elsewhere.

use prometheus::{IntCounter, IntGauge, Registry};

use super::metrics::{add, counter_vec};

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
    pub(super) fn declared(r: &Registry) -> Result<Self, prometheus::Error> {
        let refused = add(
            r,
            counter_vec(
                "portcullis_connections_refused_total",
                "Connections that were turned away, by the limit that they met.",
                &["limit"],
            )?,
        )?;
        Ok(Self {
            open: add(r, IntGauge::new("portcullis_connections", "Connections of callers that are open.")?)?,
            refused_in_all: refused.with_label_values(&["connections"]),
            refused_of_address: refused.with_label_values(&["connections_per_address"]),
            refused_relay: refused.with_label_values(&["proxy_protocol"]),
            made_room: add(
                r,
                IntCounter::new(
                    "portcullis_connections_made_room_total",
                    "Resting connections that were closed in favour of new ones.",
                )?,
            )?,
        })
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

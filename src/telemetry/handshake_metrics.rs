//! The handles of what is counted of TLS handshakes with callers.

use std::net::SocketAddr;

use prometheus::IntCounter;

use super::HandshakeFailure;
use super::families::Families;

/// Counts the failed handshakes of one listener. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HandshakeMetrics([IntCounter; HandshakeFailure::ALL.len()]);

impl HandshakeMetrics {
    pub(super) fn new(families: &Families, listener: SocketAddr) -> Self {
        let listener = listener.to_string();
        Self(HandshakeFailure::ALL.map(|cause| families.handshakes_failed.of([&listener, cause.as_str()])))
    }

    /// One has failed.
    pub fn failed(&self, cause: HandshakeFailure) {
        if let Some(counter) = self.0.get(cause as usize) {
            counter.inc();
        }
    }
}

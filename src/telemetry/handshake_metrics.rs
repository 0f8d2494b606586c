//! The handles of what is counted of TLS handshakes with callers.

use std::sync::Arc;

use std::net::SocketAddr;

use super::HandshakeFailure;
use super::counter::Counter;
use super::families::Families;

/// Counts the failed handshakes of one listener. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HandshakeMetrics([Arc<Counter>; HandshakeFailure::ALL.len()]);

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

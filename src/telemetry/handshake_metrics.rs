//! The handles of what is counted of TLS handshakes with callers.

use std::net::SocketAddr;

use prometheus::IntCounter;

use super::families::Families;

/// Why a handshake with a caller failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// What came is not TLS: plain HTTP at a TLS port, mostly.
    NotTls,
    /// The caller does not accept the certificate that it was shown: expired, of another name, of an authority that it
    /// does not trust.
    CertificateRejected,
    /// The caller ended it with another alert (RFC 8446 section 6.2).
    Alert,
    /// No version, cipher suite or protocol in common.
    Incompatible,
    /// The caller closed the connection before the end.
    Closed,
    /// It took longer than `header_timeout`.
    Timeout,
    /// Anything else.
    Other,
}

impl HandshakeFailure {
    /// Every cause, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::NotTls,
        Self::CertificateRejected,
        Self::Alert,
        Self::Incompatible,
        Self::Closed,
        Self::Timeout,
        Self::Other,
    ];

    /// The value of the label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotTls => "not_tls",
            Self::CertificateRejected => "certificate_rejected",
            Self::Alert => "alert",
            Self::Incompatible => "incompatible",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Other => "other",
        }
    }
}

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

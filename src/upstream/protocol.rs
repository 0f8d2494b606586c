//! The protocol that is spoken to an upstream.

/// How an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UpstreamProtocol {
    /// HTTP/1.1 in plain text, and what is agreed on over TLS (RFC 7301).
    Auto,
    /// HTTP/1.1.
    H1,
    /// HTTP/2 over TLS.
    H2,
    /// HTTP/2 in plain text, with prior knowledge (RFC 9113 section 3.3).
    H2c,
}

impl UpstreamProtocol {
    /// Whether a connection may speak HTTP/2, by whether it has TLS.
    #[must_use]
    pub const fn may_be_h2(self, tls: bool) -> bool {
        match self {
            Self::Auto => tls,
            Self::H1 => false,
            Self::H2 | Self::H2c => true,
        }
    }
}

//! Why TLS handshakes with callers fail.

/// Why a handshake with a caller failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// What came is not TLS: plain HTTP at a TLS port, mostly.
    NotTls,
    /// The caller does not accept the certificate that it was shown: expired, of another name, of an authority that it
    /// does not trust.
    CertificateRejected,
    /// The listener requires a certificate of the caller, and it has sent none.
    ClientCertificateMissing,
    /// The caller's certificate is not accepted: its chain, its dates or its kind, or the caller does not have its key.
    ClientCertificateRejected,
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
    pub const ALL: [Self; 9] = [
        Self::NotTls,
        Self::CertificateRejected,
        Self::ClientCertificateMissing,
        Self::ClientCertificateRejected,
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
            Self::ClientCertificateMissing => "client_certificate_missing",
            Self::ClientCertificateRejected => "client_certificate_rejected",
            Self::Alert => "alert",
            Self::Incompatible => "incompatible",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Other => "other",
        }
    }
}

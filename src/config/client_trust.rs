//! What a listener asks of the certificates of its clients. How they are verified is for `door`.

use rustls::pki_types::CertificateDer;

/// What a listener asks of the certificates of its clients.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientTrust {
    /// Whether a client without one is not let in.
    pub is_required: bool,
    /// Which are accepted.
    pub accepted: Accepted,
}

/// Which certificates of clients are accepted.
#[derive(Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Each whose key the client has: neither its chain nor its dates are looked at.
    Any,
    /// Those that a chain leads from to one of these authorities, and that are valid now.
    IssuedBy(Vec<CertificateDer<'static>>),
}

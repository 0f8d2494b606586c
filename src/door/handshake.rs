//! Why a TLS handshake with a caller failed.
//!
//! Pingora hands errors of the TLS library on as text alone, so this reads the library's own words. Handshakes with
//! upstreams are for `proxy`.

use crate::telemetry::HandshakeFailure;

/// What stands before the library's words when this side is the server.
const SERVER: &str = "tls connect error: ";
/// What the library says first of bytes that are no TLS.
pub(crate) const CORRUPT: &str = "received corrupt message of type ";
/// What it says of a connection that ended before the handshake did.
pub(crate) const ENDED: &str = "tls handshake eof";

const ALERT: &str = "received fatal alert: ";
const INCOMPATIBLE: &str = "peer is incompatible: ";
const NO_CERTIFICATE: &str = "peer sent no certificates";
const BAD_CERTIFICATE: &str = "invalid peer certificate: ";
const NO_PROTOCOL: &str = "peer doesn't support any known protocol";

/// Why the handshake with a caller failed, from what Pingora says of it.
pub(crate) fn caller_fault(text: &str) -> HandshakeFailure {
    let words = text.rsplit_once(SERVER).map_or(text, |(_, words)| words);
    if words.starts_with(CORRUPT) {
        HandshakeFailure::NotTls
    } else if let Some(alert) = words.strip_prefix(ALERT) {
        match alert {
            "BadCertificate"
            | "UnsupportedCertificate"
            | "CertificateRevoked"
            | "CertificateExpired"
            | "CertificateUnknown"
            | "UnknownCA" => HandshakeFailure::CertificateRejected,
            _ => HandshakeFailure::Alert,
        }
    } else if words == NO_CERTIFICATE {
        HandshakeFailure::ClientCertificateMissing
    } else if words.starts_with(BAD_CERTIFICATE) {
        HandshakeFailure::ClientCertificateRejected
    } else if words.starts_with(INCOMPATIBLE) || words == NO_PROTOCOL {
        HandshakeFailure::Incompatible
    } else if words == ENDED || words.contains("onnection reset") || words.contains("roken pipe") {
        HandshakeFailure::Closed
    } else {
        HandshakeFailure::Other
    }
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

    use super::*;

    #[test]
    fn the_fault_of_a_caller_is_one_of_a_closed_list() {
        for (words, wanted) in [
            (Error::InvalidMessage(InvalidMessage::InvalidContentType).to_string(), HandshakeFailure::NotTls),
            (
                Error::AlertReceived(AlertDescription::UnknownCA).to_string(),
                HandshakeFailure::CertificateRejected,
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateExpired).to_string(),
                HandshakeFailure::CertificateRejected,
            ),
            (Error::AlertReceived(AlertDescription::InternalError).to_string(), HandshakeFailure::Alert),
            (
                Error::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled).to_string(),
                HandshakeFailure::Incompatible,
            ),
            (Error::NoApplicationProtocol.to_string(), HandshakeFailure::Incompatible),
            (Error::NoCertificatesPresented.to_string(), HandshakeFailure::ClientCertificateMissing),
            (
                Error::InvalidCertificate(CertificateError::BadSignature).to_string(),
                HandshakeFailure::ClientCertificateRejected,
            ),
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer).to_string(),
                HandshakeFailure::ClientCertificateRejected,
            ),
            ("tls handshake eof".to_owned(), HandshakeFailure::Closed),
            (
                std::io::Error::from_raw_os_error(rustix::io::Errno::CONNRESET.raw_os_error()).to_string(),
                HandshakeFailure::Closed,
            ),
            ("something else".to_owned(), HandshakeFailure::Other),
        ] {
            let text = format!(
                " TLSHandshakeFailure context: TLS accept() failed:  TLSHandshakeFailure context: tls connect \
                 error: {words}"
            );
            assert_eq!(caller_fault(&text), wanted, "{words}");
        }
    }
}

//! The cause of a failed TLS handshake with an upstream.
//!
//! Pingora passes errors of the TLS library on as text alone, so this parses the library's text, from its beginning: names
//! in a certificate, which its owner chose, come later and change nothing. Handshakes with clients are in `door`.

use crate::door::{CORRUPT, ENDED};
use crate::telemetry::UpstreamError;

/// The longest text of a peer in a log line, in characters: a certificate's names fit, and no page of them does.
const LONGEST: usize = 300;
/// Pingora's text before and after the library's, when this side is the client.
const CLIENT: (&str, &str) = ("tls connect error cause: ", ", SNI: ");
/// The library's text before the fault of a certificate.
const BAD_CERTIFICATE: &str = "invalid peer certificate: ";

/// The cause of a failed TLS handshake with an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UpstreamFault {
    /// Its certificate has expired.
    Expired { not_after: String },
    /// Its certificate is not valid yet.
    NotYetValid { not_before: String },
    /// Its certificate is for other names.
    OtherName { names: String },
    /// No trusted authority issued its certificate, or one of the same name with another key did.
    UnknownIssuer,
    /// Its certificate is invalid for another reason.
    BadCertificate { why: String },
    /// The upstream does not speak TLS.
    NotTls,
    /// Anything else.
    Other { why: String },
}

impl UpstreamFault {
    /// Parses Pingora's text on a failed handshake.
    pub(super) fn of(text: &str) -> Self {
        let words = text.split_once(CLIENT.0).map_or(text, |(_, words)| words);
        let words = words.rsplit_once(CLIENT.1).map_or(words, |(words, _)| words);
        if let Some(certificate) = words.strip_prefix(BAD_CERTIFICATE) {
            return Self::of_certificate(certificate);
        }
        if words.starts_with(CORRUPT) {
            return Self::NotTls;
        }
        let closed = words == ENDED;
        let why = if closed { "it closed the connection in the middle of the handshake" } else { words };
        Self::Other { why: shown(why) }
    }

    fn of_certificate(words: &str) -> Self {
        let date = |mark: &str| words.split_once(mark).map_or_else(String::new, |(_, rest)| timestamp(rest));
        if words.starts_with("certificate expired") || words == "Expired" {
            Self::Expired { not_after: date(" is not valid after ") }
        } else if words.starts_with("certificate not valid yet") || words == "NotValidYet" {
            Self::NotYetValid { not_before: date(" is not valid before ") }
        } else if words.starts_with("certificate not valid for name ") || words == "NotValidForName" {
            let names = words.split_once("is only valid for ").map_or("no name", |(_, names)| names);
            Self::OtherName { names: shown(&names.replace("DnsName(\"", "").replace("\")", "")) }
        } else if matches!(words, "UnknownIssuer" | "BadSignature") {
            Self::UnknownIssuer
        } else if words.contains("CaUsedAsEndEntity") {
            Self::BadCertificate { why: "it is that of an authority (CA:TRUE), and no server's".to_owned() }
        } else {
            Self::BadCertificate { why: shown(words) }
        }
    }

    /// The word for it in logs and metrics.
    pub(super) const fn cause(&self) -> UpstreamError {
        match self {
            Self::Expired { .. } => UpstreamError::TlsCertificateExpired,
            Self::NotYetValid { .. } => UpstreamError::TlsCertificateNotYetValid,
            Self::OtherName { .. } => UpstreamError::TlsNameMismatch,
            Self::UnknownIssuer => UpstreamError::TlsUnknownIssuer,
            Self::BadCertificate { .. } => UpstreamError::TlsCertificateInvalid,
            Self::NotTls => UpstreamError::NotTls,
            Self::Other { .. } => UpstreamError::TlsHandshakeFailed,
        }
    }

    /// The details for the operator.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Expired { not_after } => format!("its certificate expired on {not_after}"),
            Self::NotYetValid { not_before } => format!("its certificate is not valid before {not_before}"),
            Self::OtherName { names } => format!("its certificate is for other names: {names}"),
            Self::UnknownIssuer => {
                "its certificate is from no authority that is trusted here (`upstream.ca_file` names one)"
                    .to_owned()
            }
            Self::BadCertificate { why } => format!("its certificate cannot be used: {why}"),
            Self::NotTls => "what answers there does not speak TLS (should the URL say http?)".to_owned(),
            Self::Other { why } => why.clone(),
        }
    }
}

/// The seconds since 1970 at the beginning of `text`, as a timestamp of RFC 3339.
fn timestamp(text: &str) -> String {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let at = digits.parse().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.map_or_else(|| shown(text), |at| at.to_string())
}

/// A peer's text for a log line: cut, and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    /// As Pingora puts it.
    fn from_upstream(error: &Error) -> UpstreamFault {
        UpstreamFault::of(&format!(
            "Upstream TLSHandshakeFailure context: TLS connect() failed:  TLSHandshakeFailure context: tls connect \
             error cause: {error}, SNI: a.test cause: local address 127.0.0.1:9"
        ))
    }

    #[test]
    fn the_fault_of_an_upstream_is_parsed_from_the_text_of_the_library() {
        let other_name = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("a.test").unwrap(),
            presented: vec![
                "DnsName(\"b.test\")".to_owned(),
                "DnsName(\"certificate expired, SNI: UnknownIssuer\")".to_owned(),
                "IpAddress(\u{1b}127.0.0.1)".to_owned(),
            ],
        };
        let expired =
            CertificateError::ExpiredContext { time: at(1_800_000_000), not_after: at(1_700_000_000) };
        let early = CertificateError::NotValidYetContext { time: at(1), not_before: at(1_700_000_000) };
        for (error, cause, detail) in [
            (
                Error::InvalidCertificate(expired),
                UpstreamError::TlsCertificateExpired,
                "its certificate expired on 2023-11-14T22:13:20Z",
            ),
            (
                Error::InvalidCertificate(early),
                UpstreamError::TlsCertificateNotYetValid,
                "its certificate is not valid before 2023-11-14T22:13:20Z",
            ),
            (
                Error::InvalidCertificate(other_name),
                UpstreamError::TlsNameMismatch,
                "its certificate is for other names: b.test, certificate expired, SNI: UnknownIssuer or \
                 IpAddress(\u{fffd}127.0.0.1)",
            ),
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                UpstreamError::TlsUnknownIssuer,
                "its certificate is from no authority that is trusted here (`upstream.ca_file` names one)",
            ),
            (
                Error::InvalidCertificate(CertificateError::BadSignature),
                UpstreamError::TlsUnknownIssuer,
                "its certificate is from no authority that is trusted here (`upstream.ca_file` names one)",
            ),
            (
                Error::InvalidCertificate(CertificateError::Revoked),
                UpstreamError::TlsCertificateInvalid,
                "its certificate cannot be used: Revoked",
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                UpstreamError::NotTls,
                "what answers there does not speak TLS (should the URL say http?)",
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                UpstreamError::TlsHandshakeFailed,
                "received fatal alert: CertificateRequired",
            ),
        ] {
            let fault = from_upstream(&error);
            assert_eq!((fault.cause(), &*fault.detail()), (cause, detail), "{error}");
        }
        assert_eq!(UpstreamFault::of("").cause(), UpstreamError::TlsHandshakeFailed);
    }
}

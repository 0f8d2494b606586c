//! The certificates of clients: they are asked for in the handshake, and verified there. What a certificate permits is for
//! the application behind the door, which gets the connection with the certificate's SHA-256.
//!
//! A session that is resumed keeps the certificate of its first handshake, which is not verified again: the sessions are
//! forgotten when the rules for certificates change, and a resumed one whose certificate has expired since is dropped.

use std::sync::Arc;

use pingora::listeners::tls::Acceptor;
use pingora::protocols::Ssl;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::ring::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::VerifierBuilderError;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::config::{Accepted, ClientTrust};
use crate::model::Instant;

/// Shakes hands with clients that are asked for certificates.
pub(super) struct Asking {
    trust: Arc<ClientTrust>,
    acceptor: Acceptor,
}

impl Asking {
    /// What shakes hands by these rules; `acceptor` makes it from what verifies the certificates.
    ///
    /// # Errors
    /// When no certificate could be verified with these authorities.
    pub(super) fn new(
        trust: Arc<ClientTrust>,
        acceptor: impl FnOnce(Arc<dyn ClientCertVerifier>) -> Acceptor,
    ) -> Result<Self, VerifierBuilderError> {
        let acceptor = acceptor(Arc::new(Verifier::new(&trust)?));
        Ok(Self { trust, acceptor })
    }

    /// Whether it shakes hands by these rules, which a reload keeps where nothing of them has changed.
    pub(super) fn is_for(&self, trust: &Arc<ClientTrust>) -> bool {
        Arc::ptr_eq(&self.trust, trust)
    }

    /// What shakes hands.
    pub(super) const fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// Whether the client's certificate has expired at `now`, where that matters. It has not in a handshake that verified
    /// it; in one that resumed a session it may have.
    pub(super) fn is_over(&self, stream: &impl Ssl, now: Instant) -> bool {
        match self.trust.accepted {
            Accepted::Any => false,
            Accepted::IssuedBy(_) => {
                let shown = stream.get_ssl().and_then(|tls| tls.peer_certificate_der());
                shown.is_some_and(|der| has_expired(der, now))
            }
        }
    }
}

/// Whether a certificate has expired (RFC 5280 section 4.1.2.5: it is valid through `notAfter`). One that cannot be read is
/// not accepted in the first place.
fn has_expired(der: &[u8], now: Instant) -> bool {
    let Ok((_, certificate)) = x509_parser_of_pingora::parse_x509_certificate(der) else { return true };
    let end = certificate.validity().not_after.timestamp();
    u64::try_from(end).map_or(true, |end| now.unix() > end)
}

/// Verifies that the client has the key of its certificate, and, where there are authorities, chain and dates.
#[derive(Debug)]
struct Verifier {
    is_required: bool,
    chain: Option<Arc<dyn ClientCertVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(trust: &ClientTrust) -> Result<Self, VerifierBuilderError> {
        let algorithms = default_provider().signature_verification_algorithms;
        Ok(Self { is_required: trust.is_required, chain: trust.chain_verifier()?, algorithms })
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.as_ref().map_or(&[], |chain| chain.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // Pingora parses it after the handshake, and panics where it cannot.
        if x509_parser_of_pingora::parse_x509_certificate(leaf).is_err() {
            return Err(Error::InvalidCertificate(CertificateError::BadEncoding));
        }
        match &self.chain {
            Some(chain) => chain.verify_client_cert(leaf, others, now),
            None => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// A certificate that signs itself, and ends with the year 2030.
    fn certificate() -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2030, 12, 31);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn any(is_required: bool) -> Verifier {
        Verifier::new(&ClientTrust { is_required, accepted: Accepted::Any }).unwrap()
    }

    #[test]
    fn a_certificate_is_valid_through_its_last_second() {
        let der = certificate();
        // 2030-12-31T00:00:00Z
        let end = 1_924_905_600;
        assert!(!has_expired(&der, Instant::from_unix(end)));
        assert!(has_expired(&der, Instant::from_unix(end + 1)));
        assert!(has_expired(b"no certificate", Instant::from_unix(0)));
    }

    #[test]
    fn any_certificate_is_accepted_that_can_be_read_and_no_other() {
        let (der, now) = (certificate(), UnixTime::since_unix_epoch(std::time::Duration::from_secs(0)));
        assert!(any(true).verify_client_cert(&der, &[], now).is_ok());
        // What Pingora would panic at, among it dates that are none, which nobody else looks at here.
        let mut date = der.to_vec();
        let at = date.windows(6).position(|bytes| bytes == b"301231").unwrap();
        date[at..at + 6].copy_from_slice(b"309931");
        for bad in [date, der[..der.len() - 1].to_vec(), b"0".to_vec(), Vec::new()] {
            let refused = any(true).verify_client_cert(&bad.into(), &[], now).unwrap_err();
            assert_eq!(refused, Error::InvalidCertificate(CertificateError::BadEncoding));
        }
    }

    #[test]
    fn a_certificate_that_nobody_issued_is_refused_where_there_are_authorities() {
        let (der, now) =
            (certificate(), UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_700_000_000)));
        let trust = ClientTrust { is_required: false, accepted: Accepted::IssuedBy(vec![certificate()]) };
        let verifier = Verifier::new(&trust).unwrap();
        assert!(verifier.verify_client_cert(&der, &[], now).is_err());
        assert_eq!((verifier.root_hint_subjects().len(), any(false).root_hint_subjects().len()), (1, 0));
        assert!(!verifier.client_auth_mandatory() && any(true).client_auth_mandatory());
        let none = ClientTrust { is_required: false, accepted: Accepted::IssuedBy(Vec::new()) };
        assert!(Verifier::new(&none).is_err(), "nobody is let in by a list that is empty");
    }

    #[test]
    fn no_weak_scheme_is_offered() {
        for scheme in any(true).supported_verify_schemes() {
            let name = format!("{scheme:?}");
            assert!(!name.contains("SHA1") && !name.contains("MD5"), "{name}");
        }
    }
}

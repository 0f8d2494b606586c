//! What a listener asks of the certificates of its clients, and whether one would do. When it is asked is for `door`.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::x509::X509Version;

use crate::model::Instant;

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

impl ClientTrust {
    /// What verifies chain and dates; `None` where neither is looked at.
    ///
    /// # Errors
    /// When no certificate could be verified with these authorities.
    pub fn chain_verifier(&self) -> Result<Option<Arc<dyn ClientCertVerifier>>, VerifierBuilderError> {
        let Accepted::IssuedBy(authorities) = &self.accepted else { return Ok(None) };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().cloned());
        let provider = default_provider().into();
        Ok(Some(WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build()?))
    }

    /// Whether a client with this certificate, and with `others` to lead to an authority, would get through the handshake at `now`, as
    /// far as the certificates say. That it has the key is shown in a handshake alone.
    ///
    /// # Errors
    /// Why it would not, in words.
    pub fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: Instant,
    ) -> Result<(), String> {
        let Ok((_, read)) = x509_parser::parse_x509_certificate(leaf) else {
            return Err("it cannot be read".to_owned());
        };
        if read.version() != X509Version::V3 {
            return Err("it is not of X.509 version 3".to_owned());
        }
        let chain = self.chain_verifier().map_err(|error| error.to_string())?;
        let Some(chain) = chain else { return Ok(()) };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.unix()));
        chain.verify_client_cert(leaf, others, now).map(|_| ()).map_err(|error| in_words(&error))
    }
}

fn in_words(error: &Error) -> String {
    let Error::InvalidCertificate(why) = error else { return error.to_string() };
    match why {
        CertificateError::UnknownIssuer => {
            "no chain leads from it to an authority of `ca_file`; an intermediate certificate may be missing"
        }
        CertificateError::BadSignature => {
            "an authority of `ca_file` has the name of its issuer, and did not sign it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for clients (`extendedKeyUsage`)"
        }
        _ => return error.to_string(),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
        date_time_ymd,
    };

    use super::*;

    /// An authority of this name, and who signs with it.
    fn authority(name: &str) -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().der().clone(), Issuer::new(params, key))
    }

    fn issued(by: &Issuer<'static, KeyPair>, purpose: ExtendedKeyUsagePurpose) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        params.extended_key_usages = vec![purpose];
        params.signed_by(&KeyPair::generate().unwrap(), by).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_is_judged_as_the_handshake_does_and_in_words() {
        use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
        let ((root, issuer), (_, stranger), (_, twin)) = (authority("a"), authority("b"), authority("a"));
        // In 2025, after 2030, and before 2020.
        let (now, late, early) = (1_750_000_000, 1_950_000_000, 1_500_000_000);
        let issued_by = || Accepted::IssuedBy(vec![root.clone()]);
        for (accepted, leaf, at, wanted) in [
            (issued_by(), issued(&issuer, ClientAuth), now, None),
            (issued_by(), issued(&stranger, ClientAuth), now, Some("no chain leads from it")),
            (issued_by(), issued(&twin, ClientAuth), now, Some("did not sign it")),
            (issued_by(), issued(&issuer, ServerAuth), now, Some("not for clients")),
            (issued_by(), issued(&issuer, ClientAuth), late, Some("has expired")),
            (issued_by(), issued(&issuer, ClientAuth), early, Some("not valid yet")),
            (Accepted::IssuedBy(Vec::new()), issued(&issuer, ClientAuth), now, Some("root")),
            (Accepted::Any, issued(&stranger, ServerAuth), late, None),
            (Accepted::Any, CertificateDer::from(b"none".to_vec()), now, Some("cannot be read")),
        ] {
            let trust = ClientTrust { is_required: false, accepted };
            let judged = trust.judge(&leaf, &[], Instant::from_unix(at));
            let why = judged.as_ref().err();
            assert_eq!(why.is_some(), wanted.is_some(), "{trust:?} {at}: {judged:?}");
            assert!(why.is_none_or(|why| wanted.is_some_and(|wanted| why.contains(wanted))), "{judged:?}");
        }
    }
}

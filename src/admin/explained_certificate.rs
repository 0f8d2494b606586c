//! The client certificate of a question to `explain`: given as PEM, or in the header of a trusted proxy, and what each way into the
//! gateway makes of it.
//!
//! A certificate is public; its key is never asked for, and one that is given all the same is not read.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use http::HeaderMap;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::{Accepted, ClientTrust, Snapshot};
use crate::gate::{CertificateWay, ShownCertificate};
use crate::model::{Digest, Instant, pem_without_marks};
use crate::protocol::{BadCertificate, certificate_digest};

/// The certificate that a question shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedCertificate {
    /// Its SHA-256, as the request has it.
    pub digest: Digest,
    /// What an explanation says of it.
    pub shown: ShownCertificate,
}

/// Why a text gives no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCertificate {
    /// There is none in it.
    #[error("expected a certificate in PEM (`-----BEGIN CERTIFICATE-----`), found none")]
    Absent,
    /// Its PEM cannot be read.
    #[error("the PEM is damaged: give the certificate anew, from its `BEGIN` line to its `END` line")]
    Damaged,
    /// The first one is no X.509 certificate.
    #[error("the first certificate cannot be read (X.509)")]
    Unreadable,
}

/// A header of a proxy that gives no certificate that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableHeader {
    /// What is wrong with it.
    pub bad: BadCertificate,
    /// What it must hold.
    pub wanted: String,
}

impl ExplainedCertificate {
    /// The client's certificate, which is the first one of a PEM text, as a handshake would show it at `now`. Others behind it lead to an
    /// authority.
    ///
    /// # Errors
    /// Why the text gives none.
    pub fn of_pem(live: &Snapshot, pem: &[u8], now: Instant) -> Result<Self, NoCertificate> {
        let pem = pem_without_marks(pem);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|_| NoCertificate::Damaged)?;
        let (leaf, others) = chain.split_first().ok_or(NoCertificate::Absent)?;
        if !matches!(x509_parser::parse_x509_certificate(leaf), Ok(([], _))) {
            return Err(NoCertificate::Unreadable);
        }
        let judged = live.client_trust.iter().map(|(address, trust)| {
            let why = trust.judge(leaf, others, now);
            CertificateWay {
                setting: format!("tls of {address}"),
                accepted: why.is_ok(),
                why: why
                    .err()
                    .map_or_else(|| accepts(trust).to_owned(), |why| format!("{why}: the handshake fails")),
            }
        });
        Ok(Self::of(Digest::of(leaf), judged.chain(by_header(live)).collect()))
    }

    /// The certificate that a trusted proxy would give with these fields of a request; `None` without the header for it.
    ///
    /// # Errors
    /// When the header gives none that can be read.
    pub fn of_header(live: &Snapshot, headers: &HeaderMap) -> Result<Option<Self>, UnreadableHeader> {
        let Some(header) = &live.server.client_certificate_header else { return Ok(None) };
        match certificate_digest(header.format, headers.get_all(&header.name.value).iter()) {
            Ok(digest) => Ok(digest.map(|digest| Self::of(digest, by_header(live).into_iter().collect()))),
            Err(bad) => {
                let wanted = BadCertificate::wanted(&header.name.value, header.format);
                Err(UnreadableHeader { bad, wanted })
            }
        }
    }

    fn of(digest: Digest, ways: Vec<CertificateWay>) -> Self {
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest.as_bytes());
        Self { digest, shown: ShownCertificate { sha256: digest.to_hex(), thumbprint, ways } }
    }
}

const fn accepts(trust: &ClientTrust) -> &'static str {
    match trust.accepted {
        Accepted::Any => "any certificate whose key the client has",
        Accepted::IssuedBy(_) => "a chain leads from it to an authority of `ca_file`, and it is valid now",
    }
}

/// The way by the header of a proxy, which has looked at the certificate itself.
fn by_header(live: &Snapshot) -> Option<CertificateWay> {
    let header = live.server.client_certificate_header.as_ref()?;
    Some(CertificateWay {
        setting: format!("client_certificate_header {}", header.name.value),
        accepted: true,
        why: "believed from `trusted_proxies`, which decide themselves which certificates they accept"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::admin::fixtures;

    fn pem() -> (String, Digest) {
        let made = rcgen::generate_simple_self_signed(vec!["client.test".to_owned()]).unwrap();
        (made.cert.pem(), Digest::of(made.cert.der()))
    }

    #[test]
    fn the_first_certificate_of_a_text_is_the_clients() {
        let live = fixtures::snapshot(&fixtures::document());
        let now = Instant::from_unix(1_750_000_000);
        let ((own, digest), (other, _)) = (pem(), pem());
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for text in [own.clone(), format!("{own}{other}"), format!("\u{feff}{key}Subject: x\n{own}")] {
            let read = ExplainedCertificate::of_pem(&live, text.as_bytes(), now).unwrap();
            assert_eq!((read.digest, read.shown.sha256), (digest, digest.to_hex()));
            assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(read.shown.thumbprint).unwrap(), digest.as_bytes());
            assert_eq!(read.shown.ways, [], "nobody asks for certificates here");
        }
        for (text, wanted) in [
            ("", NoCertificate::Absent),
            (key, NoCertificate::Absent),
            ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", NoCertificate::Damaged),
            ("-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n", NoCertificate::Unreadable),
        ] {
            assert_eq!(ExplainedCertificate::of_pem(&live, text.as_bytes(), now), Err(wanted), "{text}");
        }
    }

    #[test]
    fn a_header_counts_where_it_is_written_and_as_a_trusted_proxy_would_send_it() {
        let (pem, digest) = pem();
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let field = |value: &str| {
            HeaderMap::from_iter([("client-cert".parse().unwrap(), value.parse::<HeaderValue>().unwrap())])
        };
        let (good, bad) = (field(&format!(":{base64}:")), field(&base64));
        let without = fixtures::snapshot(&fixtures::document());
        assert_eq!(ExplainedCertificate::of_header(&without, &good), Ok(None));
        let header = "server:\n  trusted_proxies: [10.0.0.1/32]\n  client_certificate_header: { name: Client-Cert, format: rfc9440 }\n";
        let live = fixtures::snapshot(&fixtures::document().replacen("server:\n", header, 1));
        let read = ExplainedCertificate::of_header(&live, &good).unwrap().unwrap();
        assert_eq!((read.digest, read.shown.ways.len()), (digest, 1));
        assert_eq!(ExplainedCertificate::of_header(&live, &HeaderMap::new()), Ok(None));
        let refused = ExplainedCertificate::of_header(&live, &bad).unwrap_err();
        assert_eq!(refused.bad, BadCertificate::Form);
        assert!(refused.wanted.contains("rfc9440"), "{}", refused.wanted);
    }
}

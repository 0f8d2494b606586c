//! The header in which a proxy gives the certificate of its client: from the lines of the header to the certificate's SHA-256.
//!
//! Whether the header is believed is for `proxy`.

mod encoded;
mod xfcc;

use std::fmt;

use http::{HeaderName, HeaderValue};

use crate::model::Digest;

/// The form of such a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFormat {
    /// A byte sequence of Structured Fields (RFC 9440 section 2.2): DER in base64 between colons.
    Rfc9440,
    /// PEM, percent-encoded, as nginx writes `$ssl_client_escaped_cert`.
    PemEscaped,
    /// DER in base64, as HAProxy writes `ssl_c_der,base64`.
    DerBase64,
    /// `X-Forwarded-Client-Cert` as Envoy writes it.
    Xfcc,
}

impl CertificateFormat {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rfc9440 => "rfc9440",
            Self::PemEscaped => "pem_escaped",
            Self::DerBase64 => "der_base64",
            Self::Xfcc => "xfcc",
        }
    }
}

/// What is wrong with such a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadCertificate {
    /// The header stands in more than one line.
    Repeated,
    /// It is not of the form that `format` names.
    Form,
    /// What is encoded is not one certificate (X.509) in DER.
    NotCertificate,
    /// `X-Forwarded-Client-Cert` has more than one element.
    Elements,
    /// Its element has neither a `Hash` nor a `Cert`.
    Absent,
    /// Its `Hash` is not that of its `Cert`.
    Disagree,
}

impl BadCertificate {
    /// How to fix the header.
    pub const FIX: &'static str = "let the proxy write the header in the format of `server.client_certificate_header`, and remove what \
                                   clients send";

    /// What the header `name` must hold.
    #[must_use]
    pub fn wanted(name: &HeaderName, format: CertificateFormat) -> String {
        format!("{name}: one certificate, as `{}` writes it", format.as_str())
    }
}

impl fmt::Display for BadCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeated => "the header in more than one line",
            Self::Form => "a value of another form",
            Self::NotCertificate => "something that is not one certificate (X.509)",
            Self::Elements => "more than one element, each of another proxy",
            Self::Absent => "an element without Hash and Cert",
            Self::Disagree => "a Hash that is not that of the Cert",
        })
    }
}

/// The SHA-256 of the certificate (RFC 8705 section 3.1) that these lines of the header give. A proxy whose client has shown
/// none leaves the header out or, as HAProxy does, empty: then there is none.
///
/// # Errors
/// What is wrong with the header.
pub fn certificate_digest<'v>(
    format: CertificateFormat,
    mut lines: impl Iterator<Item = &'v HeaderValue>,
) -> Result<Option<Digest>, BadCertificate> {
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(BadCertificate::Repeated);
    }
    let value = line.as_bytes().trim_ascii();
    if value.is_empty() {
        return Ok(None);
    }
    let der = match format {
        CertificateFormat::Rfc9440 => encoded::byte_sequence(value)?,
        CertificateFormat::PemEscaped => encoded::escaped_pem(value)?,
        CertificateFormat::DerBase64 => encoded::base64(value)?,
        CertificateFormat::Xfcc => return xfcc::digest(value).map(Some),
    };
    Ok(Some(Digest::of(&der)))
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;
    use CertificateFormat::{DerBase64, PemEscaped, Rfc9440, Xfcc};

    /// Amazon's load balancer leaves these characters as they are.
    const SAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'+').remove(b'=').remove(b'/');

    fn certificate() -> rcgen::Certificate {
        rcgen::generate_simple_self_signed(vec!["client.test".to_owned()]).unwrap().cert
    }

    fn escaped(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    fn digest(format: CertificateFormat, lines: &[&str]) -> Result<Option<Digest>, BadCertificate> {
        let lines: Vec<_> = lines.iter().map(|line| HeaderValue::from_str(line).unwrap()).collect();
        certificate_digest(format, lines.iter())
    }

    #[test]
    fn each_format_gives_the_digest_of_the_certificate() {
        let certificate = certificate();
        let (pem, wanted) = (certificate.pem(), Digest::of(certificate.der()));
        let base64 = BASE64_STANDARD.encode(certificate.der());
        let hash = wanted.to_hex();
        for (format, value) in [
            (Rfc9440, format!(":{base64}:")),
            (Rfc9440, format!(":{}:", BASE64_STANDARD_NO_PAD.encode(certificate.der()))),
            (DerBase64, base64.clone()),
            (DerBase64, format!(" {base64}\t")),
            (PemEscaped, escaped(&pem)),
            (PemEscaped, escaped(pem.trim_end())),
            (PemEscaped, escaped(&pem.replace('\n', "\r\n"))),
            (PemEscaped, utf8_percent_encode(&pem, SAFE).to_string()),
            (Xfcc, format!("Hash={hash}")),
            (Xfcc, format!("hash={}", hash.to_uppercase())),
            (Xfcc, format!("Hash=\"{hash}\";Subject=\"CN=a\\\",Hash=b;Cert=c\\\\\"")),
            (Xfcc, format!("By=spiffe://a/b;Hash={hash};Subject=\"\";URI=spiffe://c/d")),
            (Xfcc, format!("Cert=\"{}\"", escaped(&pem))),
            (Xfcc, format!("Hash={hash};Cert=\"{}\";DNS=a.test;DNS=b.test", escaped(&pem))),
        ] {
            assert_eq!(digest(format, &[&value]), Ok(Some(wanted)), "{format:?} {value}");
        }
    }

    #[test]
    fn a_header_that_is_absent_or_empty_gives_no_certificate() {
        for format in [Rfc9440, PemEscaped, DerBase64, Xfcc] {
            assert_eq!(digest(format, &[]), Ok(None), "{format:?}");
            assert_eq!(digest(format, &[" "]), Ok(None), "{format:?}");
            assert_eq!(digest(format, &["", ""]), Err(BadCertificate::Repeated), "{format:?}");
        }
    }

    #[test]
    fn a_header_that_gives_no_certificate_or_two_is_refused() {
        let certificate = certificate();
        let (der, pem) = (certificate.der(), certificate.pem());
        let (base64, hash) = (BASE64_STANDARD.encode(der), Digest::of(der).to_hex());
        let longer = BASE64_STANDARD.encode([der, &b"\0"[..]].concat());
        let shorter = BASE64_STANDARD.encode(&der[..der.len() - 1]);
        let other = Digest::of(b"another").to_hex();
        use BadCertificate::{Absent, Disagree, Elements, Form, NotCertificate};
        for (format, value, wanted) in [
            (Rfc9440, base64.clone(), Form),
            (Rfc9440, format!(":{base64}"), Form),
            (Rfc9440, ":".to_owned(), Form),
            (Rfc9440, "::".to_owned(), NotCertificate),
            (Rfc9440, format!(":{base64}:;a=1"), Form),
            (Rfc9440, format!(":{base64}:, :{base64}:"), Form),
            (Rfc9440, format!(":{longer}:"), NotCertificate),
            (DerBase64, format!(":{base64}:"), Form),
            (DerBase64, base64.replace('+', "-").replace('/', "_") + "-_", Form),
            (DerBase64, format!("{base64}, {base64}"), Form),
            (DerBase64, shorter, NotCertificate),
            (DerBase64, "Zm9v".to_owned(), NotCertificate),
            (PemEscaped, base64.clone(), Form),
            (PemEscaped, escaped(&(pem.clone() + &pem)), Form),
            (PemEscaped, escaped(&escaped(&pem)), Form),
            (PemEscaped, escaped(&pem.replace("CERTIFICATE", "PUBLIC KEY")), Form),
            (PemEscaped, escaped(&format!("x{pem}")), Form),
            (PemEscaped, "%ff%fe".to_owned(), Form),
            (PemEscaped, "-----BEGIN CERTIFICATE----------END CERTIFICATE-----".to_owned(), NotCertificate),
            (Xfcc, hash.clone(), Form),
            (Xfcc, format!("Hash={hash},Hash={hash}"), Elements),
            (Xfcc, format!("By=a,Hash={hash}"), Elements),
            (Xfcc, format!("Hash={hash};Hash={hash}"), Form),
            (Xfcc, format!("Hash={hash};hash={other}"), Form),
            (Xfcc, format!("Hash={}", &hash[1..]), Form),
            (Xfcc, "By=spiffe://a/b;URI=spiffe://c/d".to_owned(), Absent),
            (Xfcc, format!("Hash={other};Cert=\"{}\"", escaped(&pem)), Disagree),
            (Xfcc, format!("Hash={hash};Cert=\"{}\"", escaped("junk")), Form),
            (Xfcc, format!("Hash={hash};Subject=\"CN=a"), Form),
            (Xfcc, format!("Hash={hash};Subject=\"a\"b"), Form),
            (Xfcc, format!("Hash={hash};"), Form),
            (Xfcc, format!(";Hash={hash}"), Form),
            (Xfcc, format!("Hash={hash};Subject=a\"b"), Form),
            (Xfcc, format!("Hash={hash};=b"), Form),
            (Xfcc, format!("Hash {hash}"), Form),
        ] {
            assert_eq!(digest(format, &[&value]), Err(wanted), "{format:?} {value}");
        }
    }

    proptest! {
        // What no certificate was put into gives none, in whatever bytes it comes.
        #[test]
        fn no_other_value_gives_a_certificate(value in "[ -~]{0,80}") {
            for format in [Rfc9440, PemEscaped, DerBase64] {
                let read = digest(format, &[&value]);
                prop_assert!(!matches!(read, Ok(Some(_))), "{format:?} {value:?}");
            }
            // A hash may come alone.
            if let Ok(Some(read)) = digest(Xfcc, &[&value]) {
                let hash = format!("hash={}", read.to_hex());
                prop_assert!(value.to_ascii_lowercase().contains(&hash), "{value:?}");
            }
        }

        // A value that names another certificate beside the one that the proxy gives is never read as the other.
        #[test]
        fn nothing_in_a_subject_names_another_certificate(subject in "[ -~]{0,60}") {
            let (own, other) = (Digest::of(b"own"), Digest::of(b"other"));
            let subject = subject.replace("HASH", &other.to_hex());
            let value = format!("Hash={};Subject=\"{};Hash={}\"", own.to_hex(), subject.replace('"', "\\\""), other.to_hex());
            prop_assert!(!matches!(digest(Xfcc, &[&value]), Ok(read) if read != Some(own)), "{value}");
        }

        #[test]
        fn a_certificate_is_what_a_reader_of_structured_fields_finds(
            bytes in prop::collection::vec(any::<u8>(), 0..64), before in "[ :]{0,2}", after in "[ :;a]{0,2}",
        ) {
            let text = format!("{before}:{}:{after}", BASE64_STANDARD.encode(&bytes));
            let item = sfv::Parser::parse_item(text.as_bytes()).ok();
            let theirs = item.filter(|item| item.params.is_empty()).and_then(|item| match item.bare_item {
                sfv::BareItem::ByteSeq(bytes) => Some(bytes),
                _ => None,
            });
            let ours = encoded::sequence(text.trim_ascii().as_bytes()).ok();
            prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}

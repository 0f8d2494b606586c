//! One certificate in an encoding: base64 of its DER, bare or between colons, or PEM that was percent-encoded.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode;

use super::BadCertificate;

/// As RFC 8941 section 4.2.7 wants it to be read: with padding or without, whatever the last bits are. What counts is the
/// certificate, and that has one form.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The DER of `:BASE64:` (RFC 9440 section 2.2).
pub(super) fn byte_sequence(value: &[u8]) -> Result<Vec<u8>, BadCertificate> {
    one_certificate(sequence(value)?)
}

/// The bytes of `:BASE64:` (RFC 8941 section 3.3.5), without parameters.
pub(super) fn sequence(value: &[u8]) -> Result<Vec<u8>, BadCertificate> {
    let inner = value.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b":"));
    BASE64.decode(inner.ok_or(BadCertificate::Form)?).map_err(|_| BadCertificate::Form)
}

/// The DER of base64.
pub(super) fn base64(value: &[u8]) -> Result<Vec<u8>, BadCertificate> {
    one_certificate(BASE64.decode(value).map_err(|_| BadCertificate::Form)?)
}

/// The DER of percent-encoded PEM with one certificate and nothing else.
pub(super) fn escaped_pem(value: &[u8]) -> Result<Vec<u8>, BadCertificate> {
    let pem = percent_decode(value).decode_utf8().map_err(|_| BadCertificate::Form)?;
    let inner = pem.trim_ascii().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let mut lines = inner.ok_or(BadCertificate::Form)?.as_bytes().to_vec();
    lines.retain(|byte| !byte.is_ascii_whitespace());
    base64(&lines)
}

fn one_certificate(der: Vec<u8>) -> Result<Vec<u8>, BadCertificate> {
    match x509_parser::parse_x509_certificate(&der) {
        Ok(([], _)) => Ok(der),
        _ => Err(BadCertificate::NotCertificate),
    }
}

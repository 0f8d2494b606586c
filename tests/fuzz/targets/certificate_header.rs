//! The header in which a proxy gives a client's certificate. The first byte names the format, and whether the header comes twice.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::HeaderValue;
use portcullis::model::Digest;
use portcullis::protocol::{CertificateFormat, certificate_digest};

pub(crate) const WORDS: &[&str] = &[
    ":",
    ";",
    ",",
    "=",
    "\"",
    "\\\"",
    "\\",
    "Hash=",
    "hash=",
    "Cert=\"",
    "By=spiffe://a/b;",
    ";Subject=\"CN=a\"",
    "-----BEGIN%20CERTIFICATE-----%0A",
    "-----END%20CERTIFICATE-----%0A",
    "-----BEGIN CERTIFICATE-----",
    "-----END CERTIFICATE-----",
    "%0A",
    "%2B",
    "+",
    "MIIB",
    " ",
];

const FORMATS: [CertificateFormat; 4] = [
    CertificateFormat::Rfc9440,
    CertificateFormat::PemEscaped,
    CertificateFormat::DerBase64,
    CertificateFormat::Xfcc,
];

pub(crate) fn run(input: &[u8]) -> String {
    let Some((&first, value)) = input.split_first() else { return "nothing".to_owned() };
    let Ok(line) = HeaderValue::from_bytes(value) else { return "no value".to_owned() };
    let format = FORMATS[usize::from(first) % FORMATS.len()];
    let twice = [&line, &line];
    assert!(certificate_digest(format, twice.into_iter()).is_err(), "two lines");
    match certificate_digest(format, std::iter::once(&line)) {
        Ok(Some(digest)) => {
            assert!(is_in(value, &digest), "{format:?}: a digest of something else");
            format!("{format:?}")
        }
        Ok(None) => {
            assert!(value.trim_ascii().is_empty(), "a certificate was overlooked");
            "none".to_owned()
        }
        Err(bad) => format!("{format:?} {bad:?}"),
    }
}

/// Runs are cut out without their padding, and the last bits of one may be any.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Whether a value holds this digest as a hash, or a certificate of this digest, by another reading: the runs of base64 in it.
fn is_in(value: &[u8], digest: &Digest) -> bool {
    let text = decoded(&String::from_utf8_lossy(value));
    let (lower, hex) = (text.to_ascii_lowercase(), digest.to_hex());
    if lower.contains(&format!("hash={hex}")) || lower.contains(&format!("hash=\"{hex}\"")) {
        return true;
    }
    let plain = text.replace("-----BEGIN CERTIFICATE-----", "!").replace("-----END CERTIFICATE-----", "!");
    let lines: String = plain.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let runs = lines.split(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '/'));
    runs.filter_map(|run| BASE64.decode(run).ok()).any(|der| Digest::of(&der) == *digest)
}

/// The text without percent-encoding, where that is ASCII.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        match byte {
            Some(byte) => {
                out.push(char::from(byte));
                out.push_str(&part[2..]);
            }
            None => {
                out.push('%');
                out.push_str(part);
            }
        }
    }
    out
}

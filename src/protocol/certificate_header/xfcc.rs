//! `X-Forwarded-Client-Cert` as Envoy writes it (Envoy, "HTTP header manipulation", x-forwarded-client-cert): elements with
//! commas between them, one of each proxy on the way, each of pairs with semicolons between them; a value that holds one of these
//! stands in quotation marks.

use crate::model::Digest;

use super::BadCertificate;
use super::encoded::escaped_pem;

/// What ends a value that stands in no quotation marks.
const ENDS: [u8; 2] = [b';', b','];

/// The digest of the certificate in a value of one element: its `Hash`, or that of its `Cert`, which must agree.
pub(super) fn digest(value: &[u8]) -> Result<Digest, BadCertificate> {
    let (mut hash, mut certificate) = (None, None);
    let mut rest = Some(value);
    while let Some(here) = rest {
        let Pair { name, text, after } = Pair::first(here)?;
        rest = after;
        let twice = if name.eq_ignore_ascii_case(b"hash") {
            let read = str::from_utf8(text).ok().and_then(Digest::from_hex);
            hash.replace(read.ok_or(BadCertificate::Form)?).is_some()
        } else if name.eq_ignore_ascii_case(b"cert") {
            certificate.replace(Digest::of(&escaped_pem(text)?)).is_some()
        } else {
            false
        };
        if twice {
            return Err(BadCertificate::Form);
        }
    }
    match (hash, certificate) {
        (Some(hash), Some(certificate)) if hash != certificate => Err(BadCertificate::Disagree),
        (Some(digest), _) | (None, Some(digest)) => Ok(digest),
        (None, None) => Err(BadCertificate::Absent),
    }
}

/// A pair of an element.
struct Pair<'v> {
    name: &'v [u8],
    /// Its value, without quotation marks; what is escaped in it is escaped still.
    text: &'v [u8],
    /// What follows in the element.
    after: Option<&'v [u8]>,
}

impl<'v> Pair<'v> {
    fn first(element: &'v [u8]) -> Result<Self, BadCertificate> {
        let mut parts = element.splitn(2, |byte| *byte == b'=');
        let (name, value) = parts.next().zip(parts.next()).ok_or(BadCertificate::Form)?;
        if name.is_empty() || !name.iter().all(u8::is_ascii_alphanumeric) {
            return Err(BadCertificate::Form);
        }
        let parts = value.strip_prefix(b"\"").map_or_else(|| bare_text(value), quoted_text);
        let (text, after) = parts.ok_or(BadCertificate::Form)?;
        match after.split_first() {
            None => Ok(Self { name, text, after: None }),
            Some((b';', after)) => Ok(Self { name, text, after: Some(after) }),
            Some((b',', _)) => Err(BadCertificate::Elements),
            Some(_) => Err(BadCertificate::Form),
        }
    }
}

/// The text up to the closing quotation mark, and what follows that. A backslash escapes a quotation mark and itself.
fn quoted_text(quoted: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut is_escaped = false;
    let end = quoted.iter().position(|byte| {
        let closes = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        closes
    })?;
    let (text, after) = quoted.split_at(end);
    Some((text, after.get(1..)?))
}

/// The text up to the end of the pair, which has no quotation mark.
fn bare_text(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = value.iter().position(|byte| ENDS.contains(byte)).unwrap_or(value.len());
    let (text, after) = value.split_at(end);
    (!text.contains(&b'"')).then_some((text, after))
}

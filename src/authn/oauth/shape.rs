//! The shape of a token: a JWT, which is verified here, or an opaque one, about which only its provider knows anything.
//!
//! `jwt` parses the former; whether an agent takes the latter is in `opaque`.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::IgnoredAny;

use crate::model::Digest;

/// More lenient than `jwt`: what only looks like a JWT must be refused as a broken one, and never be handed to a provider as
/// if it were none.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The shape of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Three parts of base64url, the first a JSON object (RFC 7515 section 7.1).
    Jwt,
    /// Any other text that may follow `Bearer` (`b64token`, RFC 6750 section 2.1); five parts as well.
    Opaque,
    /// No token at all.
    Neither,
}

impl Shape {
    /// The shape of a text.
    pub(super) fn of(text: &str) -> Self {
        if is_jwt(text) {
            Self::Jwt
        } else if is_b64token(text) {
            Self::Opaque
        } else {
            Self::Neither
        }
    }
}

/// The digest of what names a token: of a JWT, header and payload as they were sent (RFC 7515 section 5.2), so that a
/// signature that is spelled in another way makes no other token of it; of an opaque token, the whole.
#[must_use]
pub fn signed_digest(token: &str) -> Digest {
    let signed = token.rsplit_once('.').filter(|_| is_jwt(token));
    Digest::of(signed.map_or(token, |(signed, _)| signed).as_bytes())
}

fn is_jwt(text: &str) -> bool {
    let mut parts = text.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_base64url =
        |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    [header, payload, signature].into_iter().all(is_base64url)
        && LENIENT.decode(header).is_ok_and(|header| is_json_object(&header))
}

fn is_json_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let is_good = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    !body.is_empty() && body.bytes().all(is_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"alg":"RS256"}`
    const HEADER: &str = "eyJhbGciOiJSUzI1NiJ9";

    #[test]
    fn three_parts_with_a_json_header_are_a_jwt_and_other_tokens_are_opaque() {
        for (text, shape) in [
            (&*format!("{HEADER}.e30.c2ln"), Shape::Jwt),
            (&format!("{HEADER}.e30."), Shape::Jwt),
            (&format!("{HEADER}.."), Shape::Jwt),
            // The payload is for the parser to judge.
            (&format!("{HEADER}.bm8.c2ln"), Shape::Jwt),
            // Stray bits in the header, and a duplicate member: a broken JWT is no opaque token.
            ("eyJhbGciOiJSUzI1NiJ-.e30.c2ln", Shape::Opaque),
            ("eyJhIjoxfR.e30.c2ln", Shape::Jwt),
            ("eyJhIjoxLCJhIjoyfQ.e30.c2ln", Shape::Jwt),
            // A header that is no object, or no JSON.
            ("W10.e30.c2ln", Shape::Opaque),
            ("MQ.e30.c2ln", Shape::Opaque),
            ("a.b.c", Shape::Opaque),
            // Two, four and five parts.
            (&format!("{HEADER}.e30"), Shape::Opaque),
            (&format!("{HEADER}.e30.c2ln.x"), Shape::Opaque),
            (&format!("{HEADER}.a.b.c.d"), Shape::Opaque),
            ("9f8e7d6c", Shape::Opaque),
            ("ya29.a0Af_~+/-x==", Shape::Opaque),
            ("=", Shape::Neither),
            ("", Shape::Neither),
            ("a=b", Shape::Neither),
            ("a b", Shape::Neither),
            ("a\"b", Shape::Neither),
            ("a;b", Shape::Neither),
            (&format!("{HEADER}=.e30.c2ln"), Shape::Neither),
        ] {
            assert_eq!(Shape::of(text), shape, "{text}");
        }
    }

    #[test]
    fn a_jwt_is_named_by_what_was_signed_and_an_opaque_token_by_all_of_it() {
        let jwt = format!("{HEADER}.e30.c2ln");
        assert_eq!(signed_digest(&jwt), Digest::of(format!("{HEADER}.e30").as_bytes()));
        assert_eq!(signed_digest(&jwt), signed_digest(&format!("{HEADER}.e30.other")));
        for opaque in ["abc", "a.b", "a.b.c", "a.b.c.d.e"] {
            assert_eq!(signed_digest(opaque), Digest::of(opaque.as_bytes()), "{opaque}");
        }
    }
}

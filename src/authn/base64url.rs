//! Base64url as JOSE writes it.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Unpadded base64url whose last character has no stray bits (RFC 7515 section 2, RFC 4648 section 3.5): each byte string
/// has one encoding, so a token cannot be spelled in two ways.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// The same, whatever the stray bits are: the example of RFC 8705 section 3.1 has some. For hashes, which are compared as bytes.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes that a text encodes; `None` when it is no such text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(text).ok()
}

/// The text of these bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// The 32 bytes that a text encodes, such as a SHA-256 of RFC 7638 or RFC 9449.
pub(super) fn decode_digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let length = LENIENT.decode_slice(text, &mut bytes).ok()?;
    (length == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_43_characters() {
        let (text, bytes) = (encode(&[7; 32]), Some([7; 32]));
        assert_eq!((text.len(), decode_digest(&text)), (43, bytes));
        for bad in ["", &text[1..], &format!("{text}="), &format!("{text}A"), &text.replace('B', "+")] {
            assert_eq!(decode_digest(bad), None, "{bad}");
        }
        // The last character of 43 has two bits that mean nothing.
        let stray = format!("{}d", &text[..42]);
        assert_eq!((decode(&stray), decode_digest(&stray)), (None, Some([7; 32])));
    }
}

//! Bytes in a query that RFC 3986 appendix A does not allow and that clients send all the same: quotes, angle brackets and
//! braces of JSON, and bytes that are not ASCII. They are forwarded percent-encoded, as browsers write them.

/// Whether a query with this byte is accepted: anything but control characters, blanks and `#`.
#[must_use]
pub const fn may_stand(byte: u8) -> bool {
    byte > 0x20 && byte != 0x7f && byte != b'#'
}

/// Whether an accepted byte is forwarded percent-encoded (URL Standard, query percent-encode set, and what RFC 3986 excludes).
#[must_use]
pub const fn is_encoded(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}') || byte >= 0x80
}

/// The query with the bytes of [`is_encoded`] percent-encoded.
#[must_use]
pub fn encoded(query: &[u8]) -> Vec<u8> {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(query.len() * 2);
    for byte in query.iter().copied() {
        if is_encoded(byte) {
            // Half a byte is always an index into `HEX`.
            let digit = |half: u8| HEX.get(usize::from(half)).copied().unwrap_or_default();
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0xf)]);
        } else {
            out.push(byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_no_uri_has_are_encoded_and_no_others() {
        for (sent, wanted) in [
            ("q={\"a\":1}", "q=%7B%22a%22:1%7D"),
            ("a=<b>&c=^d`e|f", "a=%3Cb%3E&c=%5Ed%60e%7Cf"),
            ("q=gr\u{fc}n", "q=gr%C3%BCn"),
            ("filter[name]=x&u=http://x/y?z&d=100%&e=%2f\\", "filter[name]=x&u=http://x/y?z&d=100%&e=%2f\\"),
            ("", ""),
        ] {
            assert_eq!(encoded(sent.as_bytes()), wanted.as_bytes(), "{sent}");
        }
        assert_eq!(encoded(b"q=\xff"), b"q=%FF");
    }

    #[test]
    fn control_characters_blanks_and_fragments_are_not_accepted() {
        for byte in (0..=0x20).chain([0x7f, b'#']) {
            assert!(!may_stand(byte), "{byte:#x}");
        }
        for byte in [b'!', b'"', b'<', b'`', b'{', b'~', 0x80, 0xff] {
            assert!(may_stand(byte), "{byte:#x}");
        }
    }
}

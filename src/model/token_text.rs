//! The tokens of HTTP (RFC 9110 section 5.6.2): methods, field names and schemes are tokens.

/// Whether `byte` is a `tchar` of RFC 9110 section 5.6.2.
#[must_use]
pub const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether `text` is a token: one `tchar` or more.
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is_tchar(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_of_the_characters_of_rfc_9110() {
        // The delimiters of section 5.6.2, and what is not visible ASCII.
        let delimiters = b"\"(),/:;<=>?@[\\]{}";
        for byte in 0..=u8::MAX {
            assert_eq!(is_tchar(byte), byte.is_ascii_graphic() && !delimiters.contains(&byte), "{byte:#x}");
        }
        for (text, wanted) in [("GET", true), ("x-a", true), ("", false), ("a b", false), ("é", false)] {
            assert_eq!(is_token(text.as_bytes()), wanted, "{text}");
        }
    }
}

//! The byte-order mark (U+FEFF) that some editors write at the beginning of a text. It means nothing in UTF-8 (RFC 3629
//! section 6), and parsers stumble over it.

use std::borrow::Cow;

/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// `text` without a mark at its beginning.
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// `pem` without any mark: when files are joined, each may bring its own. PEM is ASCII (RFC 7468 section 2), so a mark is
/// never part of it.
#[must_use]
pub fn pem_without_marks(pem: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memmem::find(pem, MARK) else { return Cow::Borrowed(pem) };
    let (clean, mut rest) = pem.split_at(first);
    let mut clean = clean.to_vec();
    while let Some(at) = memchr::memmem::find(rest, MARK) {
        let (before, after) = rest.split_at(at);
        clean.extend_from_slice(before);
        rest = after.get(MARK.len()..).unwrap_or_default();
    }
    clean.extend_from_slice(rest);
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_removed_and_nothing_else() {
        for (text, begun, joined) in [
            ("", "", ""),
            ("a", "a", "a"),
            ("\u{feff}", "", ""),
            ("\u{feff}a\u{feff}b", "a\u{feff}b", "ab"),
            ("a\u{feff}\u{feff}", "a\u{feff}\u{feff}", "a"),
            ("\u{fe}", "\u{fe}", "\u{fe}"),
        ] {
            assert_eq!(without_mark(text.as_bytes()), begun.as_bytes(), "{text:?}");
            assert_eq!(*pem_without_marks(text.as_bytes()), *joined.as_bytes(), "{text:?}");
        }
    }
}

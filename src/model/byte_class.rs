//! What a byte may be in the head of a request, as classes in one table: a text is looked at once, whatever is to be known of
//! it. The grammars stand with tokens, queries, paths and hosts.

use super::{query, token_text::is_tchar};

/// A `tchar`.
pub const TOKEN: u8 = 1;
/// A byte that is visible ASCII, and none that no URI has and libraries disagree on (RFC 3986 appendix A).
pub const TARGET: u8 = 1 << 1;
/// A byte that a query may have.
pub const QUERY: u8 = 1 << 2;
/// A byte that is forwarded in a query as it came.
pub const AS_SENT: u8 = 1 << 3;
/// A byte of a path that needs no second look.
pub const PLAIN_PATH: u8 = 1 << 4;
/// A byte of a host name in canonical form.
pub const HOST: u8 = 1 << 5;

static CLASSES: [u8; 256] = table();

/// The classes in which all bytes of a text are; all classes, of an empty one.
#[must_use]
pub fn all_of(text: &[u8]) -> u8 {
    text.iter().fold(u8::MAX, |classes, byte| classes & of(*byte))
}

/// The classes of a byte.
#[must_use]
pub fn of(byte: u8) -> u8 {
    // A byte is always an index into the table.
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

#[expect(clippy::indexing_slicing, reason = "made by the compiler, which would refuse an index that is none")]
const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = classes(byte);
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

const fn classes(byte: u8) -> u8 {
    let is_target = byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'<' | b'>' | b'`');
    let is_path = byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'?' | b'%');
    let is_host =
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (is_tchar(byte) as u8 * TOKEN)
        | (is_target as u8 * TARGET)
        | (query::may_stand(byte) as u8 * QUERY)
        | (!query::is_encoded(byte) as u8 * AS_SENT)
        | (is_path as u8 * PLAIN_PATH)
        | (is_host as u8 * HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_of_each_byte_what_its_grammar_says() {
        for byte in 0..=u8::MAX {
            let is = |class| of(byte) & class != 0;
            assert_eq!(is(TOKEN), is_tchar(byte), "{byte:#x}");
            assert_eq!(is(TARGET), (0x21..0x7f).contains(&byte) && !b"#\"<>`".contains(&byte), "{byte:#x}");
            assert_eq!(is(QUERY), query::may_stand(byte), "{byte:#x}");
            assert_eq!(is(AS_SENT), !query::is_encoded(byte), "{byte:#x}");
            assert_eq!(
                is(PLAIN_PATH),
                (0x21..0x7f).contains(&byte) && !b"\\#?%".contains(&byte),
                "{byte:#x}"
            );
            let name = b"abcdefghijklmnopqrstuvwxyz0123456789-._~";
            assert_eq!(is(HOST), name.contains(&byte), "{byte:#x}");
        }
    }

    #[test]
    fn one_byte_takes_a_text_out_of_a_class() {
        assert_eq!(all_of(b""), u8::MAX);
        assert_ne!(all_of(b"a.b") & HOST, 0);
        assert_eq!(all_of(b"a.B") & HOST, 0);
        assert_ne!(all_of(b"a=b|") & QUERY, 0);
        assert_eq!(all_of(b"a=b|") & AS_SENT, 0);
    }
}

//! The canonical form of a request path: routes match the very text that is forwarded.
//!
//! Escapes of unreserved characters are decoded once, and the others get upper-case digits (RFC 3986 section 6.2.2). A path
//! that two servers could read differently is refused, not repaired.

use std::borrow::Cow;

use super::byte_class;

/// A path in canonical form: it starts with `/`, and has no dot segment and no empty segment but the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a>(Cow<'a, str>);

/// Why a path has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not start with a slash.
    #[error("a path starts with `/`")]
    NotAbsolute,
    /// A byte that RFC 3986 section 3.3 allows in no path.
    #[error("control characters, blanks, `\\`, `#` and non-ASCII bytes cannot stand in a path")]
    BadByte,
    /// A percent sign without two hexadecimal digits.
    #[error("`%` must be followed by two hexadecimal digits")]
    BadEscape,
    /// An escaped slash, backslash or control character, or an overlong UTF-8 encoding.
    #[error("`%2F`, `%5C` and control characters cannot stand in a path, escaped or not")]
    HiddenByte,
    /// `.` or `..` as a segment, in any encoding, also before `;`.
    #[error("`.` and `..` cannot stand as segments")]
    DotSegment,
    /// Two slashes in a row.
    #[error("`//` cannot stand in a path")]
    EmptySegment,
}

impl<'a> CanonicalPath<'a> {
    /// `/`.
    pub const ROOT: Self = Self(Cow::Borrowed("/"));

    /// Parses a path without its query, and borrows it when it is canonical already.
    ///
    /// # Errors
    /// [`PathError`] when servers could read the path in more than one way.
    pub fn parse(raw: &'a [u8]) -> Result<Self, PathError> {
        match std::str::from_utf8(raw) {
            Ok(text) if is_plain(text) => Ok(Self(Cow::Borrowed(text))),
            _ => Self::parse_any(raw),
        }
    }

    /// Parses a path of which nothing is known.
    fn parse_any(raw: &'a [u8]) -> Result<Self, PathError> {
        if raw.first() != Some(&b'/') {
            return Err(PathError::NotAbsolute);
        }
        let is_plain = |b: u8| (0x21..0x7f).contains(&b) & (b != b'\\') & (b != b'#') & (b != b'?');
        if !raw.iter().fold(true, |plain, b| plain & is_plain(*b)) {
            return Err(PathError::BadByte);
        }
        let text = std::str::from_utf8(raw).map_err(|_| PathError::BadByte)?;
        let text = if text.contains('%') { normalise_escapes(text)? } else { Cow::Borrowed(text) };
        if text.contains("//") {
            return Err(PathError::EmptySegment);
        }
        if text.split('/').any(is_dot_segment) {
            return Err(PathError::DotSegment);
        }
        Ok(Self(text))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the client sent the path in canonical form.
    #[must_use]
    pub const fn is_as_sent(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }
}

/// Whether a path is in canonical form at the first look, as nearly all are: it begins with `/`, has no escape, and no segment
/// is empty or begins with a dot.
fn is_plain(path: &str) -> bool {
    let (mut classes, mut is_open, mut before) = (byte_class::PLAIN_PATH, false, 0);
    for byte in path.bytes() {
        classes &= byte_class::of(byte);
        is_open |= (before == b'/') & ((byte == b'/') | (byte == b'.'));
        before = byte;
    }
    path.starts_with('/') && classes != 0 && !is_open
}

/// How many layers of escapes are decoded in search of a dot segment. Proxies in a row decode twice; no client escapes four
/// times, and a bound keeps the work linear.
const MAX_LAYERS: usize = 4;

/// Whether some server could read `.` or `..` in a segment or a part of it: one that decodes once more, that cuts a segment
/// at a semicolon, or that drops blanks at its end.
fn is_dot_segment(segment: &str) -> bool {
    let is_dots = |part: &str| {
        let name = part.split(';').next().unwrap_or_default();
        matches!(name.trim_end_matches(' '), "." | "..")
    };
    if !segment.contains('%') {
        return is_dots(segment);
    }
    let mut text = Cow::Borrowed(segment);
    for _ in 0..MAX_LAYERS {
        if text.split(['/', '\\']).any(is_dots) {
            return true;
        }
        match unescape(&text) {
            Some(inner) => text = Cow::Owned(inner),
            None => return false,
        }
    }
    // Still escaped after every layer: an attack, and refused as one.
    true
}

/// `text` with the escapes of ASCII characters decoded; `None` when it has none.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut found) = (text, false);
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        match escaped_byte(after).filter(u8::is_ascii) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
                found = true;
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

/// The byte of the two hexadecimal digits at the beginning of `text`.
fn escaped_byte(text: &str) -> Option<u8> {
    let hex = text.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(hex, 16).ok()
}

/// Whether two bytes begin an overlong UTF-8 encoding. Lenient decoders read `/` or `.` from one (RFC 3629 section 10).
const fn is_overlong(first: u8, second: u8) -> bool {
    matches!((first, second), (0xc0 | 0xc1, 0x80..=0xbf) | (0xe0, 0x80..=0x9f) | (0xf0, 0x80..=0x8f))
}

fn normalise_escapes(text: &str) -> Result<Cow<'_, str>, PathError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let byte = escaped_byte(after).ok_or(PathError::BadEscape)?;
        let (hex, tail) = after.split_at_checked(2).ok_or(PathError::BadEscape)?;
        let next = tail.strip_prefix('%').and_then(escaped_byte);
        if next.is_some_and(|next| is_overlong(byte, next)) {
            return Err(PathError::HiddenByte);
        }
        out.push_str(before);
        match byte {
            b'/' | b'\\' | 0x7f => return Err(PathError::HiddenByte),
            byte if byte < 0x20 => return Err(PathError::HiddenByte),
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            _ => {
                out.push('%');
                out.extend(hex.chars().map(|c| c.to_ascii_uppercase()));
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_brought_into_canonical_form() {
        for (raw, wanted) in [
            ("/", "/"),
            ("/a/b/", "/a/b/"),
            ("/%61", "/a"),
            ("/a%2db", "/a-b"),
            ("/%7euser", "/~user"),
            ("/%e2%82%ac", "/%E2%82%AC"),
            ("/a%20b", "/a%20b"),
            ("/a%3bb", "/a%3Bb"),
            ("/a%2541", "/a%2541"),
            ("/group%252fproject", "/group%252fproject"),
            ("/a%3b.", "/a%3B."),
            ("/..a%20/.%20b", "/..a%20/.%20b"),
            ("/%c0propos/%e4", "/%C0propos/%E4"),
            ("/a;v=1/b", "/a;v=1/b"),
            ("/...", "/..."),
            ("/a/.b/c.", "/a/.b/c."),
            ("/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="),
        ] {
            let path = CanonicalPath::parse(raw.as_bytes()).unwrap();
            assert_eq!(path.as_str(), wanted, "{raw}");
            assert_eq!(path.is_as_sent(), raw == wanted, "{raw}");
            let again = CanonicalPath::parse(wanted.as_bytes()).unwrap();
            assert_eq!(again.as_str(), wanted, "the form is stable");
        }
    }

    #[test]
    fn a_path_that_two_servers_could_read_differently_is_refused() {
        for (raw, wanted) in [
            ("", PathError::NotAbsolute),
            ("a", PathError::NotAbsolute),
            ("*", PathError::NotAbsolute),
            ("/a/../b", PathError::DotSegment),
            ("/a/.", PathError::DotSegment),
            ("/..", PathError::DotSegment),
            ("/%2e%2E/b", PathError::DotSegment),
            ("/.%2e/b", PathError::DotSegment),
            ("/a/..;x/b", PathError::DotSegment),
            ("/a/..;/b", PathError::DotSegment),
            ("/a/..%3b/b", PathError::DotSegment),
            ("/a/.%3Bx=y/b", PathError::DotSegment),
            ("/a/..%20/b", PathError::DotSegment),
            ("/a/..%20;x/b", PathError::DotSegment),
            ("/%252e%252e/b", PathError::DotSegment),
            ("/.%252E/b", PathError::DotSegment),
            ("/%2525252e./b", PathError::DotSegment),
            ("/a/..%252fb", PathError::DotSegment),
            ("/a%252f..%255cb", PathError::DotSegment),
            ("/a/%252e%252e%253bx/b", PathError::DotSegment),
            ("/a/%25252525252525252541", PathError::DotSegment),
            ("/%c0%ae%c0%ae/b", PathError::HiddenByte),
            ("/a%C1%9Cb", PathError::HiddenByte),
            ("/%e0%80%ae/b", PathError::HiddenByte),
            ("/%f0%80%80%af/b", PathError::HiddenByte),
            ("//a", PathError::EmptySegment),
            ("/a//b", PathError::EmptySegment),
            ("/a//", PathError::EmptySegment),
            ("/a%2fb", PathError::HiddenByte),
            ("/a%2Fb", PathError::HiddenByte),
            ("/a%5cb", PathError::HiddenByte),
            ("/a%00", PathError::HiddenByte),
            ("/a%0d%0aX: y", PathError::BadByte),
            ("/a%0a", PathError::HiddenByte),
            ("/a%7f", PathError::HiddenByte),
            ("/a\\b", PathError::BadByte),
            ("/a b", PathError::BadByte),
            ("/a#b", PathError::BadByte),
            ("/ä", PathError::BadByte),
            ("/%", PathError::BadEscape),
            ("/%2", PathError::BadEscape),
            ("/%zz", PathError::BadEscape),
            ("/%+1", PathError::BadEscape),
        ] {
            assert_eq!(CanonicalPath::parse(raw.as_bytes()), Err(wanted), "{raw}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4096))]

        #[test]
        fn the_first_look_says_what_the_second_would(raw in "/[/.;a~]{0,6}|[/.;a%?#\\\\ \u{e4}~]{0,8}") {
            let first = CanonicalPath::parse(raw.as_bytes());
            proptest::prop_assert_eq!(first, CanonicalPath::parse_any(raw.as_bytes()));
        }

        #[test]
        fn the_canonical_form_of_any_path_is_stable(raw in "(/|[a-z.~]|%[0-9A-Fa-f]{2}|%25|;|[!-~])*") {
            let raw = format!("/{raw}");
            if let Ok(path) = CanonicalPath::parse(raw.as_bytes()) {
                let again = CanonicalPath::parse(path.as_str().as_bytes());
                proptest::prop_assert_eq!(again.as_ref(), Ok(&path));
                proptest::prop_assert!(again.is_ok_and(|again| again.is_as_sent()));
                let segments: Vec<&str> = path.as_str().split('/').map(|s| s.split(';').next().unwrap()).collect();
                proptest::prop_assert!(!segments.contains(&"..") && !segments.contains(&"."));
            }
        }
    }
}

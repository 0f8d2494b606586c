//! The one form of a request path: what is matched is what is forwarded.
//!
//! Escapes of unreserved characters are decoded and the hex of the others is written in capitals, once
//! (RFC 3986 section 6.2.2). Everything that two servers could read differently is refused instead of
//! repaired.

use std::borrow::Cow;

/// A path in its one form; starts with `/`, has no dot segments and no empty segments but a last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a>(Cow<'a, str>);

/// Why a path has no such form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not start with a slash.
    #[error("a path starts with `/`")]
    NotAbsolute,
    /// A byte that no path has.
    #[error("control characters, blanks, `\\`, `#` and non-ASCII bytes cannot stand in a path")]
    BadByte,
    /// A percent sign without two hexadecimal digits.
    #[error("`%` must be followed by two hexadecimal digits")]
    BadEscape,
    /// An escaped slash, backslash or NUL.
    #[error("`%2F`, `%5C` and control characters cannot stand in a path, escaped or not")]
    HiddenByte,
    /// `.` or `..` as a segment, in any encoding, also beside `;`.
    #[error("`.` and `..` cannot stand as segments")]
    DotSegment,
    /// Two slashes in a row.
    #[error("`//` cannot stand in a path")]
    EmptySegment,
}

impl<'a> CanonicalPath<'a> {
    /// Brings a path (without its query) into the one form. Borrows when it is in that form already.
    ///
    /// # Errors
    /// [`PathError`] for what must not be repaired.
    pub fn parse(raw: &'a [u8]) -> Result<Self, PathError> {
        if raw.first() != Some(&b'/') {
            return Err(PathError::NotAbsolute);
        }
        if raw.iter().any(|b| !(0x21..0x7f).contains(b) || matches!(b, b'\\' | b'#' | b'?')) {
            return Err(PathError::BadByte);
        }
        let text = std::str::from_utf8(raw).map_err(|_| PathError::BadByte)?;
        let text = if text.contains('%') { normalise_escapes(text)? } else { Cow::Borrowed(text) };
        if text.contains("//") {
            return Err(PathError::EmptySegment);
        }
        let is_dots = |segment: &str| {
            let name = segment.split(';').next().unwrap_or_default();
            matches!(name, "." | "..")
        };
        if text.split('/').any(is_dots) {
            return Err(PathError::DotSegment);
        }
        Ok(Self(text))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the path came in this form.
    #[must_use]
    pub const fn is_as_sent(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }
}

fn normalise_escapes(text: &str) -> Result<Cow<'_, str>, PathError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let (hex, tail) = after.split_at_checked(2).ok_or(PathError::BadEscape)?;
        if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(PathError::BadEscape);
        }
        let byte = u8::from_str_radix(hex, 16).map_err(|_| PathError::BadEscape)?;
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
    fn a_path_is_brought_into_one_form() {
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
    fn what_two_servers_could_read_differently_is_refused() {
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
        fn the_one_form_of_any_path_is_its_own(raw in "(/|[a-z.~]|%[0-9A-Fa-f]{2}|%25|;|[!-~])*") {
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

//! A media type without its parameters (RFC 9110 section 8.3.1).

use http::HeaderValue;

/// The type and subtype that a value of `Content-Type` begins with; `None` of one that is not ASCII.
#[inline]
#[must_use]
pub fn media_type(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()?.split(';').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_blanks_are_no_part_of_it() {
        for (value, wanted) in [
            ("text/plain", Some("text/plain")),
            (" Text/Plain ;charset=utf-8; a=b", Some("Text/Plain")),
            ("", Some("")),
            ("text/\u{e4}", None),
        ] {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            assert_eq!(media_type(&value), wanted, "{value:?}");
        }
    }
}

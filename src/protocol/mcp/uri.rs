//! URIs of resources that two servers could read in two ways.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// How often a URI may be percent-encoded over itself: nobody means more than two.
const ROUNDS: usize = 4;

/// Whether a rule for the URI could be evaded by another form of it: dot segments, an encoded slash or backslash, in any
/// encoding, or a backslash.
#[must_use]
pub fn is_ambiguous(uri: &str) -> bool {
    let mut text = Cow::Borrowed(uri);
    for _ in 0..ROUNDS {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        if path.contains('\\') || path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return true;
        }
        let Ok(decoded) = percent_decode_str(path).decode_utf8() else { return true };
        if decoded == path {
            return false;
        }
        if decoded.matches('/').count() != path.matches('/').count() {
            return true;
        }
        text = Cow::Owned(decoded.into_owned());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_that_could_name_another_resource_is_found() {
        for (uri, wanted) in [
            ("file:///a/b.txt", false),
            ("file:///a/..b/c..", false),
            ("file:///a/b%20c", false),
            ("custom:opaque", false),
            ("https://x.example/a?next=../b", false),
            ("file:///a/../b", true),
            ("file:///a/./b", true),
            ("file:///a/..", true),
            ("file:///a/%2e%2E/b", true),
            ("file:///a/.%2e/b", true),
            ("file:///a/%252e%252e/b", true),
            ("file:///a%2fb", true),
            ("file:///a%2Fb", true),
            ("file:///a%252fb", true),
            ("file:///a%5cb", true),
            ("file:///a\\b", true),
            ("file:///a/%ff", true),
            ("file:///a/%25252525252525252e", true),
        ] {
            assert_eq!(is_ambiguous(uri), wanted, "{uri}");
        }
    }
}

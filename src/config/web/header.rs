//! Header names and tokens (RFC 9110 section 5): which of them a setting may use.

use http::HeaderName;

/// Whether `text` is a token (RFC 9110 section 5.6.2).
pub(in crate::config) fn is_token(text: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(tchar)
}

/// A header name on letters and digits alone, in lower case: two names that agree here are one header to
/// some server behind us.
pub(in crate::config) fn reduced(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Headers that frame a message, belong to one hop, or carry something else than a single value of ours.
const RESERVED: [&str; 13] = [
    "host",
    "contentlength",
    "transferencoding",
    "connection",
    "keepalive",
    "te",
    "trailer",
    "trailers",
    "upgrade",
    "http2settings",
    "expect",
    "cookie",
    "setcookie",
];

/// Headers that the gateway writes itself.
pub(in crate::config) fn is_ours(name: &str) -> bool {
    let name = reduced(name);
    name.starts_with("xforwarded")
        || matches!(name.as_str(), "forwarded" | "xrequestid" | "traceparent" | "tracestate")
}

/// Headers that the gateway writes itself and that can therefore carry no credential. Narrower than
/// [`is_ours`]: other proxies do put tokens into headers such as `X-Forwarded-Access-Token`.
pub(in crate::config) fn carries_no_credential(name: &str) -> bool {
    let reduced = reduced(name);
    let forwarded =
        ["xforwardedfor", "xforwardedproto", "xforwardedhost", "xforwardedport", "xforwardedprefix"];
    forwarded.contains(&reduced.as_str()) || (is_ours(name) && !reduced.starts_with("xforwarded"))
}

/// A header name that a setting may use.
///
/// # Errors
/// Why it may not.
pub(in crate::config) fn header_name(text: &str) -> Result<HeaderName, &'static str> {
    if !is_token(text) {
        return Err("a header name has letters, digits and dashes, and neither blanks nor colons");
    }
    let reduced = reduced(text);
    if reduced.is_empty() {
        return Err("a header name needs a letter or a digit");
    }
    if reduced.starts_with("proxy") || RESERVED.contains(&reduced.as_str()) {
        return Err("this header frames messages or belongs to one connection; choose another one");
    }
    HeaderName::from_bytes(text.as_bytes()).map_err(|_| "no header name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_that_frame_or_hop_are_refused_in_every_spelling() {
        for good in ["Authorization", "X-Caller-Sub", "x_token", "X-Forwarded-Access-Token"] {
            assert!(header_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a b",
            "a:",
            ":path",
            "é",
            "-",
            "Host",
            "Content-Length",
            "content_length",
            "Transfer-Encoding",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Upgrade",
            "Proxy-Authorization",
            "Proxy-Connection",
            "Cookie",
        ] {
            assert!(header_name(bad).is_err(), "{bad}");
        }
        assert!(is_ours("X_Forwarded.For") && is_ours("x--request-id") && !is_ours("X-Caller"));
    }
}

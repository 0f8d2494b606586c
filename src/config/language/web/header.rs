//! Header names and tokens (RFC 9110 section 5): which of them a setting may use.

use http::{HeaderName, HeaderValue};

use crate::model::{is_token, reduced};

/// A header name as people write it: `x-api-key` as `X-Api-Key`.
pub(in crate::config) fn spelled(name: &HeaderName) -> String {
    let capital = |part: &str| {
        if part == "api" {
            return "API".to_owned();
        }
        let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
        first.to_ascii_uppercase() + rest
    };
    name.as_str().split('-').map(capital).collect::<Vec<_>>().join("-")
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
    if !is_token(text.as_bytes()) {
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

/// The longest value that a setting may give a header.
const LONGEST_VALUE: usize = 16 * 1024;

/// A secret value for a header (RFC 9110 section 5.5).
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn header_value(bytes: &[u8]) -> Result<HeaderValue, &'static str> {
    if bytes.is_empty() {
        return Err("write a value, or remove the header");
    }
    if bytes.trim_ascii().len() != bytes.len() {
        return Err("leave blanks and line ends at its ends out; they would be lost");
    }
    if bytes.len() > LONGEST_VALUE {
        return Err("write at most 16 KiB");
    }
    let visible = bytes.iter().all(|b| (0x20..0x7f).contains(b));
    let value = HeaderValue::from_bytes(bytes).ok().filter(|_| visible);
    let mut value = value.ok_or("write visible ASCII characters, with blanks between them")?;
    value.set_sensitive(true);
    Ok(value)
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

    #[test]
    fn a_value_arrives_as_it_was_written_or_is_refused() {
        assert_eq!(header_value(b"Bearer a b").unwrap(), "Bearer a b");
        for bad in ["", " a", "a ", "a\n", "a\nb", "a\tb", "\u{e4}", "a\0"] {
            assert!(header_value(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(header_value(&[b'a'; LONGEST_VALUE + 1]).is_err());
        assert!(!format!("{:?}", header_value(b"hunter2")).contains("hunter2"));
    }
}

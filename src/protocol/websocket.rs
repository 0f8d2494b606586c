//! The WebSocket handshake (RFC 6455 section 4.1). Any other request for an upgrade is forwarded without it.

use base64::Engine as _;
use http::{HeaderMap, Method, Version, header};

/// Whether a request is a correct WebSocket handshake.
#[inline]
#[must_use]
pub fn is_websocket_handshake(method: &Method, version: Version, headers: &HeaderMap) -> bool {
    // Few requests have it, and nothing else is looked up of the others.
    headers.contains_key(header::UPGRADE) && is_handshake(method, version, headers)
}

#[cold]
fn is_handshake(method: &Method, version: Version, headers: &HeaderMap) -> bool {
    let single = |name: header::HeaderName| {
        let mut values = headers.get_all(name).iter();
        let first = values.next()?;
        if values.next().is_some() { None } else { first.to_str().ok() }
    };
    let upgrade_listed = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    let key_ok = single(header::SEC_WEBSOCKET_KEY).is_some_and(|key| {
        base64::engine::general_purpose::STANDARD.decode(key.trim()).is_ok_and(|bytes| bytes.len() == 16)
    });
    let no_body = !headers.contains_key(header::TRANSFER_ENCODING)
        && single(header::CONTENT_LENGTH).is_none_or(|length| length == "0")
        && headers.get_all(header::CONTENT_LENGTH).iter().count() <= 1;
    *method == Method::GET
        && version == Version::HTTP_11
        && upgrade_listed
        && single(header::UPGRADE).is_some_and(|v| v.trim().eq_ignore_ascii_case("websocket"))
        && single(header::SEC_WEBSOCKET_VERSION).is_some_and(|v| v.trim() == "13")
        && key_ok
        && no_body
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[(&str, &str)] = &[
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn headers(change: Option<(&'static str, Option<&str>)>) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in GOOD {
            map.insert(*name, value.parse().unwrap());
        }
        if let Some((name, value)) = change {
            map.remove(name);
            if let Some(value) = value {
                map.append(name, value.parse().unwrap());
            }
        }
        map
    }

    #[test]
    fn the_handshake_of_rfc_6455_passes() {
        assert!(is_websocket_handshake(&Method::GET, Version::HTTP_11, &headers(None)));
    }

    #[test]
    fn an_incomplete_handshake_does_not_pass() {
        for change in [
            ("connection", None),
            ("connection", Some("close")),
            ("upgrade", Some("h2c")),
            ("upgrade", Some("websocket, h2c")),
            ("sec-websocket-version", Some("8")),
            ("sec-websocket-key", None),
            ("sec-websocket-key", Some("c2hvcnQ=")),
            ("sec-websocket-key", Some("not base64")),
            ("content-length", Some("1")),
            ("transfer-encoding", Some("chunked")),
        ] {
            assert!(
                !is_websocket_handshake(&Method::GET, Version::HTTP_11, &headers(Some(change))),
                "{change:?}"
            );
        }
        assert!(!is_websocket_handshake(&Method::POST, Version::HTTP_11, &headers(None)));
        assert!(!is_websocket_handshake(&Method::GET, Version::HTTP_10, &headers(None)));
        let mut twice = headers(None);
        twice.append("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap());
        assert!(!is_websocket_handshake(&Method::GET, Version::HTTP_11, &twice));
    }
}

//! Hop-by-hop fields of a response: they concern the connection between agent and gateway, and are not forwarded (RFC 9110
//! section 7.6.1).

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};
use pingora::http::ResponseHeader;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// The fields that `Connection` cannot remove: they frame the response, or the client depends on them.
const KEPT: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::SET_COOKIE,
    header::WWW_AUTHENTICATE,
    header::CACHE_CONTROL,
    header::UPGRADE,
];

/// Whether [`strip`] has something to do about a field of that name.
pub(super) fn is_hop(name: &HeaderName) -> bool {
    matches!(name.as_str(), "connection" | "keep-alive" | "proxy-connection")
}

/// Removes the hop-by-hop fields. A 101 keeps them: there `Connection` and `Upgrade` are end to end (RFC 6455 section 4.2.2).
pub(super) fn strip(head: &mut ResponseHeader) {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return;
    }
    if head.headers.contains_key(header::CONNECTION) {
        for name in nominated(&head.headers) {
            head.remove_header(&name);
        }
        head.remove_header(&header::CONNECTION);
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION] {
        if head.headers.contains_key(&name) {
            head.remove_header(&name);
        }
    }
}

/// The fields that `Connection` names.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    let words = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    words
        .flat_map(|value| value.split(','))
        .filter_map(|word| HeaderName::try_from(word.trim()).ok())
        .filter(|name| !KEPT.contains(name))
        .collect()
}

/// How long a connection may be idle and still be reused, by the agent's `Keep-Alive`. That is a second less than the agent
/// says (or half of it), because a request in the last second could cross the agent's close.
pub(super) fn rest(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(KEEP_ALIVE)?.to_str().ok()?;
    let mut parameters = value.split(',').filter_map(|parameter| parameter.split_once('='));
    let (_, seconds) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))?;
    let kept = Duration::from_secs(seconds.trim().parse::<u32>().ok()?.into());
    Some(kept.saturating_sub(Duration::from_secs(1)).max(kept / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, fields: &[(&'static str, &'static str)]) -> ResponseHeader {
        let mut head = ResponseHeader::build(status, None).unwrap();
        for (name, value) in fields {
            head.append_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn hop_by_hop_fields_are_removed() {
        for (fields, left) in [
            (&[("connection", "keep-alive"), ("keep-alive", "timeout=5"), ("x-a", "1")][..], &["x-a"][..]),
            (&[("keep-alive", "timeout=5"), ("proxy-connection", "keep-alive")], &[]),
            (&[("connection", "X-Hop, close"), ("x-hop", "1"), ("x-end", "2")], &["x-end"]),
            (&[("connection", "x-hop"), ("connection", "x-too"), ("x-hop", "1"), ("x-too", "1")], &[]),
            (&[("connection", "content-length, ,:"), ("content-length", "2")], &["content-length"]),
            (&[("upgrade", "websocket"), ("connection", "upgrade")], &["upgrade"]),
        ] {
            let mut head = head(200, fields);
            assert!(head.headers.keys().any(is_hop) || fields.iter().all(|(name, _)| *name == "x-a"));
            strip(&mut head);
            let names: Vec<&str> = head.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(names, left, "{fields:?}");
        }
        let mut switch = head(101, &[("connection", "upgrade"), ("upgrade", "websocket")]);
        strip(&mut switch);
        assert_eq!(switch.headers.len(), 2);
    }

    #[test]
    fn a_kept_connection_is_reused_until_a_second_before_its_timeout() {
        for (value, wanted) in [
            ("timeout=5", Some(4000)),
            ("max=100, Timeout = 60", Some(59_000)),
            ("timeout=1", Some(500)),
            ("timeout=0", Some(0)),
            ("timeout=-1", None),
            ("max=100", None),
            ("5", None),
        ] {
            let head = head(200, &[("keep-alive", value)]);
            assert_eq!(rest(&head.headers), wanted.map(Duration::from_millis), "{value:?}");
        }
        assert_eq!(rest(&HeaderMap::new()), None);
    }
}

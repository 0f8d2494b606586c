//! The target of a request: host, path in canonical form, query. It is parsed once, before any decision.

use std::borrow::Cow;

use http::{HeaderValue, Version, header};
use pingora::http::RequestHeader;

use crate::gate::Head;
use crate::model::{CanonicalPath, Host, Refusal, byte_class};

use super::context::Context;

/// The request's target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View<'a> {
    /// The host in canonical form; `None` for an HTTP/1.0 request without one.
    pub(super) host: Option<Host<'a>>,
    /// Host and port as they were sent.
    pub(super) authority: Option<&'a str>,
    /// The path in canonical form.
    pub(super) path: CanonicalPath<'a>,
    /// The query as it was sent, without the question mark.
    pub(super) query: Option<&'a [u8]>,
    /// Whether parts of the query must be percent-encoded. For HTTP/1 the door has done so.
    pub(super) encode_query: bool,
}

/// Why a target is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadTarget {
    /// Neither a path nor a URL.
    Form,
    /// A path or query that two servers could read differently.
    Path,
    /// No host, several hosts, or something that is no host.
    Host,
}

impl BadTarget {
    /// The refusal for the client.
    pub(super) const fn refusal(self) -> Refusal {
        match self {
            Self::Form | Self::Path => Refusal::AmbiguousTarget,
            Self::Host => Refusal::InvalidHost,
        }
    }
}

/// The path as it was sent, without its query.
fn target_path(request: &RequestHeader) -> Cow<'_, str> {
    let raw = request.raw_path();
    let path = raw.split(|b| matches!(b, b'?' | b'#')).next().unwrap_or_default();
    String::from_utf8_lossy(path)
}

/// The path of a request, in canonical form where it has one.
pub(super) fn path_of<'a>(request: &'a RequestHeader, ctx: &'a Context) -> Cow<'a, str> {
    ctx.path.as_deref().map_or_else(|| target_path(request), Cow::Borrowed)
}

/// The head of a request to this path, which is in canonical form.
pub(super) fn head<'a>(request: &'a RequestHeader, path: &'a str) -> Head<'a> {
    Head { method: &request.method, version: request.version, headers: &request.headers, path }
}

/// The query as it was sent, without its question mark.
pub(super) fn sent_query(request: &RequestHeader) -> Option<&[u8]> {
    let raw = request.raw_path();
    raw.get(raw.iter().position(|b| *b == b'?')? + 1..)
}

/// The host as it was sent, for `X-Forwarded-Host`.
pub(super) fn sent_host(request: &RequestHeader) -> Option<HeaderValue> {
    match request.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => request.headers.get(header::HOST).cloned(),
    }
}

impl<'a> View<'a> {
    /// Parses the target of a request.
    pub(super) fn of(request: &'a RequestHeader) -> Result<Self, BadTarget> {
        let raw = request.raw_path();
        let (target_host, path_and_query) = split_target(raw)?;
        if request.version == Version::HTTP_2
            && request.uri.authority().is_some()
            && !request.uri.scheme_str().is_some_and(is_http)
        {
            return Err(BadTarget::Form);
        }
        let authority = target_host.or_else(|| request.uri.authority().map(http::uri::Authority::as_str));
        let mut hosts = request.headers.get_all(header::HOST).iter();
        let field = hosts.next().map(|v| v.to_str()).transpose().map_err(|_| BadTarget::Host)?;
        if hosts.next().is_some() {
            return Err(BadTarget::Host);
        }
        let parse = |text: &'a str| Host::parse(text).map_err(|_| BadTarget::Host);
        let host = match (authority, field) {
            (Some(authority), Some(field)) => {
                if !authority.eq_ignore_ascii_case(field) {
                    return Err(BadTarget::Host);
                }
                Some(parse(authority)?)
            }
            (Some(one), None) | (None, Some(one)) => Some(parse(one)?),
            (None, None) if request.version == Version::HTTP_10 => None,
            (None, None) => return Err(BadTarget::Host),
        };
        let (path, query) = match path_and_query.iter().position(|b| *b == b'?') {
            Some(mark) => {
                let (path, rest) = path_and_query.split_at(mark);
                (path, rest.get(1..))
            }
            None => (path_and_query, None),
        };
        let classes = query.map_or(u8::MAX, byte_class::all_of);
        if classes & byte_class::QUERY == 0 {
            return Err(BadTarget::Path);
        }
        let encode_query = classes & byte_class::AS_SENT == 0;
        let path = CanonicalPath::parse(path).map_err(|_| BadTarget::Path)?;
        Ok(Self { host, authority: authority.or(field), path, query, encode_query })
    }
}

/// Splits a target in absolute form into authority and path; one in origin form has no authority (RFC 9112 section 3.2).
fn split_target(raw: &[u8]) -> Result<(Option<&str>, &[u8]), BadTarget> {
    if raw.first() == Some(&b'/') {
        return Ok((None, raw));
    }
    let text = std::str::from_utf8(raw).map_err(|_| BadTarget::Form)?;
    let (scheme, rest) = text.split_once("://").ok_or(BadTarget::Form)?;
    if !is_http(scheme) {
        return Err(BadTarget::Form);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(BadTarget::Form)?;
    if path.starts_with('?') {
        return Err(BadTarget::Path);
    }
    Ok((Some(authority), if path.is_empty() { b"/" } else { path.as_bytes() }))
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, hosts: &[&str]) -> RequestHeader {
        let mut request = RequestHeader::build("GET", target.as_bytes(), None).unwrap();
        for host in hosts {
            request.append_header("host", *host).unwrap();
        }
        request
    }

    #[test]
    fn host_path_and_query_are_parsed_from_any_form_of_target() {
        for (target, hosts, host, path, query) in [
            ("/a/b?c=%2e", &["H.Example:80"] as &[&str], "h.example", "/a/b", Some("c=%2e")),
            ("/a?", &["h"], "h", "/a", Some("")),
            ("http://h.example/a", &["h.example"], "h.example", "/a", None),
            ("http://H.example", &["h.example"], "h.example", "/", None),
        ] {
            let request = request(target, hosts);
            let view = View::of(&request).unwrap();
            assert_eq!(view.host.unwrap().as_str(), host);
            assert_eq!(view.path.as_str(), path);
            assert_eq!(view.query.map(|q| std::str::from_utf8(q).unwrap()), query);
        }
    }

    #[test]
    fn targets_that_servers_could_read_in_two_ways_are_refused() {
        for (target, hosts, wanted) in [
            ("/a", &[] as &[&str], BadTarget::Host),
            ("/a", &["a", "a"], BadTarget::Host),
            ("/a", &["a b"], BadTarget::Host),
            ("/a", &["u@a"], BadTarget::Host),
            ("http://a/x", &["b"], BadTarget::Host),
            ("http://u@a/x", &["u@a"], BadTarget::Host),
            ("ftp://a/x", &["a"], BadTarget::Form),
            ("*", &["a"], BadTarget::Form),
            ("/a/../b", &["a"], BadTarget::Path),
        ] {
            assert_eq!(View::of(&request(target, hosts)).unwrap_err(), wanted, "{target} {hosts:?}");
        }
    }
}

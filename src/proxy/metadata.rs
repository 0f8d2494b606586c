//! The responses with the metadata of an agent (RFC 9728), which every page and every client may read.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use pingora::http::RequestHeader;

use crate::config::Snapshot;
use crate::model::{Digest, Live};
use crate::protocol::ResourceForm;
use crate::routing::Agent;

use super::context::Context;
use super::public::Public;

/// The methods of the document.
pub(super) const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The document, or the answer to a preflight for it.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Empty where the response has none.
    pub(super) body: Bytes,
}

/// What a request for metadata gets.
pub(super) enum Answer {
    Described(Described),
    /// Another method than those of [`ALLOW`].
    MethodNotAllowed,
    /// No URL of the agent is known to this client.
    NotFound,
}

/// Answers a request for the metadata of `agent` in this form.
pub(super) fn describe(
    agent: &Agent,
    form: ResourceForm,
    sent: &RequestHeader,
    ctx: &Context,
    snapshot: &Live<Snapshot>,
) -> Answer {
    match sent.method {
        Method::OPTIONS => return Answer::Described(preflight()),
        Method::GET | Method::HEAD => {}
        _ => return Answer::MethodNotAllowed,
    }
    let public = snapshot.with(|now| Public::of(now.public_url.as_ref(), sent, agent, ctx));
    let resource = public.url(&agent.forms().path(form));
    match agent.metadata(&resource).filter(|_| !public.origin.is_empty()) {
        Some(body) => Answer::Described(document(body, &sent.headers, public.is_configured)),
        None => Answer::NotFound,
    }
}

pub(super) fn preflight() -> Described {
    let headers = vec![
        every_origin(),
        (header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            // `*` does not speak for Authorization (Fetch standard, section 3.3.2).
            HeaderValue::from_static("*, Authorization, Content-Type, MCP-Protocol-Version"),
        ),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600")),
        (header::ALLOW, ALLOW),
    ];
    Described { status: StatusCode::NO_CONTENT, headers, body: Bytes::new() }
}

/// The document; a client that has this one gets no body (RFC 9110 section 13.1.2). What a client has said about itself
/// is kept by nobody.
pub(super) fn document(body: String, sent: &HeaderMap, may_be_kept: bool) -> Described {
    let hash = Digest::of(body.as_bytes()).to_hex();
    let tag = format!("\"{}\"", hash.get(..16).unwrap_or(&hash));
    let is_held = sent.get_all(header::IF_NONE_MATCH).iter().any(|value| names(value, &tag));
    let cached = if may_be_kept { "max-age=300" } else { "no-store" };
    let mut headers = vec![every_origin(), (header::CACHE_CONTROL, HeaderValue::from_static(cached))];
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    if is_held {
        return Described { status: StatusCode::NOT_MODIFIED, headers, body: Bytes::new() };
    }
    headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    headers.push((header::CONTENT_LENGTH, body.len().into()));
    Described { status: StatusCode::OK, headers, body: body.into() }
}

/// Whether an `If-None-Match` has this tag, weak or not.
fn names(value: &HeaderValue, tag: &str) -> bool {
    let is = |one: &str| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag;
    value.to_str().is_ok_and(|value| value.split(',').map(str::trim).any(is))
}

/// Lets every page read the response.
pub(super) const fn every_origin() -> (HeaderName, HeaderValue) {
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_the_client_has_is_not_sent_again() {
        let first = document("{}".to_owned(), &HeaderMap::new(), true);
        let tag = first.headers.iter().find(|(name, _)| name == header::ETAG).unwrap().1.clone();
        let tag = tag.to_str().unwrap();
        for (sent, status) in [
            (tag.to_owned(), 304),
            (format!("\"other\", W/{tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, sent.parse().unwrap());
            assert_eq!(document("{}".to_owned(), &headers, true).status, status, "{sent}");
        }
    }
}

//! The responses with the metadata of a resource (RFC 9728), which every page and every client may read.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::model::Digest;

/// The methods of the document.
pub const METADATA_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The document, or the answer to a preflight for it.
#[derive(Debug)]
pub struct Described {
    /// The status.
    pub status: StatusCode,
    /// The fields.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Empty where the response has none.
    pub body: Bytes,
}

/// The response to `OPTIONS`.
#[must_use]
pub fn metadata_preflight() -> Described {
    let headers = vec![
        every_origin(),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METADATA_METHODS),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            // `*` does not speak for Authorization (Fetch standard, section 3.3.2).
            HeaderValue::from_static("*, Authorization, Content-Type, MCP-Protocol-Version"),
        ),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600")),
        (header::ALLOW, METADATA_METHODS),
    ];
    Described { status: StatusCode::NO_CONTENT, headers, body: Bytes::new() }
}

/// The document; a client that has this one gets no body (RFC 9110 section 13.1.2). What a client has said about itself
/// is kept by nobody.
#[must_use]
pub fn metadata_document(body: String, sent: &HeaderMap, may_be_kept: bool) -> Described {
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
#[must_use]
pub const fn every_origin() -> (HeaderName, HeaderValue) {
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_the_client_has_is_not_sent_again() {
        let first = metadata_document("{}".to_owned(), &HeaderMap::new(), true);
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
            assert_eq!(metadata_document("{}".to_owned(), &headers, true).status, status, "{sent}");
        }
    }
}

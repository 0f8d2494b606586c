//! A response that concerns the card of an A2A agent.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use pingora::http::ResponseHeader;

use crate::routing::CardBody;

/// The methods of a card.
pub(super) const METHODS: &str = "GET, HEAD, OPTIONS";
/// How long a client may keep a card: as long as the gateway itself does before it asks the agent again.
const CACHED: &str = "max-age=60";
/// How long a browser may keep the answer to a preflight, in seconds: as with `cors.max_age`.
const PREFLIGHT_AGE: &str = "3600";

/// A response that concerns a card.
#[derive(Debug)]
pub(super) enum CardAnswer {
    /// The card, or that the client has it already.
    Card {
        /// The card.
        card: CardBody,
        /// Whether the public URL is configured, so that the card does not depend on what the request said.
        is_cacheable: bool,
    },
    /// What pages of other origins may ask.
    Preflight,
}

impl CardAnswer {
    /// The head and the body of the response to a request with these fields.
    pub(super) fn response(&self, request: &HeaderMap) -> pingora::Result<(ResponseHeader, Option<Bytes>)> {
        let (status, body) = match self {
            Self::Preflight => (StatusCode::NO_CONTENT, None),
            Self::Card { card, .. } if has(request, &card.etag) => (StatusCode::NOT_MODIFIED, None),
            Self::Card { card, .. } => (StatusCode::OK, Some(card.body.clone())),
        };
        let mut head = ResponseHeader::build(status, Some(8))?;
        // A card is public, and no page learns more from it than anybody.
        head.insert_header("Access-Control-Allow-Origin", "*")?;
        match self {
            Self::Preflight => {
                head.insert_header("Access-Control-Allow-Methods", METHODS)?;
                // `*` does not stand for `Authorization` (Fetch standard, section 3.2.2).
                head.insert_header("Access-Control-Allow-Headers", "*, Authorization")?;
                head.insert_header("Access-Control-Max-Age", PREFLIGHT_AGE)?;
            }
            Self::Card { card, is_cacheable } => {
                head.insert_header("Access-Control-Expose-Headers", "ETag")?;
                head.insert_header(header::ETAG, card.etag.clone())?;
                head.insert_header(header::CACHE_CONTROL, if *is_cacheable { CACHED } else { "no-store" })?;
            }
        }
        if let Some(body) = &body {
            head.insert_header(header::CONTENT_TYPE, "application/json")?;
            head.insert_header(header::CONTENT_LENGTH, body.len())?;
        }
        Ok((head, body))
    }
}

/// Whether the client has the version with this tag (RFC 9110 section 13.1.2).
fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let tags =
        headers.get_all(header::IF_NONE_MATCH).iter().flat_map(|line| line.as_bytes().split(|b| *b == b','));
    tags.map(<[u8]>::trim_ascii)
        .any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_tag() {
        let etag = HeaderValue::from_static("\"a\"");
        for (line, wanted) in [
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(line));
            assert_eq!(has(&headers, &etag), wanted, "{line}");
        }
        assert!(!has(&HeaderMap::new(), &etag));
    }
}

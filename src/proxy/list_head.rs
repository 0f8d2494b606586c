//! The head of a response that may hold a list: how the body comes, and what the head must not say of a body that is
//! rewritten for one client.

use http::{HeaderName, header};
use pingora::http::ResponseHeader;

use crate::model::StreamKind;

/// How a body comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As server-sent events.
    Events,
    /// In any other way: a list is JSON, whatever the head calls it.
    Other,
}

/// What a cache would keep a response by, and what is no longer true of a body that was rewritten.
const KEEPING: [HeaderName; 8] = [
    header::ETAG,
    header::LAST_MODIFIED,
    header::EXPIRES,
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

impl Form {
    /// How the body behind this head comes.
    pub(super) fn of(head: &ResponseHeader) -> Self {
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(StreamKind::of_media_type);
        if kind == Some(StreamKind::Sse) { Self::Events } else { Self::Other }
    }
}

/// Whether the body has a content coding, in which no list can be found.
pub(super) fn is_encoded(head: &ResponseHeader) -> bool {
    let mut codings = head.headers.get_all(header::CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

/// Lets nobody keep the response but the client, and not that either: what it shows holds for one caller now.
pub(super) fn forbid_keeping(head: &mut ResponseHeader) {
    for name in &KEEPING {
        head.remove_header(name);
    }
    // It fails only for a name or value that is none.
    let _set = head.insert_header(header::CACHE_CONTROL, "private, no-store");
}

/// Takes back the length of a body that may become shorter or longer on its way.
pub(super) fn forget_length(head: &mut ResponseHeader) -> pingora::Result<()> {
    if head.remove_header(&header::CONTENT_LENGTH).is_some() {
        head.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&'static str, &'static str)]) -> ResponseHeader {
        let mut head = ResponseHeader::build(200, None).unwrap();
        for (name, value) in fields {
            head.append_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn a_head_says_how_its_body_comes() {
        for (media_type, wanted) in [
            ("text/event-stream", Form::Events),
            (" Text/Event-Stream ; charset=utf-8", Form::Events),
            ("text/event-streams", Form::Other),
            ("application/json", Form::Other),
            ("text/plain", Form::Other),
        ] {
            assert_eq!(Form::of(&head(&[("content-type", media_type)])), wanted, "{media_type}");
        }
        assert_eq!(Form::of(&head(&[])), Form::Other);
    }

    #[test]
    fn a_coding_other_than_none_hides_a_list() {
        for (fields, wanted) in [
            (&[] as &[_], false),
            (&[("content-encoding", "identity")], false),
            (&[("content-encoding", "gzip")], true),
            (&[("content-encoding", "identity"), ("content-encoding", "br")], true),
            (&[("content-encoding", "identity, gzip")], true),
        ] {
            assert_eq!(is_encoded(&head(fields)), wanted, "{fields:?}");
        }
    }

    #[test]
    fn a_list_for_one_client_is_kept_by_nobody() {
        let mut head = head(&[
            ("etag", "\"1\""),
            ("cache-control", "public, max-age=60"),
            ("cache-control", "immutable"),
            ("expires", "0"),
            ("x-other", "stays"),
        ]);
        forbid_keeping(&mut head);
        let fields: Vec<_> = head.headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(fields.len(), 2, "{fields:?}");
        assert_eq!(head.headers[header::CACHE_CONTROL], "private, no-store");
    }

    #[test]
    fn a_length_that_may_change_is_taken_back() {
        let mut sized = head(&[("content-length", "5")]);
        forget_length(&mut sized).unwrap();
        assert!(!sized.headers.contains_key(header::CONTENT_LENGTH));
        assert_eq!(sized.headers[header::TRANSFER_ENCODING], "chunked");
        let mut other = head(&[]);
        forget_length(&mut other).unwrap();
        assert!(other.headers.is_empty());
    }
}

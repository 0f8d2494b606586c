//! An answer that turns out to be a stream: what it is, where it can end, and its last words when it is ended.
//!
//! That it is listed is for `listing`, when it ends is said in `door`. A WebSocket says its last words there.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use tokio::time::timeout;

use crate::door::{EndedAt, Ending};
use crate::model::{EndedBy, StreamKind};
use crate::upstream::Listed;

use super::boundary::{Boundary, Events, Messages};

/// How long the last words may take: whoever does not take them has been waited for already.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// The longest answer that is over before anybody could end it: one piece, as bodies are read.
const SHORT: u64 = 64 * 1024;
/// `UNAUTHENTICATED` of gRPC: the credential holds no longer.
const UNAUTHENTICATED: HeaderValue = HeaderValue::from_static("16");
/// `UNAVAILABLE` of gRPC: it may be tried again.
const UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");

/// The stream that a request has become.
#[derive(Debug)]
pub(super) struct Stream {
    listed: Listed,
    boundary: Boundary,
    /// Whether a comment can stand at its end, and whether the end can be said.
    words: Words,
}

/// What can be said at the end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    /// A comment, and the end.
    Comment,
    /// The end alone: its bytes are a coding that a comment would break.
    End,
    /// How the call ended.
    Status,
    /// Nothing: the end would say that the answer is whole.
    None,
}

impl Stream {
    /// The stream of that kind that begins with a head, and is `listed`.
    pub(super) fn new(listed: Listed, kind: StreamKind, headers: &HeaderMap) -> Self {
        let words = words(kind, headers);
        Self { listed, boundary: boundary(kind, words), words }
    }

    /// What it is.
    pub(super) fn kind(&self) -> StreamKind {
        self.listed.stream().facts.kind
    }

    /// A piece of the answer goes to the client; behind the boundary at which the stream ends, nothing.
    pub(super) fn moves(&mut self, piece: &mut Option<Bytes>, ending: &Ending) {
        let Some(bytes) = piece else { return };
        if ending.ended().is_some() {
            *piece = None;
            return;
        }
        if ending.ordered().is_none() {
            self.boundary.pass(bytes);
        } else if let Some(last) = self.boundary.find(bytes) {
            bytes.truncate(last);
            if bytes.is_empty() {
                // An empty piece would be the end of a chunked body.
                *piece = None;
            }
            ending.end(EndedAt::Boundary);
        }
        ending.moved(!self.boundary.is_here());
    }

    /// Says what can be said at the end.
    pub(super) async fn finish(&self, session: &mut Session, by: EndedBy, at: EndedAt) {
        let caller = session.as_downstream_mut();
        let told = async {
            match (at, self.words) {
                (EndedAt::Writing, _) | (_, Words::None) => Ok(()),
                (EndedAt::Boundary, Words::Comment) => {
                    let comment = Bytes::from(format!(": {}\n", by.reason()));
                    caller.write_response_body(comment, false).await?;
                    caller.finish_body().await
                }
                (EndedAt::Within, Words::Comment) | (_, Words::End) => caller.finish_body().await,
                (_, Words::Status) => match caller.as_custom_mut() {
                    Some(stream) => stream.write_trailers(trailers(by)).await,
                    None => Ok(()),
                },
            }
        };
        // A client that has gone cannot be told.
        let _told = timeout(LAST_WORDS, told).await;
    }
}

/// What begins with this head; nothing where the answer is over at once.
pub(super) fn kind(head: &ResponseHeader, has_body: bool) -> Option<StreamKind> {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Some(StreamKind::WebSocket);
    }
    if !has_body {
        return None;
    }
    let media_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.map_or("", |value| value.split(';').next().unwrap_or_default().trim());
    let is_grpc = |rest: &str| rest.is_empty() || rest.starts_with('+');
    if media_type.eq_ignore_ascii_case("text/event-stream") {
        Some(StreamKind::Sse)
    } else if media_type.strip_prefix("application/grpc").is_some_and(is_grpc) {
        Some(StreamKind::Grpc)
    } else if length(&head.headers).is_some_and(|length| length <= SHORT) {
        None
    } else {
        Some(StreamKind::Body)
    }
}

const fn boundary(kind: StreamKind, words: Words) -> Boundary {
    match kind {
        // Events cannot be seen in a coding.
        StreamKind::Sse if matches!(words, Words::End) => Boundary::Anywhere,
        StreamKind::Sse => Boundary::Events(Events::Between),
        StreamKind::Grpc => Boundary::Messages(Messages::NEW),
        StreamKind::WebSocket | StreamKind::Body => Boundary::Anywhere,
    }
}

fn words(kind: StreamKind, headers: &HeaderMap) -> Words {
    let is_coded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    match kind {
        StreamKind::Sse if length(headers).is_some() => Words::None,
        StreamKind::Sse if is_coded => Words::End,
        StreamKind::Sse => Words::Comment,
        StreamKind::Grpc => Words::Status,
        StreamKind::WebSocket | StreamKind::Body => Words::None,
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn trailers(by: EndedBy) -> HeaderMap {
    let status = match by {
        EndedBy::Expiry | EndedBy::Revoked | EndedBy::Policy => UNAUTHENTICATED,
        EndedBy::Drain | EndedBy::Operator => UNAVAILABLE,
    };
    HeaderMap::from_iter([
        (HeaderName::from_static("grpc-status"), status),
        (HeaderName::from_static("grpc-message"), HeaderValue::from_static(by.reason())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, fields: &[(&'static str, &'static str)]) -> ResponseHeader {
        let mut head = ResponseHeader::build(status, None).unwrap();
        for (name, value) in fields {
            head.insert_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn a_head_says_what_begins_with_it() {
        for (status, fields, wanted) in [
            (101, &[][..], Some(StreamKind::WebSocket)),
            (200, &[("content-type", "text/event-stream; charset=utf-8")], Some(StreamKind::Sse)),
            (200, &[("content-type", "Text/Event-Stream")], Some(StreamKind::Sse)),
            (200, &[("content-type", "application/grpc")], Some(StreamKind::Grpc)),
            (200, &[("content-type", "application/grpc+proto")], Some(StreamKind::Grpc)),
            (200, &[("content-type", "application/grpc-web")], Some(StreamKind::Body)),
            (200, &[("content-type", "text/plain"), ("content-length", "5")], None),
            (200, &[("content-length", "65537")], Some(StreamKind::Body)),
            (200, &[], Some(StreamKind::Body)),
        ] {
            assert_eq!(kind(&head(status, fields), true), wanted, "{status} {fields:?}");
        }
        assert_eq!(kind(&head(204, &[]), false), None);
    }

    #[test]
    fn a_comment_stands_only_where_it_breaks_nothing() {
        for (fields, wanted) in [
            (&[][..], Words::Comment),
            (&[("content-encoding", "identity")], Words::Comment),
            (&[("content-encoding", "gzip")], Words::End),
            (&[("content-length", "70")], Words::None),
        ] {
            assert_eq!(words(StreamKind::Sse, &head(200, fields).headers), wanted, "{fields:?}");
        }
    }
}

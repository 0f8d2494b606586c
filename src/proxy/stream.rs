//! A response that turns out to be a stream: its kind, its message boundaries, and the message at its end when the gateway
//! ends it.
//!
//! `listing` lists it, and `door` says when it ends. The close frame of a WebSocket is written there.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use tokio::time::timeout;

use crate::door::{EndedAt, Ending};
use crate::model::{EndedBy, StreamKind};
use crate::telemetry::StreamUnderWay;
use crate::upstream::Listed;

use super::boundary::{Boundary, Events, Messages};

/// How long writing the end may take. A client that reads takes it at once; one that does not has used up the 900 ms of
/// `BOUNDARY_WAIT` already.
const END_TIMEOUT: Duration = Duration::from_millis(250);
/// The longest response that is not listed: one piece, as bodies are read, is over before anybody could end it.
const SHORT: u64 = 64 * 1024;
/// `UNAUTHENTICATED` of gRPC: the credential is no longer valid.
const UNAUTHENTICATED: HeaderValue = HeaderValue::from_static("16");
/// `UNAVAILABLE` of gRPC: the client may try again.
const UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");

/// The stream that a request has become.
#[derive(Debug)]
pub(super) struct Stream {
    listed: Listed,
    /// Counts it; absent where its agent is gone.
    _counted: Option<StreamUnderWay>,
    boundary: Boundary,
    /// The message that its format allows at its end.
    words: Words,
}

/// The message at the end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    /// A comment of server-sent events, and the end of the body.
    Comment,
    /// The end of the body alone: a comment would break its content coding.
    End,
    /// The status of the gRPC call, in trailers.
    Status,
    /// Nothing: an end of the body would say that the response is complete.
    None,
}

impl Stream {
    /// The stream whose response has these headers.
    pub(super) fn new(listed: Listed, counted: Option<StreamUnderWay>, headers: &HeaderMap) -> Self {
        let kind = listed.stream().facts.kind;
        let words = words(kind, headers);
        Self { listed, _counted: counted, boundary: boundary(kind, words), words }
    }

    /// The same in the list, for one that turns out to be another.
    pub(super) fn into_listed(self) -> Listed {
        self.listed
    }

    /// Its kind.
    pub(super) fn kind(&self) -> StreamKind {
        self.listed.stream().facts.kind
    }

    /// Tracks a piece of the response on its way to the client, and cuts it at the boundary where the stream ends. `door` does
    /// that for a WebSocket, which would lose its close frame here.
    pub(super) fn moves(&mut self, piece: &mut Option<Bytes>, ending: &Ending) {
        let Some(bytes) = piece else { return };
        if ending.ended().is_some() {
            *piece = None;
            return;
        }
        if ending.ordered().is_none() {
            self.boundary.pass(bytes);
        } else if self.kind() != StreamKind::WebSocket
            && let Some(last) = self.boundary.find(bytes)
        {
            bytes.truncate(last);
            if bytes.is_empty() {
                // Pingora takes an empty piece for the end of a chunked body.
                *piece = None;
            }
            ending.end(EndedAt::Boundary);
        }
        ending.moved(!self.boundary.is_here());
    }

    /// Writes the message at the end, and the end.
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
        // It fails only when the client has disconnected or does not read.
        let _told = timeout(END_TIMEOUT, told).await;
    }
}

/// The kind of stream that begins with this head; `None` where the response is short.
pub(super) fn kind(head: &ResponseHeader, has_body: bool) -> Option<StreamKind> {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Some(StreamKind::WebSocket);
    }
    if !has_body {
        return None;
    }
    if let Some(kind) = head.headers.get(header::CONTENT_TYPE).and_then(StreamKind::of_media_type) {
        Some(kind)
    } else if length(&head.headers).is_some_and(|length| length <= SHORT) {
        None
    } else {
        Some(StreamKind::Body)
    }
}

const fn boundary(kind: StreamKind, words: Words) -> Boundary {
    match kind {
        // A content coding hides the events.
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
    fn a_head_says_which_kind_of_stream_begins() {
        for (status, fields, wanted) in [
            (101, &[][..], Some(StreamKind::WebSocket)),
            (200, &[("content-type", "text/event-stream; charset=utf-8")], Some(StreamKind::Sse)),
            (200, &[("content-type", " Text/Event-Stream ;charset=utf-8")], Some(StreamKind::Sse)),
            (200, &[("content-type", "text/event-streams"), ("content-length", "5")], None),
            (200, &[("content-type", "application/grpc")], Some(StreamKind::Grpc)),
            (200, &[("content-type", "application/grpc+proto")], Some(StreamKind::Grpc)),
            (200, &[("content-type", "Application/gRPC+proto")], Some(StreamKind::Grpc)),
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
    fn a_comment_is_written_only_where_it_breaks_nothing() {
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

//! The form in which a gRPC call over HTTP/2 is refused: status 200 and trailers alone, since clients of gRPC take any other
//! response for a broken one, and tell their callers nothing of it.
//!
//! Statuses of HTTP are not mapped by the table of gRPC, which is for clients that get no status at all.

use http::{HeaderName, HeaderValue, Version, header};
use pingora::http::{RequestHeader, ResponseHeader};

use crate::model::{Reason, Refusal};
use crate::protocol::is_grpc_call;
use crate::routing::Agent;

/// The field with the status of a call, and the one with a sentence for people.
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Statuses of gRPC ("Status codes and their use in gRPC").
const UNKNOWN: u8 = 2;
const INVALID_ARGUMENT: u8 = 3;
const DEADLINE_EXCEEDED: u8 = 4;
const PERMISSION_DENIED: u8 = 7;
const RESOURCE_EXHAUSTED: u8 = 8;
const UNIMPLEMENTED: u8 = 12;
const INTERNAL: u8 = 13;
const UNAVAILABLE: u8 = 14;
const UNAUTHENTICATED: u8 = 16;

/// The status with which a request is refused; `None` when it is no gRPC call over HTTP/2.
pub(super) fn status(head: &RequestHeader, refusal: Refusal) -> Option<u8> {
    is_call(head).then(|| of(refusal))
}

/// Whether a gRPC call cannot be carried to its agent, to which HTTP/1.1 is spoken in plain text: that has no trailers.
pub(super) fn is_stuck(head: &RequestHeader, agent: &Agent) -> bool {
    let upstream = &agent.upstream;
    head.version == Version::HTTP_2 && !upstream.protocol.may_be_h2(upstream.tls.is_some()) && is_call(head)
}

/// Whether a request is a gRPC call over HTTP/2.
pub(super) fn is_call(head: &RequestHeader) -> bool {
    is_grpc_call(&head.method, head.version, &head.headers)
}

/// Asks the agent for trailers, where its request is a call over HTTP/2. The field is each connection's own, so the client's was
/// removed, and servers refuse a call that lacks it ("gRPC over HTTP2", Requests).
pub(super) fn ask_for_trailers(request: &mut RequestHeader) -> pingora::Result<()> {
    if is_call(request) {
        request.insert_header(header::TE, HeaderValue::from_static("trailers"))?;
    }
    Ok(())
}

/// Makes the head of a refusal that of a call with this status. `detail` is the sentence for the client.
pub(super) fn dress(head: &mut ResponseHeader, status: u8, detail: &str) -> pingora::Result<()> {
    head.set_status(200)?;
    head.remove_header(&header::CONTENT_LENGTH);
    head.insert_header(header::CONTENT_TYPE, "application/grpc")?;
    head.insert_header(STATUS, HeaderValue::from(u16::from(status)))?;
    head.insert_header(MESSAGE, encoded(detail))?;
    Ok(())
}

fn of(refusal: Refusal) -> u8 {
    if refusal == Refusal::Decided(Reason::MultipleTokens) {
        return UNAUTHENTICATED;
    }
    match refusal.status() {
        400 => INVALID_ARGUMENT,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 | 405 | 415 | 501 => UNIMPLEMENTED,
        408 | 504 => DEADLINE_EXCEEDED,
        413 | 429 | 431 => RESOURCE_EXHAUSTED,
        500 => INTERNAL,
        502 | 503 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

/// A sentence as `grpc-message` may hold it: percent-encoded but for visible ASCII and blanks.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | 0..=0x1f | 0x7f..=0xff => encoded.push_str(&format!("%{byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: Version, media_type: &str) -> RequestHeader {
        let mut head = RequestHeader::build("POST", b"/a.B/C", None).unwrap();
        head.set_version(version);
        head.insert_header("content-type", media_type).unwrap();
        head
    }

    #[test]
    fn a_call_over_http_2_is_refused_in_the_words_of_grpc() {
        for (version, media_type, wanted) in [
            (Version::HTTP_2, "application/grpc", true),
            (Version::HTTP_2, "application/grpc+proto", true),
            (Version::HTTP_2, "application/grpc; charset=utf-8", true),
            (Version::HTTP_2, "application/grpc-web", false),
            (Version::HTTP_2, "application/grpc-web+proto", false),
            (Version::HTTP_2, "application/json", false),
            (Version::HTTP_11, "application/grpc", false),
        ] {
            let status = status(&request(version, media_type), Refusal::NotFound);
            assert_eq!(status, wanted.then_some(UNIMPLEMENTED), "{version:?} {media_type}");
        }
    }

    #[test]
    fn an_agent_is_asked_for_trailers_of_a_call_and_of_nothing_else() {
        for (version, media_type, wanted) in [
            (Version::HTTP_2, "application/grpc", Some("trailers")),
            (Version::HTTP_2, "application/json", None),
            (Version::HTTP_11, "application/grpc", None),
        ] {
            let mut request = request(version, media_type);
            ask_for_trailers(&mut request).unwrap();
            let asked = request.headers.get("te").map(|value| value.to_str().unwrap());
            assert_eq!(asked, wanted, "{version:?} {media_type}");
        }
    }

    #[test]
    fn each_refusal_has_its_status() {
        for (refusal, wanted) in [
            (Refusal::Decided(Reason::TokenMissing), 16),
            (Refusal::Decided(Reason::MultipleTokens), 16),
            (Refusal::Decided(Reason::ScopeMissing), 7),
            (Refusal::Decided(Reason::KeysUnavailable), 14),
            (Refusal::AmbiguousTarget, 3),
            (Refusal::NotFound, 12),
            (Refusal::MethodNotAllowed, 12),
            (Refusal::BodyTimeout, 4),
            (Refusal::BodyTooLarge, 8),
            (Refusal::HeadTooLarge, 8),
            (Refusal::TooManyRequests, 8),
            (Refusal::Failed, 13),
            (Refusal::BadGateway, 14),
            (Refusal::Busy, 14),
            (Refusal::GatewayTimeout, 4),
        ] {
            assert_eq!(of(refusal), wanted, "{refusal:?}");
        }
        let reasons = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Ok).map(Refusal::Decided);
        for refusal in Refusal::UNDECIDED.into_iter().chain(reasons) {
            assert_ne!(of(refusal), UNKNOWN, "{refusal:?} {}", refusal.status());
        }
    }

    #[test]
    fn a_sentence_is_percent_encoded() {
        assert_eq!(encoded("100 % sure,\né"), "100 %25 sure,%0A%C3%A9");
    }
}

//! The answer to a head that goes no further, as bytes: Pingora has seen nothing of it. The connection ends with it.
//!
//! What the answer says is for `model::Refusal`; answers to whole requests are written in `proxy`.

use http::StatusCode;

use crate::model::{PROBLEM_MEDIA_TYPE, Refusal, RequestId, methods};

/// A whole answer in HTTP/1.1.
pub(super) fn raw(refusal: Refusal, request_id: &RequestId) -> Vec<u8> {
    let status = refusal.status();
    let phrase = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let allow = match refusal {
        Refusal::MethodNotAllowed => format!("Allow: {}\r\n", methods::ALLOW),
        _ => String::new(),
    };
    let retry =
        refusal.retry_after().map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
    let body = refusal.document(refusal.detail(), request_id);
    let mut answer = format!(
        "HTTP/1.1 {status} {}\r\n{allow}Content-Type: {PROBLEM_MEDIA_TYPE}\r\nContent-Length: {}\r\n{retry}\
         Cache-Control: no-store\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n",
        phrase.unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_and_ends_the_connection() {
        for (refusal, first, extra) in [
            (Refusal::MalformedHead, "HTTP/1.1 400 Bad Request", ""),
            (
                Refusal::MethodNotAllowed,
                "HTTP/1.1 405 Method Not Allowed",
                "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            ),
            (Refusal::HeadTimeout, "HTTP/1.1 408 Request Timeout", ""),
            (Refusal::HeadTooLarge, "HTTP/1.1 431 Request Header Fields Too Large", ""),
            (Refusal::TooManyConnections, "HTTP/1.1 503 Service Unavailable", "Retry-After: 1"),
        ] {
            let answer = String::from_utf8(raw(refusal, &RequestId::Given("r-1".into()))).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let lines: Vec<&str> = head.lines().collect();
            assert_eq!(lines.first(), Some(&first));
            assert!(extra.is_empty() || lines.contains(&extra), "{head}");
            assert!(lines.contains(&format!("Content-Length: {}", body.len()).as_str()), "{head}");
            assert!(lines.contains(&"X-Request-Id: r-1") && lines.contains(&"Connection: close"), "{head}");
            assert_eq!(body.as_bytes(), refusal.document(refusal.detail(), &RequestId::Given("r-1".into())));
        }
    }
}

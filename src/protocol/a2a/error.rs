//! The error response of the HTTP+JSON binding (A2A 1.0 section 11.6) with which the gateway refuses a request.

use serde::Serialize;

use crate::model::RequestId;
use crate::protocol::json_rpc::{ErrorData, ReasonClass};

/// Tells clients that the reason is none of A2A's own, whose domain is `a2a-protocol.org`.
const DOMAIN: &str = "gateway";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// An error response.
#[derive(Debug, Clone, Copy)]
pub struct RestError<'a> {
    /// The status of the response.
    pub status: u16,
    /// What the refusal is about.
    pub class: ReasonClass,
    /// The sentence for the client.
    pub message: &'a str,
    /// The scopes that the challenge names.
    pub scope: Option<&'a str>,
    /// The id of the HTTP request.
    pub request_id: &'a RequestId,
}

impl RestError<'_> {
    /// The body of the response.
    #[must_use]
    pub fn document(&self) -> Vec<u8> {
        let Self { status, class, message, scope, request_id } = *self;
        request_id.with_text(|request_id| {
            let metadata = ErrorData { reason_class: class, scope, request_id };
            let info = ErrorInfo { kind: ERROR_INFO, reason: reason(class), domain: DOMAIN, metadata };
            let error = ErrorObject { code: status, status: word(status), message, details: [info] };
            // Serialising text and numbers does not fail, so the body is never the empty default.
            serde_json::to_vec(&Document { error }).unwrap_or_default()
        })
    }
}

/// The reason, in the spelling of `google.rpc.ErrorInfo`.
const fn reason(class: ReasonClass) -> &'static str {
    match class {
        ReasonClass::Authentication => "AUTHENTICATION",
        ReasonClass::Scope => "SCOPE",
        ReasonClass::Policy => "POLICY",
        ReasonClass::Message => "MESSAGE",
        ReasonClass::Session => "SESSION",
        ReasonClass::Upstream => "UPSTREAM",
    }
}

/// The word of `google.rpc.Code` for a status.
const fn word(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        405 => "UNIMPLEMENTED",
        408 | 504 => "DEADLINE_EXCEEDED",
        429 => "RESOURCE_EXHAUSTED",
        502 | 503 => "UNAVAILABLE",
        500..=599 => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

#[derive(Serialize)]
struct Document<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: u16,
    status: &'static str,
    message: &'a str,
    details: [ErrorInfo<'a>; 1],
}

#[derive(Serialize)]
struct ErrorInfo<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    reason: &'static str,
    domain: &'static str,
    metadata: ErrorData<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_shape_of_google_rpc_status() {
        let request_id = RequestId::Given("r-1".into());
        let error = |status, class, scope| {
            let error = RestError { status, class, message: "No.", scope, request_id: &request_id };
            String::from_utf8(error.document()).unwrap()
        };
        assert_eq!(
            error(403, ReasonClass::Scope, Some("a b")),
            r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"No.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SCOPE","domain":"gateway","metadata":{"reason_class":"scope","scope":"a b","request_id":"r-1"}}]}}"#
        );
        for (status, word) in
            [(400, "INVALID_ARGUMENT"), (415, "INVALID_ARGUMENT"), (500, "INTERNAL"), (503, "UNAVAILABLE")]
        {
            let wanted = format!(r#"{{"error":{{"code":{status},"status":"{word}","#);
            assert!(error(status, ReasonClass::Message, None).starts_with(&wanted));
        }
    }
}

//! The error response of JSON-RPC (JSON-RPC 2.0 section 5.1) with which the gateway refuses a message, and the closed list
//! of its codes. Whether a refusal gets one is for `proxy`.

use serde::Serialize;

use super::Id;
use crate::model::{Reason, Refusal, RequestId};

/// The media type of the response.
pub const JSON_MEDIA_TYPE: &str = "application/json";

/// What an error tells a client: each kind has a code of its own. A2A has taken -32001 to -32009 for itself, so no refusal
/// of an A2A message uses these: it has no sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The body is not one message that can be read in one way only.
    Malformed,
    /// The head of the request does not say what the message says (MCP 2026-07-28, "Streamable HTTP").
    HeaderMismatch,
    /// There is no valid credential.
    Unauthenticated,
    /// The credential lacks a scope.
    ScopeMissing,
    /// The caller, or this operation, is not permitted.
    Forbidden,
    /// The session is unknown: the client begins a new one.
    SessionUnknown,
    /// Nothing is served at this address by this method.
    NotServed,
    /// The message is too large, too slow, or in a form that is not accepted.
    NotAccepted,
    /// There are too many requests.
    TooMany,
    /// The agent cannot be reached, or gave no valid response.
    Unreachable,
    /// The agent was too slow.
    TooSlow,
    /// The gateway failed.
    Failed,
}

/// The part of an exchange that a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonClass {
    /// The credential.
    Authentication,
    /// The scopes of the token.
    Scope,
    /// The rules of the gateway.
    Policy,
    /// The message itself.
    Message,
    /// The session.
    Session,
    /// The agent, or the way to it.
    Upstream,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Malformed,
        Self::HeaderMismatch,
        Self::Unauthenticated,
        Self::ScopeMissing,
        Self::Forbidden,
        Self::SessionUnknown,
        Self::NotServed,
        Self::NotAccepted,
        Self::TooMany,
        Self::Unreachable,
        Self::TooSlow,
        Self::Failed,
    ];

    /// The kind of a refusal; `None` for one that says 503: a client must not take an outage for the answer of a server
    /// that speaks another revision.
    #[must_use]
    pub const fn of(refusal: Refusal) -> Option<Self> {
        Some(match refusal {
            Refusal::Decided(reason) => return decided(reason),
            Refusal::MalformedHead
            | Refusal::AmbiguousTarget
            | Refusal::InvalidHost
            | Refusal::CertificateUnreadable
            | Refusal::NotForwardable => Self::Malformed,
            Refusal::NotFound | Refusal::MethodNotAllowed => Self::NotServed,
            Refusal::HeadTimeout
            | Refusal::BodyTimeout
            | Refusal::BodyTooLarge
            | Refusal::MediaTypeNotSupported
            | Refusal::HeadTooLarge => Self::NotAccepted,
            Refusal::TooManyRequests => Self::TooMany,
            Refusal::Failed => Self::Failed,
            Refusal::BadGateway | Refusal::AgentUnauthorized | Refusal::CardRefused => Self::Unreachable,
            Refusal::GatewayTimeout => Self::TooSlow,
            Refusal::Busy
            | Refusal::NoMessageMemory
            | Refusal::TooManyConnections
            | Refusal::CardUnavailable
            | Refusal::KeySetUnavailable
            | Refusal::EventsUnavailable => return None,
        })
    }

    /// The code: -32600 is JSON-RPC's own, -32020 that of MCP, and -32001 what MCP servers say of a session that they do not
    /// know; the others are of the range that is left to servers.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Malformed => -32600,
            Self::HeaderMismatch => -32020,
            Self::Unauthenticated => -32010,
            Self::ScopeMissing => -32011,
            Self::Forbidden => -32012,
            Self::SessionUnknown => -32001,
            Self::NotServed => -32013,
            Self::NotAccepted => -32014,
            Self::TooMany => -32015,
            Self::Unreachable => -32016,
            Self::TooSlow => -32017,
            Self::Failed => -32018,
        }
    }

    /// What the refusal is about.
    #[must_use]
    pub const fn class(self) -> ReasonClass {
        match self {
            Self::Unauthenticated => ReasonClass::Authentication,
            Self::ScopeMissing => ReasonClass::Scope,
            Self::Forbidden | Self::NotServed | Self::TooMany => ReasonClass::Policy,
            Self::Malformed | Self::HeaderMismatch | Self::NotAccepted => ReasonClass::Message,
            Self::SessionUnknown => ReasonClass::Session,
            Self::Unreachable | Self::TooSlow | Self::Failed => ReasonClass::Upstream,
        }
    }
}

const fn decided(reason: Reason) -> Option<ErrorKind> {
    Some(match reason {
        Reason::TokenMissing
        | Reason::MultipleTokens
        | Reason::TokenMalformed
        | Reason::TokenTooLarge
        | Reason::AlgNotAllowed
        | Reason::TypMismatch
        | Reason::IssuerUnknown
        | Reason::IssuerNotAllowed
        | Reason::ExpMissing
        | Reason::TokenExpired
        | Reason::NotYetValid
        | Reason::LifetimeTooLong
        | Reason::AudienceMismatch
        | Reason::BindingRequired
        | Reason::KeyUnknown
        | Reason::SignatureInvalid
        | Reason::Revoked
        | Reason::TokenInactive
        | Reason::ApiKeyMissing
        | Reason::ApiKeyInvalid
        | Reason::ApiKeyExpired
        | Reason::ApiKeyRevoked
        | Reason::ProfileMismatch
        | Reason::AcrInsufficient
        | Reason::AuthTooOld
        | Reason::ProofMissing
        | Reason::ProofMalformed
        | Reason::ProofMismatch
        | Reason::ProofStale
        | Reason::ProofReplayed
        | Reason::NonceRequired
        | Reason::CertificateMissing
        | Reason::CertificateMismatch => ErrorKind::Unauthenticated,
        Reason::ScopeMissing => ErrorKind::ScopeMissing,
        Reason::ClaimMismatch
        | Reason::OperationDenied
        | Reason::OriginDenied
        | Reason::PushDenied
        | Reason::ClientNotAllowed
        | Reason::ActorNotAllowed => ErrorKind::Forbidden,
        Reason::McpHeaderMismatch => ErrorKind::HeaderMismatch,
        Reason::McpBatch | Reason::McpBody => ErrorKind::Malformed,
        Reason::NoRoute => ErrorKind::NotServed,
        Reason::SessionForeign => ErrorKind::SessionUnknown,
        Reason::RateLimited | Reason::ConcurrencyLimited | Reason::QuotaSpent => ErrorKind::TooMany,
        Reason::Ok
        | Reason::KeysUnavailable
        | Reason::IntrospectionUnavailable
        | Reason::LimitsUnavailable
        | Reason::ProofMemoryFull => return None,
    })
}

/// An error response.
#[derive(Debug, Clone, Copy)]
pub struct ErrorResponse<'a> {
    /// The id of the message; `None` where it was not read, or may not be told.
    pub id: Option<&'a Id<'a>>,
    /// What it tells.
    pub kind: ErrorKind,
    /// The sentence for the client.
    pub message: &'a str,
    /// The scopes that the challenge names.
    pub scope: Option<&'a str>,
    /// The id of the HTTP request.
    pub request_id: &'a RequestId,
}

impl ErrorResponse<'_> {
    /// The body of the response.
    #[must_use]
    pub fn document(&self) -> Vec<u8> {
        self.request_id.with_text(|request_id| {
            let data = ErrorData { reason_class: self.kind.class(), scope: self.scope, request_id };
            let error = ErrorObject { code: self.kind.code(), message: self.message, data };
            // Serialising text and numbers does not fail, so the body is never the empty default.
            serde_json::to_vec(&Envelope { jsonrpc: "2.0", id: self.id, error }).unwrap_or_default()
        })
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    jsonrpc: &'static str,
    id: Option<&'a Id<'a>>,
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: i32,
    message: &'a str,
    data: ErrorData<'a>,
}

/// What an error says besides its code and its sentence, in either binding of either protocol.
#[derive(Serialize)]
pub(in crate::protocol) struct ErrorData<'a> {
    pub(in crate::protocol) reason_class: ReasonClass,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::protocol) scope: Option<&'a str>,
    pub(in crate::protocol) request_id: &'a str,
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_document_has_the_members_of_json_rpc_in_order_and_a_scope_only_where_there_is_one() {
        let request_id = RequestId::Given("r-1".into());
        let (number, text) = (Id::Natural(7), Id::Text(Cow::Borrowed("a\"b")));
        for (id, scope, wanted) in [
            (
                None,
                None,
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32011,"message":"No.","data":{"reason_class":"scope","request_id":"r-1"}}}"#,
            ),
            (
                Some(&number),
                Some("a b"),
                r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32011,"message":"No.","data":{"reason_class":"scope","scope":"a b","request_id":"r-1"}}}"#,
            ),
            (
                Some(&text),
                None,
                r#"{"jsonrpc":"2.0","id":"a\"b","error":{"code":-32011,"message":"No.","data":{"reason_class":"scope","request_id":"r-1"}}}"#,
            ),
        ] {
            let error = ErrorResponse {
                id,
                kind: ErrorKind::ScopeMissing,
                message: "No.",
                scope,
                request_id: &request_id,
            };
            assert_eq!(String::from_utf8(error.document()).unwrap(), wanted);
        }
    }

    #[test]
    fn each_kind_has_a_code_of_its_own_that_no_protocol_has_taken() {
        let codes: HashSet<i32> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        for code in codes {
            let ours = (-32019..=-32010).contains(&code) || matches!(code, -32600 | -32001 | -32020);
            assert!(ours, "{code}");
        }
    }

    #[test]
    fn a_refusal_is_an_error_of_json_rpc_unless_it_says_503() {
        let decided = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Ok).map(Refusal::Decided);
        for refusal in Refusal::UNDECIDED.into_iter().chain(decided) {
            assert_eq!(ErrorKind::of(refusal).is_none(), refusal.status() == 503, "{refusal:?}");
        }
    }
}

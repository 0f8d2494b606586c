//! Every refusal of a request by a gateway listener: a closed list, each with its status and the one sentence that the
//! client may read.
//!
//! The mappings stand side by side and match exhaustively. `door` and `proxy` write the heads of these responses, and
//! `gate` the challenges.

use serde::Serialize;

use super::problem::problem_document;
use super::{OAuthError, Reason, RequestId};

/// Why the gateway itself answers a request with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The decision about its credential refuses it.
    Decided(Reason),
    /// The head, or the framing of the body, violates the grammar of HTTP.
    MalformedHead,
    /// Servers could read the target in more than one way.
    AmbiguousTarget,
    /// It names no host, several hosts, or something that is no host.
    InvalidHost,
    /// Its proxy names no client certificate that can be read, or several.
    CertificateUnreadable,
    /// Part of it cannot be forwarded safely.
    NotForwardable,
    /// No agent's route matches its host and path.
    NotFound,
    /// The route does not serve its method.
    MethodNotAllowed,
    /// Its head did not arrive in time.
    HeadTimeout,
    /// Its body did not arrive in time.
    BodyTimeout,
    /// Its body is over the agent's `max_body` or `max_message`.
    BodyTooLarge,
    /// Its message is not in JSON, or in an encoding that the gateway does not read.
    MediaTypeNotSupported,
    /// There is no memory free for its message.
    NoMessageMemory,
    /// The caller sends requests more often than it may.
    TooManyRequests,
    /// Its head is over the limits of bytes or fields.
    HeadTooLarge,
    /// The gateway itself failed.
    Failed,
    /// The agent gave no response, or an invalid one.
    BadGateway,
    /// The agent asks the gateway for a credential.
    AgentUnauthorized,
    /// The agent's card must not be served.
    CardRefused,
    /// The agent's card was not fetched yet.
    CardUnavailable,
    /// The gateway has no key to sign with yet.
    KeySetUnavailable,
    /// A security event cannot be acted on now.
    EventsUnavailable,
    /// The agent has no free slot, or the process no free descriptor.
    Busy,
    /// The listener has no free slot for the connection.
    TooManyConnections,
    /// The agent did not respond in time.
    GatewayTimeout,
}

impl Refusal {
    /// Every refusal that is not a decision about a credential.
    pub const UNDECIDED: [Self; 24] = [
        Self::MalformedHead,
        Self::AmbiguousTarget,
        Self::InvalidHost,
        Self::CertificateUnreadable,
        Self::NotForwardable,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::HeadTimeout,
        Self::BodyTimeout,
        Self::BodyTooLarge,
        Self::MediaTypeNotSupported,
        Self::NoMessageMemory,
        Self::TooManyRequests,
        Self::HeadTooLarge,
        Self::Failed,
        Self::BadGateway,
        Self::AgentUnauthorized,
        Self::CardRefused,
        Self::CardUnavailable,
        Self::KeySetUnavailable,
        Self::EventsUnavailable,
        Self::Busy,
        Self::TooManyConnections,
        Self::GatewayTimeout,
    ];

    /// The status of the response.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Decided(reason) => reason.status(),
            Self::MalformedHead
            | Self::AmbiguousTarget
            | Self::InvalidHost
            | Self::CertificateUnreadable
            | Self::NotForwardable => 400,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::HeadTimeout | Self::BodyTimeout => 408,
            Self::BodyTooLarge => 413,
            Self::MediaTypeNotSupported => 415,
            Self::TooManyRequests => 429,
            Self::HeadTooLarge => 431,
            Self::Failed => 500,
            Self::BadGateway | Self::AgentUnauthorized | Self::CardRefused => 502,
            Self::Busy
            | Self::NoMessageMemory
            | Self::TooManyConnections
            | Self::CardUnavailable
            | Self::KeySetUnavailable
            | Self::EventsUnavailable => 503,
            Self::GatewayTimeout => 504,
        }
    }

    /// The sentence for the client. It is vague on purpose: all refusals of one class read the same, so that nobody can
    /// probe for what a token lacks.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Decided(reason) => decided(reason),
            Self::MalformedHead => "The request head is malformed.",
            Self::AmbiguousTarget => "The request path is not in a form that can be forwarded safely.",
            Self::InvalidHost => "The request must name exactly one valid host.",
            Self::CertificateUnreadable => "The client certificate of the request cannot be read.",
            Self::NotForwardable => "The request cannot be forwarded safely.",
            Self::NotFound => "Nothing is served at this address.",
            Self::MethodNotAllowed => "This method is not allowed.",
            Self::HeadTimeout => "The request head took too long to arrive.",
            Self::BodyTimeout => "The request took too long to arrive.",
            Self::BodyTooLarge => "The request body is too large.",
            Self::MediaTypeNotSupported => {
                "The message must be of the media type application/json, in UTF-8 and without an encoding."
            }
            Self::NoMessageMemory => "There are too many messages. Try again later.",
            Self::TooManyRequests => "There are too many requests. Try again later.",
            Self::HeadTooLarge => "The request head is too large.",
            Self::Failed => "The gateway failed.",
            Self::BadGateway => "The agent cannot be reached.",
            Self::AgentUnauthorized => "The agent does not accept requests of the gateway.",
            Self::CardRefused => "The agent's card cannot be served.",
            Self::CardUnavailable => "The agent's card is not known yet. Try again later.",
            Self::KeySetUnavailable => "There is no key yet. Try again later.",
            Self::EventsUnavailable => "The event cannot be acted on now. Send it again later.",
            Self::Busy => "The agent is busy. Try again later.",
            Self::TooManyConnections => "There are too many connections. Try again later.",
            Self::GatewayTimeout => "The agent took too long to answer.",
        }
    }

    /// The value of `Retry-After` in seconds, where trying again may help.
    #[must_use]
    pub const fn retry_after(self) -> Option<&'static str> {
        match self {
            // The refresher tries a failed provider again after 1, 2, 4 ... 60 s: after 5 s it has tried twice.
            Self::Decided(Reason::KeysUnavailable) => Some("5"),
            // The next request may find a place; while a provider fails, a request costs it nothing.
            Self::Decided(Reason::IntrospectionUnavailable) => Some("1"),
            // A place becomes free as soon as one of the caller's requests ends. When a rate lets the next request in, the
            // limit says. The place where members count is looked for each second.
            Self::Decided(
                Reason::ConcurrencyLimited | Reason::LimitsUnavailable | Reason::ProofMemoryFull,
            ) => Some("1"),
            // Likewise for the card of an agent, and a disk is full for longer.
            Self::CardUnavailable | Self::KeySetUnavailable | Self::EventsUnavailable => Some("5"),
            // A slot becomes free as soon as any request ends, and memory as soon as a message is sent.
            Self::Busy | Self::NoMessageMemory | Self::TooManyConnections | Self::TooManyRequests => {
                Some("1")
            }
            _ => None,
        }
    }

    /// The error code of RFC 6750 section 3.1 or RFC 9470 section 3, where there is one.
    #[must_use]
    pub const fn oauth_error(self) -> Option<OAuthError> {
        match self {
            Self::Decided(reason) => reason.oauth_error(),
            _ => None,
        }
    }

    /// The body of the response, with `detail` as the sentence for the client.
    #[must_use]
    pub fn document(self, detail: &str, request_id: &RequestId) -> Vec<u8> {
        let error = self.oauth_error().map(OAuthError::as_str);
        request_id
            .with_text(|request_id| problem_document(self.status(), detail, &Members { error, request_id }))
    }
}

/// The members that gateway listeners add to the document.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    request_id: &'a str,
}

const fn decided(reason: Reason) -> &'static str {
    match reason {
        Reason::Ok => "",
        Reason::NoRoute => Refusal::NotFound.detail(),
        Reason::TokenMissing => "This agent asks for an access token.",
        Reason::MultipleTokens => "The request must carry exactly one credential.",
        Reason::TokenMalformed
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
        | Reason::TokenInactive
        | Reason::ProfileMismatch
        | Reason::CertificateMissing
        | Reason::CertificateMismatch => "The access token is not valid for this agent.",
        Reason::Revoked => "The credential is not valid for this agent.",
        Reason::ScopeMissing | Reason::ClaimMismatch | Reason::ClientNotAllowed | Reason::ActorNotAllowed => {
            "The access token does not permit this."
        }
        Reason::AcrInsufficient | Reason::AuthTooOld => {
            "This agent asks for another login of the user. Get a new access token."
        }
        Reason::ProofMissing
        | Reason::ProofMalformed
        | Reason::ProofMismatch
        | Reason::ProofStale
        | Reason::ProofReplayed => "The proof in the field DPoP is not valid for this request.",
        Reason::NonceRequired => "The proof must have the nonce in the field DPoP-Nonce of this response.",
        Reason::ProofMemoryFull => "No more proofs can be accepted at the moment. Try again later.",
        Reason::KeysUnavailable | Reason::IntrospectionUnavailable => {
            "Access tokens cannot be checked at the moment. Try again later."
        }
        Reason::ApiKeyMissing => "This agent asks for an API key.",
        Reason::OriginDenied => "Pages of this origin may not call this agent.",
        Reason::SessionForeign => "There is no such session. Begin a new one.",
        Reason::ApiKeyInvalid | Reason::ApiKeyExpired | Reason::ApiKeyRevoked => {
            "The API key is not valid for this agent."
        }
        Reason::OperationDenied => "This operation is not permitted.",
        Reason::RateLimited => "There are too many requests. Try again later.",
        Reason::ConcurrencyLimited => "There are too many requests under way. Try again later.",
        Reason::QuotaSpent => "No requests are left in this period. Try again in the next one.",
        Reason::LimitsUnavailable => "Requests cannot be counted at the moment. Try again later.",
        Reason::PushDenied => "This agent sends no push notifications to this URL.",
        Reason::McpHeaderMismatch => "The head of the request must say what its message says.",
        Reason::McpBatch => "The body must be one message, not a list.",
        Reason::McpBody => "The body is not one message that can be read in one way only.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_an_error_status_a_sentence_and_a_document_with_both() {
        let decided = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Ok).map(Refusal::Decided);
        for refusal in Refusal::UNDECIDED.into_iter().chain(decided) {
            let document = refusal.document(refusal.detail(), &RequestId::Given("r-1".into()));
            let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
            assert!((400..=504).contains(&refusal.status()), "{refusal:?}");
            assert!(refusal.detail().ends_with('.'), "{refusal:?}");
            assert_eq!(document["status"], refusal.status(), "{refusal:?}");
            assert_eq!(document["detail"], refusal.detail(), "{refusal:?}");
            assert_eq!(document["request_id"], "r-1", "{refusal:?}");
            assert_ne!(document["title"], "Error", "{refusal:?}");
            assert_eq!(document["error"].as_str(), refusal.oauth_error().map(OAuthError::as_str));
        }
    }
}

//! The body of the response to a refused request, as `proxy` sends it and `explain` shows it.

use crate::model::{OAuthError, PROBLEM_MEDIA_TYPE, Refusal, RequestId};
use crate::protocol::a2a::RestError;
use crate::protocol::json_rpc::{ErrorKind, ErrorResponse, JSON_MEDIA_TYPE, ReasonClass};
use crate::routing::ErrorForm;

use super::{Asked, Challenge};

/// A refusal, and all that the body of its response depends on.
#[derive(Debug, Clone, Copy)]
pub struct RefusedResponse<'a> {
    /// Why the request is refused.
    pub refusal: Refusal,
    /// The sentence for the client.
    pub detail: &'a str,
    /// The challenge in the head of the response.
    pub challenge: Option<&'a Challenge>,
    /// What the request asked for, once its message was read.
    pub asked: Option<&'a Asked>,
    /// The id of the request.
    pub request_id: &'a RequestId,
}

impl RefusedResponse<'_> {
    /// Its media type and its text, in the form that clients of the agent read. An error of JSON-RPC that may be none is a
    /// problem document.
    #[must_use]
    pub fn body(&self, form: ErrorForm) -> (&'static str, Vec<u8>) {
        let scope = self.challenge.and_then(|challenge| challenge.scope.as_deref());
        let (message, request_id) = (self.detail, self.request_id);
        match (form, self.error_kind()) {
            (ErrorForm::JsonRpc, Some(kind)) => {
                // Whether the message was read before the credential was refused is nobody's business.
                let id = self.asked.filter(|_| kind != ErrorKind::Unauthenticated);
                let id = id.and_then(|asked| asked.id.as_ref());
                (JSON_MEDIA_TYPE, ErrorResponse { id, kind, message, scope, request_id }.document())
            }
            (ErrorForm::Rest, kind) => {
                let status = self.refusal.status();
                let class = kind.map_or(ReasonClass::Upstream, ErrorKind::class);
                (JSON_MEDIA_TYPE, RestError { status, class, message, scope, request_id }.document())
            }
            (ErrorForm::JsonRpc | ErrorForm::Problem, _) => {
                (PROBLEM_MEDIA_TYPE, self.refusal.document(message, request_id))
            }
        }
    }

    /// The kind of the error of JSON-RPC, if it may be one.
    fn error_kind(&self) -> Option<ErrorKind> {
        match self.challenge.and_then(|challenge| challenge.error) {
            Some(OAuthError::InsufficientScope) => Some(ErrorKind::ScopeMissing),
            Some(
                OAuthError::InvalidRequest
                | OAuthError::InvalidToken
                | OAuthError::InsufficientUserAuthentication
                | OAuthError::InvalidDpopProof
                | OAuthError::UseDpopNonce,
            )
            | None => ErrorKind::of(self.refusal),
        }
    }
}

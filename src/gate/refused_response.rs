//! The body of the response to a refused request, as `proxy` sends it and `explain` shows it.

use crate::model::{OAuthError, PROBLEM_MEDIA_TYPE, Refusal, RequestId};
use crate::protocol::json_rpc::{ErrorKind, ErrorResponse, JSON_MEDIA_TYPE};

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
    /// Its media type and its text: an error of JSON-RPC where the request carries a message, else a problem document.
    #[must_use]
    pub fn body(&self, has_message: bool) -> (&'static str, Vec<u8>) {
        let Some(kind) = self.error_kind().filter(|_| has_message) else {
            return (PROBLEM_MEDIA_TYPE, self.refusal.document(self.detail, self.request_id));
        };
        let scope = self.challenge.and_then(|challenge| challenge.scope.as_deref());
        // Whether the message was read before the credential was refused is nobody's business.
        let id = self.asked.filter(|_| kind != ErrorKind::Unauthenticated);
        let id = id.and_then(|asked| asked.id.as_ref());
        let (message, request_id) = (self.detail, self.request_id);
        (JSON_MEDIA_TYPE, ErrorResponse { id, kind, message, scope, request_id }.document())
    }

    /// The kind of the error of JSON-RPC, if it may be one.
    fn error_kind(&self) -> Option<ErrorKind> {
        match self.challenge.and_then(|challenge| challenge.error) {
            Some(OAuthError::InsufficientScope) => Some(ErrorKind::ScopeMissing),
            Some(OAuthError::InvalidRequest | OAuthError::InvalidToken) | None => ErrorKind::of(self.refusal),
        }
    }
}

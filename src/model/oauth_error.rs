//! The error codes of the responses to refused tokens. Which reason has which is in `reason`.

/// The error codes of RFC 6750 section 3.1 and of RFC 9470 section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthError {
    /// `invalid_request`
    InvalidRequest,
    /// `invalid_token`
    InvalidToken,
    /// `insufficient_scope`
    InsufficientScope,
    /// `insufficient_user_authentication`
    InsufficientUserAuthentication,
}

impl OAuthError {
    /// The code as it is written in `WWW-Authenticate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
        }
    }
}

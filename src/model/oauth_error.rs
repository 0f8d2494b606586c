//! The error codes of the responses to refused tokens, and which reason has which.

use super::Reason;

/// The error codes of RFC 6750 section 3.1, of RFC 9449 section 7.1 and of RFC 9470 section 3.
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
    /// `invalid_dpop_proof`
    InvalidDpopProof,
    /// `use_dpop_nonce`
    UseDpopNonce,
}

impl OAuthError {
    /// Whether it is about a proof of possession, and not about the token.
    #[must_use]
    pub const fn is_of_proof(self) -> bool {
        match self {
            Self::InvalidDpopProof | Self::UseDpopNonce => true,
            Self::InvalidRequest
            | Self::InvalidToken
            | Self::InsufficientScope
            | Self::InsufficientUserAuthentication => false,
        }
    }

    /// The code as it is written in `WWW-Authenticate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }
}

impl Reason {
    /// The error code of the response (RFC 6750 section 3.1, RFC 9449 section 7.1, RFC 9470 section 3), where it has one.
    #[must_use]
    pub const fn oauth_error(self) -> Option<OAuthError> {
        match self {
            Self::MultipleTokens => Some(OAuthError::InvalidRequest),
            Self::ScopeMissing => Some(OAuthError::InsufficientScope),
            Self::AcrInsufficient | Self::AuthTooOld => Some(OAuthError::InsufficientUserAuthentication),
            Self::ProofMissing
            | Self::ProofMalformed
            | Self::ProofMismatch
            | Self::ProofStale
            | Self::ProofReplayed => Some(OAuthError::InvalidDpopProof),
            Self::NonceRequired => Some(OAuthError::UseDpopNonce),
            Self::TokenMalformed
            | Self::TokenTooLarge
            | Self::AlgNotAllowed
            | Self::TypMismatch
            | Self::IssuerUnknown
            | Self::IssuerNotAllowed
            | Self::ExpMissing
            | Self::TokenExpired
            | Self::NotYetValid
            | Self::LifetimeTooLong
            | Self::AudienceMismatch
            | Self::BindingRequired
            | Self::KeyUnknown
            | Self::SignatureInvalid
            | Self::Revoked
            | Self::TokenInactive
            | Self::ProfileMismatch
            | Self::CertificateMissing
            | Self::CertificateMismatch => Some(OAuthError::InvalidToken),
            Self::Ok
            | Self::NoRoute
            | Self::TokenMissing
            | Self::ClaimMismatch
            | Self::KeysUnavailable
            | Self::IntrospectionUnavailable
            | Self::ApiKeyMissing
            | Self::ApiKeyInvalid
            | Self::ApiKeyExpired
            | Self::ApiKeyRevoked
            | Self::OperationDenied
            | Self::McpHeaderMismatch
            | Self::McpBatch
            | Self::McpBody
            | Self::OriginDenied
            | Self::SessionForeign
            | Self::PushDenied
            | Self::RateLimited
            | Self::ConcurrencyLimited
            | Self::QuotaSpent
            | Self::LimitsUnavailable
            | Self::ClientNotAllowed
            | Self::ActorNotAllowed
            | Self::ProofMemoryFull => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oauth_code_comes_only_with_the_status_that_its_rfc_gives_it() {
        for reason in Reason::ALL {
            let wanted = match reason.oauth_error() {
                Some(OAuthError::InvalidRequest) => 400,
                Some(OAuthError::InvalidToken) => 401,
                Some(OAuthError::InsufficientScope) => 403,
                Some(OAuthError::InsufficientUserAuthentication) => 401,
                Some(OAuthError::InvalidDpopProof | OAuthError::UseDpopNonce) => 401,
                None => continue,
            };
            assert_eq!(reason.status(), wanted, "{reason}");
        }
    }
}

//! Why a request was decided as it was: a closed list, precise for operators and vague on the wire.
//!
//! All mappings stand side by side in this file and match exhaustively, so that a new reason cannot be
//! added without deciding its status and its OAuth code. What a caller reads is in `refusal`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::Decision;

/// The outcome of a decision, in the words of metrics, logs and `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The caller proved who it is and may pass, or the agent is public.
    Ok,
    /// No agent answers to this host and path.
    NoRoute,
    /// No bearer credential, or one of another scheme.
    TokenMissing,
    /// More than one credential where exactly one may stand.
    MultipleTokens,
    /// Not a compact JWS with sound JSON inside.
    TokenMalformed,
    /// Longer than `token_bytes`.
    TokenTooLarge,
    /// `alg` is not an asymmetric one, or not one of the provider, or not that of the key.
    AlgNotAllowed,
    /// `typ` is neither a JWT nor an access token.
    TypMismatch,
    /// `iss` is absent or names no configured provider.
    IssuerUnknown,
    /// `iss` names a provider that this agent does not accept.
    IssuerNotAllowed,
    /// No `exp`.
    ExpMissing,
    /// `exp` has passed.
    TokenExpired,
    /// `nbf` or `iat` lies in the future.
    NotYetValid,
    /// `exp - iat` is over `max_token_lifetime`.
    LifetimeTooLong,
    /// No audience in common.
    AudienceMismatch,
    /// The token is bound to a key of its holder (`cnf`), and nothing proves that the caller has that key.
    BindingRequired,
    /// No key of the provider answers to the token's `kid`.
    KeyUnknown,
    /// The signature does not verify.
    SignatureInvalid,
    /// A required scope is not there.
    ScopeMissing,
    /// A claim rule is not met, or a claim cannot be written as a header.
    ClaimMismatch,
    /// The provider's keys cannot be had; the caller may be good.
    KeysUnavailable,
    /// No API key.
    ApiKeyMissing,
    /// Not a key of this agent.
    ApiKeyInvalid,
    /// The key's `expires_at` has passed.
    ApiKeyExpired,
    /// The key's `revoked_at` has passed.
    ApiKeyRevoked,
}

/// The error codes of RFC 6750 section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthError {
    /// `invalid_request`
    InvalidRequest,
    /// `invalid_token`
    InvalidToken,
    /// `insufficient_scope`
    InsufficientScope,
}

impl OAuthError {
    /// The code as it is written in `WWW-Authenticate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 25] = [
        Self::Ok,
        Self::NoRoute,
        Self::TokenMissing,
        Self::MultipleTokens,
        Self::TokenMalformed,
        Self::TokenTooLarge,
        Self::AlgNotAllowed,
        Self::TypMismatch,
        Self::IssuerUnknown,
        Self::IssuerNotAllowed,
        Self::ExpMissing,
        Self::TokenExpired,
        Self::NotYetValid,
        Self::LifetimeTooLong,
        Self::AudienceMismatch,
        Self::BindingRequired,
        Self::KeyUnknown,
        Self::SignatureInvalid,
        Self::ScopeMissing,
        Self::ClaimMismatch,
        Self::KeysUnavailable,
        Self::ApiKeyMissing,
        Self::ApiKeyInvalid,
        Self::ApiKeyExpired,
        Self::ApiKeyRevoked,
    ];

    /// The label value in metrics and the word in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoRoute => "no_route",
            Self::TokenMissing => "token_missing",
            Self::MultipleTokens => "multiple_tokens",
            Self::TokenMalformed => "token_malformed",
            Self::TokenTooLarge => "token_too_large",
            Self::AlgNotAllowed => "alg_not_allowed",
            Self::TypMismatch => "typ_mismatch",
            Self::IssuerUnknown => "issuer_unknown",
            Self::IssuerNotAllowed => "issuer_not_allowed",
            Self::ExpMissing => "exp_missing",
            Self::TokenExpired => "token_expired",
            Self::NotYetValid => "not_yet_valid",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::AudienceMismatch => "audience_mismatch",
            Self::BindingRequired => "binding_required",
            Self::KeyUnknown => "key_unknown",
            Self::SignatureInvalid => "signature_invalid",
            Self::ScopeMissing => "scope_missing",
            Self::ClaimMismatch => "claim_mismatch",
            Self::KeysUnavailable => "keys_unavailable",
            Self::ApiKeyMissing => "api_key_missing",
            Self::ApiKeyInvalid => "api_key_invalid",
            Self::ApiKeyExpired => "api_key_expired",
            Self::ApiKeyRevoked => "api_key_revoked",
        }
    }

    /// The status of the answer; `Ok` has none of ours, so it is 200 here.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::NoRoute => 404,
            Self::MultipleTokens => 400,
            Self::ScopeMissing | Self::ClaimMismatch => 403,
            Self::KeysUnavailable => 503,
            Self::TokenMissing
            | Self::TokenMalformed
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
            | Self::ApiKeyMissing
            | Self::ApiKeyInvalid
            | Self::ApiKeyExpired
            | Self::ApiKeyRevoked => 401,
        }
    }

    /// The RFC 6750 error code of the answer, where it has one.
    #[must_use]
    pub const fn oauth_error(self) -> Option<OAuthError> {
        match self {
            Self::MultipleTokens => Some(OAuthError::InvalidRequest),
            Self::ScopeMissing => Some(OAuthError::InsufficientScope),
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
            | Self::SignatureInvalid => Some(OAuthError::InvalidToken),
            Self::Ok
            | Self::NoRoute
            | Self::TokenMissing
            | Self::ClaimMismatch
            | Self::KeysUnavailable
            | Self::ApiKeyMissing
            | Self::ApiKeyInvalid
            | Self::ApiKeyExpired
            | Self::ApiKeyRevoked => None,
        }
    }

    /// What a decision with this reason counts as when it is enforced.
    #[must_use]
    pub const fn decision(self) -> Decision {
        match self {
            Self::Ok => Decision::Allow,
            Self::KeysUnavailable => Decision::Error,
            _ => Decision::Deny,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for Reason {
    fn schema_name() -> Cow<'static, str> {
        "Reason".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": Self::ALL.map(Self::as_str)})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_reason_has_its_own_word_and_its_own_place_in_the_list() {
        let words: HashSet<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for (i, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, i, "{reason} is out of order");
        }
    }

    #[test]
    fn an_oauth_code_comes_only_with_the_status_that_rfc_6750_gives_it() {
        for reason in Reason::ALL {
            let wanted = match reason.oauth_error() {
                Some(OAuthError::InvalidRequest) => 400,
                Some(OAuthError::InvalidToken) => 401,
                Some(OAuthError::InsufficientScope) => 403,
                None => continue,
            };
            assert_eq!(reason.status(), wanted, "{reason}");
        }
    }
}

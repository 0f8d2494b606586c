//! The reasons of decisions: a closed list, precise in metrics and logs, vague on the wire.
//!
//! All mappings match exhaustively, so that a new reason cannot be added without deciding its status, from which its decision
//! follows, and its OAuth code, which is in `oauth_error`. The sentences that clients read are in `refusal`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::Decision;

/// The reason of a decision. Its words are label values in metrics, and stand in logs and in `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The caller is authenticated and satisfies the rules, or the agent is public.
    Ok,
    /// No agent's route matches the host and path.
    NoRoute,
    /// The request has no credential, or one of another scheme.
    TokenMissing,
    /// The request has more than one credential.
    MultipleTokens,
    /// The token is not a compact JWS with valid JSON, or uses a critical extension.
    TokenMalformed,
    /// The token is longer than `token_bytes`.
    TokenTooLarge,
    /// `alg` is not asymmetric, not allowed for the provider, or not that of the key.
    AlgNotAllowed,
    /// `typ` names neither a JWT nor an access token.
    TypMismatch,
    /// `iss` is absent or names no configured provider.
    IssuerUnknown,
    /// `iss` names a provider that this agent does not accept.
    IssuerNotAllowed,
    /// `exp` is absent.
    ExpMissing,
    /// `exp` has passed.
    TokenExpired,
    /// `nbf` or `iat` lies in the future.
    NotYetValid,
    /// `exp - iat` is over `max_token_lifetime`, or `iat` is absent where that is set.
    LifetimeTooLong,
    /// The token names none of the agent's audiences.
    AudienceMismatch,
    /// The token is bound in a way that the agent does not check (`cnf`), is not bound as the agent requires, or came with the
    /// scheme of another binding.
    BindingRequired,
    /// The provider has no key for the token's `kid`.
    KeyUnknown,
    /// The signature does not verify.
    SignatureInvalid,
    /// A denial names the credential.
    Revoked,
    /// The provider says that the token is not active (RFC 7662 section 2.2).
    TokenInactive,
    /// The token does not grant a required scope.
    ScopeMissing,
    /// The token does not satisfy a claim rule, or header text cannot express a claim.
    ClaimMismatch,
    /// The provider's keys are unavailable, so that the token could not be checked.
    KeysUnavailable,
    /// The provider could not be asked whether the token is active.
    IntrospectionUnavailable,
    /// The request has no API key.
    ApiKeyMissing,
    /// The API key is malformed or not one of the agent's.
    ApiKeyInvalid,
    /// The key's `expires_at` has passed.
    ApiKeyExpired,
    /// The key's `revoked_at` has passed.
    ApiKeyRevoked,
    /// The agent's rules do not permit the operation to this caller.
    OperationDenied,
    /// Version, method or name in the head of an MCP request are not there as they must be, or not those of its message.
    McpHeaderMismatch,
    /// A list of messages instead of one.
    McpBatch,
    /// A body that is not one message, or could be taken for two different ones.
    McpBody,
    /// The request comes from a page whose origin may not call the agent.
    OriginDenied,
    /// The session is not this caller's at this agent, or is none that the gateway knows.
    SessionForeign,
    /// An A2A client names a URL for push notifications that the agent may not call.
    PushDenied,
    /// Whoever the request counts for has used up the rate of a limit.
    RateLimited,
    /// Whoever the request counts for has as many requests under way as a limit permits.
    ConcurrencyLimited,
    /// Whoever the request counts for has made as many requests as a limit permits in a day or a month.
    QuotaSpent,
    /// The members of a fleet cannot count together, and a limit lets nothing in then.
    LimitsUnavailable,
    /// The token is no access token as RFC 9068 describes one, and the agent requires that.
    ProfileMismatch,
    /// The agent does not admit the client that the token was issued to.
    ClientNotAllowed,
    /// The agent does not admit who acts for the subject of the token.
    ActorNotAllowed,
    /// The subject did not log in by one of the required ways (`acr`, `amr`).
    AcrInsufficient,
    /// The login of the subject (`auth_time`) is too long ago, or the token does not say when it was.
    AuthTooOld,
    /// The token came with the scheme DPoP and without a proof.
    ProofMissing,
    /// The proof cannot be checked, its key cannot be used, or its signature does not verify.
    ProofMalformed,
    /// The proof is of another method, URL, token or key.
    ProofMismatch,
    /// `iat` of the proof is too far from now.
    ProofStale,
    /// The proof was accepted before.
    ProofReplayed,
    /// The proof has no nonce of the gateway that is still good.
    NonceRequired,
    /// No more proofs can be remembered, so that one could be accepted twice.
    ProofMemoryFull,
    /// The token is bound to a certificate, and the client showed none.
    CertificateMissing,
    /// The token is bound to another certificate than the client's.
    CertificateMismatch,
}

impl Reason {
    /// Every reason, in the order of its declaration: metrics index their cells by it.
    pub const ALL: [Self; 53] = [
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
        Self::Revoked,
        Self::TokenInactive,
        Self::ScopeMissing,
        Self::ClaimMismatch,
        Self::KeysUnavailable,
        Self::IntrospectionUnavailable,
        Self::ApiKeyMissing,
        Self::ApiKeyInvalid,
        Self::ApiKeyExpired,
        Self::ApiKeyRevoked,
        Self::OperationDenied,
        Self::McpHeaderMismatch,
        Self::McpBatch,
        Self::McpBody,
        Self::OriginDenied,
        Self::SessionForeign,
        Self::PushDenied,
        Self::RateLimited,
        Self::ConcurrencyLimited,
        Self::QuotaSpent,
        Self::LimitsUnavailable,
        Self::ProfileMismatch,
        Self::ClientNotAllowed,
        Self::ActorNotAllowed,
        Self::AcrInsufficient,
        Self::AuthTooOld,
        Self::ProofMissing,
        Self::ProofMalformed,
        Self::ProofMismatch,
        Self::ProofStale,
        Self::ProofReplayed,
        Self::NonceRequired,
        Self::ProofMemoryFull,
        Self::CertificateMissing,
        Self::CertificateMismatch,
    ];

    /// The word for it: label value in metrics, `reason` in logs and API.
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
            Self::Revoked => "revoked",
            Self::TokenInactive => "token_inactive",
            Self::ScopeMissing => "scope_missing",
            Self::ClaimMismatch => "claim_mismatch",
            Self::KeysUnavailable => "keys_unavailable",
            Self::IntrospectionUnavailable => "introspection_unavailable",
            Self::ApiKeyMissing => "api_key_missing",
            Self::ApiKeyInvalid => "api_key_invalid",
            Self::ApiKeyExpired => "api_key_expired",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::OperationDenied => "operation_denied",
            Self::McpHeaderMismatch => "mcp_header_mismatch",
            Self::McpBatch => "mcp_batch",
            Self::McpBody => "mcp_body",
            Self::OriginDenied => "origin_denied",
            Self::SessionForeign => "session_foreign",
            Self::PushDenied => "push_denied",
            Self::RateLimited => "rate_limited",
            Self::ConcurrencyLimited => "concurrency_limited",
            Self::QuotaSpent => "quota_spent",
            Self::LimitsUnavailable => "limits_unavailable",
            Self::ProfileMismatch => "profile_mismatch",
            Self::ClientNotAllowed => "client_not_allowed",
            Self::ActorNotAllowed => "actor_not_allowed",
            Self::AcrInsufficient => "acr_insufficient",
            Self::AuthTooOld => "auth_too_old",
            Self::ProofMissing => "proof_missing",
            Self::ProofMalformed => "proof_malformed",
            Self::ProofMismatch => "proof_mismatch",
            Self::ProofStale => "proof_stale",
            Self::ProofReplayed => "proof_replayed",
            Self::NonceRequired => "nonce_required",
            Self::ProofMemoryFull => "proof_memory_full",
            Self::CertificateMissing => "certificate_missing",
            Self::CertificateMismatch => "certificate_mismatch",
        }
    }

    /// The status of the response. The agent answers where the reason is `Ok`; that counts as 200 here.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::NoRoute | Self::SessionForeign => 404,
            Self::MultipleTokens
            | Self::McpHeaderMismatch
            | Self::McpBatch
            | Self::McpBody
            | Self::PushDenied => 400,
            Self::ScopeMissing
            | Self::ClaimMismatch
            | Self::OperationDenied
            | Self::OriginDenied
            | Self::ClientNotAllowed
            | Self::ActorNotAllowed => 403,
            Self::RateLimited | Self::ConcurrencyLimited | Self::QuotaSpent => 429,
            Self::KeysUnavailable
            | Self::IntrospectionUnavailable
            | Self::LimitsUnavailable
            | Self::ProofMemoryFull => 503,
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
            | Self::Revoked
            | Self::TokenInactive
            | Self::ApiKeyMissing
            | Self::ApiKeyInvalid
            | Self::ApiKeyExpired
            | Self::ApiKeyRevoked
            | Self::ProfileMismatch
            | Self::AcrInsufficient
            | Self::AuthTooOld
            | Self::ProofMissing
            | Self::ProofMalformed
            | Self::ProofMismatch
            | Self::ProofStale
            | Self::ProofReplayed
            | Self::NonceRequired
            | Self::CertificateMissing
            | Self::CertificateMismatch => 401,
        }
    }

    /// The decision for this reason, at an agent that enforces.
    #[must_use]
    pub const fn decision(self) -> Decision {
        match self.status() {
            200 => Decision::Allow,
            503 => Decision::Error,
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
        json_schema!({"type": "string", "enum": Self::ALL.map(Self::as_str).as_slice()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_reason_has_its_own_word_and_its_own_index_in_the_list() {
        let words: HashSet<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for (i, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, i, "{reason} is out of order");
        }
    }
}

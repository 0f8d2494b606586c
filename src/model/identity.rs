//! The identity of an authenticated caller, in the words of the access log.

use std::sync::Arc;

use super::{AuthContext, Claims, DenialKind, Instant, Principal};

/// An authenticated caller. Every field comes from a token whose signature verified, or from the record of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The index of the provider among those that the agent accepts.
    pub provider: Option<usize>,
    /// The token's `sub`.
    pub sub: Option<String>,
    /// The client that the token was issued to, as [`Claims::client`] finds it.
    pub client_id: Option<String>,
    /// The token's `jti`.
    pub jti: Option<String>,
    /// The `kid` of the key that verified the token, or the id of the API key.
    pub key_id: Option<String>,
    /// When the token or the API key expires, where it does.
    pub expires_at: Option<Instant>,
    /// By what denials can name the token; absent for an API key.
    pub principal: Option<Arc<Principal>>,
    /// What the token says of the login, and of those who act for the subject; `None` where it says nothing of that.
    pub context: Option<Box<AuthContext>>,
}

impl Identity {
    /// The holder of the API key of that id.
    #[must_use]
    pub fn of_api_key(id: &str, expires_at: Option<Instant>) -> Self {
        Self { key_id: Some(id.to_owned()), expires_at, ..Self::default() }
    }

    /// The names by which a denial can name whoever this is.
    #[must_use]
    pub fn names(&self) -> [(DenialKind, Option<&str>); 4] {
        [
            (DenialKind::Sub, self.sub.as_deref()),
            (DenialKind::ClientId, self.client_id.as_deref()),
            (DenialKind::Jti, self.jti.as_deref()),
            (DenialKind::Kid, self.key_id.as_deref()),
        ]
    }

    /// The identity that verified claims state. `client` is the claim in which their provider names the client, where that
    /// is configured.
    #[must_use]
    pub fn from_claims(claims: &Claims, client: Option<&str>, provider: usize, key_id: Option<&str>) -> Self {
        let text = |name| claims.text(name).map(str::to_owned);
        Self {
            provider: Some(provider),
            sub: text("sub"),
            client_id: claims.client(client).map(str::to_owned),
            jti: text("jti"),
            key_id: key_id.map(str::to_owned),
            expires_at: claims
                .get("exp")
                .and_then(serde_json::Value::as_f64)
                .and_then(Instant::from_numeric_date),
            principal: None,
            context: AuthContext::of(claims),
        }
    }
}

//! What one agent asks of a bearer token: the policy, compiled.
//!
//! The order of the checks is in `verify`; the rules over claims are in `authz`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use crate::keys::Provider;
use crate::model::Issuer;

use super::extract::Scheme;
use super::token_cache::TokenCache;

/// How callers of one agent prove themselves with tokens.
#[derive(Debug, Clone)]
pub struct OAuthPolicy {
    /// The header that holds the token.
    pub header: HeaderName,
    /// The word before the token.
    pub scheme: Scheme,
    /// Whether the header goes upstream exactly as it came.
    pub forward_token: bool,
    /// The providers that this agent accepts; never empty.
    pub providers: Vec<Arc<Provider>>,
    /// Every issuer that is configured, accepted here or not.
    pub issuers: Arc<Issuers>,
    /// Audiences of which a token must name one; empty = not checked.
    pub audiences: Vec<String>,
    /// The longest `exp - iat`.
    pub max_token_lifetime: Option<Duration>,
    /// The longest token, in bytes.
    pub token_bytes: usize,
    /// The tokens that were verified before; `None` = each one is verified.
    pub tokens: Option<Arc<TokenCache>>,
}

impl OAuthPolicy {
    /// Whether a token for these audiences is one for this agent.
    pub(super) fn accepts_audience<'t>(&self, mut audiences: impl Iterator<Item = &'t str>) -> bool {
        self.audiences.is_empty() || audiences.any(|aud| self.audiences.iter().any(|wanted| wanted == aud))
    }
}

/// The issuers of all providers: tells an unknown issuer from one that this agent does not accept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issuers(HashSet<Issuer>);

impl Issuers {
    /// Whether a provider has this issuer, byte for byte.
    #[must_use]
    pub fn contains(&self, issuer: &str) -> bool {
        self.0.contains(issuer)
    }
}

impl FromIterator<Issuer> for Issuers {
    fn from_iter<I: IntoIterator<Item = Issuer>>(issuers: I) -> Self {
        Self(issuers.into_iter().collect())
    }
}

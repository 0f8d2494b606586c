//! What one agent asks of a bearer token: the policy, compiled.
//!
//! The order of the checks is in `verify`; the rules over claims are in `authz`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use crate::keys::Provider;
use crate::model::Issuer;

use super::also::Elsewhere;
use super::extract::Scheme;
use super::token_cache::TokenCache;

/// How callers of one agent prove themselves with tokens.
#[derive(Debug, Clone)]
pub struct OAuthPolicy {
    /// The header that holds the token.
    pub header: HeaderName,
    /// The word before the token.
    pub scheme: Scheme,
    /// Where else the token may stand.
    pub also: Box<[Elsewhere]>,
    /// Whether the header goes upstream exactly as it came.
    pub forward_token: bool,
    /// The providers that this agent accepts; never empty.
    pub providers: Vec<Arc<Provider>>,
    /// Every issuer that is configured, accepted here or not.
    pub issuers: Arc<Issuers>,
    /// Audiences of which a token must name one; empty = not checked.
    pub audiences: Vec<String>,
    /// Where a token names them.
    pub audience_claim: AudienceClaim,
    /// The longest `exp - iat`.
    pub max_token_lifetime: Option<Duration>,
    /// What becomes of a token that is bound to a key of its holder.
    pub bound_tokens: BoundTokens,
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

    /// Whether a token passes that is bound to a key, or that is not.
    pub(super) fn accepts_binding(&self, is_bound: bool) -> bool {
        !is_bound || self.bound_tokens == BoundTokens::Ignore
    }
}

/// The claim that says for whom a token was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudienceClaim {
    /// `aud` (RFC 7519 section 4.1.3).
    #[default]
    Aud,
    /// `client_id`, for providers that put no `aud` into access tokens.
    ClientId,
}

/// What becomes of a token with `cnf` (RFC 7800 section 3.1), which is good only with a proof that the caller has the
/// key that it names (RFC 9449, RFC 8705). No such proof is checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoundTokens {
    /// It is refused: whoever stole it could use it.
    #[default]
    Refuse,
    /// It counts as a bearer token.
    Ignore,
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

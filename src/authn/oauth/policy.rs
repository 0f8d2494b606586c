//! The policy of one agent for bearer tokens, compiled, and the token that it forwards.
//!
//! `accept` judges the terms of a token, and `verify` has the order of all checks; the rules over claims are in `authz`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::authn::extract::{Scheme, credential, credential_or_dpop};
use crate::authn::memory::TokenCache;
use crate::authn::token_location::{TokenLocation, only};
use crate::idp::Provider;
use crate::model::{Denials, Digest, Issuer, Reason, reduced_eq};

use super::bound_tokens::BoundTokens;
use super::opaque::Introspecting;
use super::shape::signed_digest;
use super::terms::AudienceClaim;

/// Whether the agent receives the token, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardToken {
    /// The token is removed.
    No,
    /// The header is forwarded unchanged.
    AsItCame,
    /// The token is moved to another header.
    Moved {
        /// The header that the agent receives.
        header: HeaderName,
        /// The value in it.
        form: TokenForm,
    },
}

impl ForwardToken {
    /// Whether a client's header of that name is removed: it equals that of the token on letters and digits.
    #[must_use]
    pub fn guards(&self, name: &HeaderName) -> bool {
        match self {
            Self::Moved { header, .. } => reduced_eq(header.as_str(), name.as_str()),
            Self::No | Self::AsItCame => false,
        }
    }
}

/// The form of a token that is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// Scheme and token.
    Whole,
    /// The token alone.
    Bare,
}

/// How callers of one agent authenticate with bearer tokens.
#[derive(Debug, Clone)]
pub struct OAuthPolicy {
    /// The header that holds the token.
    pub header: HeaderName,
    /// The scheme before the token.
    pub scheme: Scheme,
    /// The other places that may hold the token.
    pub also: Box<[TokenLocation]>,
    /// Whether the agent receives the token, and how.
    pub forward_token: ForwardToken,
    /// The providers that this agent accepts; never empty.
    pub providers: Vec<Arc<Provider>>,
    /// How providers are asked about tokens; `None` = none of them is.
    pub introspection: Option<Box<Introspecting>>,
    /// Every configured issuer, accepted by this agent or not.
    pub issuers: Arc<Issuers>,
    /// Audiences of which a token must name at least one; empty = not checked.
    pub audiences: Vec<String>,
    /// The claim that names the audience.
    pub audience_claim: AudienceClaim,
    /// The longest `exp - iat`; `None` = any.
    pub max_token_lifetime: Option<Duration>,
    /// What becomes of tokens that are bound to a key of their holder.
    pub bound_tokens: BoundTokens,
    /// The longest token, in bytes.
    pub token_bytes: usize,
    /// The cache of verified tokens; `None` = every token is verified.
    pub tokens: Option<Arc<TokenCache>>,
    /// The denials of the process.
    pub denials: Arc<Denials>,
}

impl OAuthPolicy {
    /// The header with the token for the agent, where the policy moves the token to another header.
    #[must_use]
    pub fn moved(&self, headers: &HeaderMap, query: Option<&[u8]>) -> Option<(&HeaderName, HeaderValue)> {
        let ForwardToken::Moved { header, form } = &self.forward_token else { return None };
        let in_header = self.in_header(headers);
        let is_in_header = in_header.is_ok();
        let token = only(in_header, &self.also, headers, query).ok()?;
        let mut value = match form {
            TokenForm::Whole if is_in_header => headers.get(&self.header)?.clone(),
            TokenForm::Whole if self.scheme.as_str().is_empty() => HeaderValue::from_str(&token).ok()?,
            TokenForm::Whole => HeaderValue::from_str(&format!("{} {token}", self.scheme.as_str())).ok()?,
            TokenForm::Bare => HeaderValue::from_str(&token).ok()?,
        };
        value.set_sensitive(true);
        Some((header, value))
    }

    /// The digest that names the token in a request ([`signed_digest`]); `None` where there is none.
    #[must_use]
    pub fn signed_digest(&self, headers: &HeaderMap, query: Option<&[u8]>) -> Option<Digest> {
        let in_header = self.in_header(headers);
        only(in_header, &self.also, headers, query).ok().map(|token| signed_digest(&token))
    }

    /// The only token in the header, behind the agent's scheme, or behind `DPoP` where the agent checks proofs. Two proofs are as
    /// bad as two tokens.
    #[inline]
    pub(super) fn in_header<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, Reason> {
        match self.bound_tokens.dpop() {
            None => credential(headers, &self.header, self.scheme.as_str()),
            Some(_) => credential_or_dpop(headers, &self.header, self.scheme.as_str()),
        }
    }
}

/// The issuers of all providers. They tell an unknown issuer from one that this agent does not accept.
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

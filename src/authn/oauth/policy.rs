//! What one agent asks of a bearer token: the policy, compiled.
//!
//! What is asked of the terms of a token is judged in `accept`, and the order of all checks is in `verify`; the rules over
//! claims are in `authz`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::authn::also::{Elsewhere, only};
use crate::authn::extract::{Scheme, credential};
use crate::authn::memory::TokenCache;
use crate::idp::Provider;
use crate::model::{Issuer, reduced_eq};

use super::terms::{AudienceClaim, BoundTokens};

/// Whether a token goes on to the agent, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardToken {
    /// It does not.
    No,
    /// The header goes on exactly as it came.
    AsItCame,
    /// In another header.
    Moved {
        /// Which.
        header: HeaderName,
        /// What is in it.
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

/// What of a credential goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// The whole value, scheme and token.
    Whole,
    /// The token alone.
    Bare,
}

/// How callers of one agent prove themselves with tokens.
#[derive(Debug, Clone)]
pub struct OAuthPolicy {
    /// The header that holds the token.
    pub header: HeaderName,
    /// The word before the token.
    pub scheme: Scheme,
    /// Where else the token may stand.
    pub also: Box<[Elsewhere]>,
    /// Whether the token goes upstream, and how.
    pub forward_token: ForwardToken,
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
    /// The header in which the agent gets the token of a request, where it gets it in another one than it came in.
    #[must_use]
    pub fn moved(&self, headers: &HeaderMap, query: Option<&[u8]>) -> Option<(&HeaderName, HeaderValue)> {
        let ForwardToken::Moved { header, form } = &self.forward_token else { return None };
        let in_header = credential(headers, &self.header, &self.scheme);
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

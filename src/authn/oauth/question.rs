//! The question that a token poses, and the answers to it.

use std::sync::Arc;

use crate::authn::dpop::NotAccepted;
use crate::authn::memory::TokenCache;
use crate::authz::{Admission, Entry};
use crate::idp::{Provider, TokenQuestion};
use crate::model::{
    DenialKind, Digest, Fetched, Identity, Introspection, NextNonce, Possession, Reason, Request,
};

/// The outcome of authenticating a request by its token.
#[derive(Debug)]
pub enum Answer {
    /// The token is valid.
    Proven {
        /// The caller, as the agent's rules judge it.
        admission: Arc<Admission>,
        /// The agent's index of the token's provider.
        provider: usize,
        /// What the request has shown of what the token is bound to.
        possession: Possession,
    },
    /// The token is valid, and a denial names it.
    Denied {
        /// Whose it is: the log names who still uses it.
        identity: Arc<Identity>,
        /// What the denial names.
        kind: DenialKind,
        /// The agent's index of the token's provider.
        provider: usize,
    },
    /// The token is valid, and the request does not show what it is bound to.
    Unproven {
        /// The reason.
        reason: Reason,
        /// The nonce for the next proof.
        nonce: NextNonce,
        /// The agent's index of the token's provider.
        provider: usize,
    },
    /// The token is invalid, or absent.
    Rejected {
        /// The reason.
        reason: Reason,
        /// The agent's index of the provider that `iss` named; `None` before that is known.
        provider: Option<usize>,
    },
    /// The `kid` of the token is unknown: fetch this provider's keys, then ask again.
    KeysNeeded(Arc<Provider>),
    /// Only the provider can say whether the token is active: ask it, then ask here again.
    IntrospectionNeeded(TokenQuestion),
}

/// What was fetched for the decision about a token.
#[derive(Debug, Clone, Default)]
pub struct TokenEvidence {
    /// Whether the keys of the token's provider were fetched. The provider itself holds them.
    pub keys: Fetched<()>,
    /// The provider's word about the token.
    pub introspection: Fetched<Introspection>,
}

impl Answer {
    /// The answer for a request that does not show what its token is bound to.
    pub(super) const fn unproven(NotAccepted { reason, nonce }: NotAccepted, provider: usize) -> Self {
        Self::Unproven { reason, nonce, provider }
    }
}

/// A token, and everything beside the policy that the answer depends on.
pub(super) struct Question<'a> {
    pub(super) text: &'a str,
    pub(super) request: &'a Request<'a>,
    /// What was fetched for it.
    pub(super) evidence: &'a TokenEvidence,
    pub(super) entry: &'a Entry,
}

/// The cache, and the digest of the token, which is its key there.
pub(super) struct Cached<'a> {
    pub(super) cache: &'a TokenCache,
    pub(super) digest: Digest,
}

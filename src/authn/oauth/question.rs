//! What is asked of a token, and what it may answer.

use std::sync::Arc;

use crate::authn::memory::TokenCache;
use crate::authz::{Admission, Entry};
use crate::idp::Provider;
use crate::model::{Digest, Fetched, Reason, Request};

/// What came of asking a token who calls.
#[derive(Debug)]
pub enum Answer {
    /// It proves who calls.
    Proven {
        /// What the agent's rules make of the caller.
        admission: Arc<Admission>,
        /// The agent's index of the token's provider.
        provider: usize,
    },
    /// It does not, or there is none.
    Rejected {
        /// Why.
        reason: Reason,
        /// The provider that `iss` named, once it was one that the agent accepts.
        provider: Option<usize>,
    },
    /// Its `kid` is unknown: fetch this provider's keys, then ask again.
    KeysNeeded(Arc<Provider>),
}

/// A token, and everything that an answer depends on beside the policy.
pub(super) struct Question<'a> {
    pub(super) text: &'a str,
    pub(super) request: &'a Request<'a>,
    /// What came of fetching keys for it.
    pub(super) keys: &'a Fetched<()>,
    pub(super) entry: &'a Entry<'a>,
}

/// The cache, and the key under which it knows a token.
pub(super) struct Cached<'a> {
    pub(super) cache: &'a TokenCache,
    pub(super) digest: Digest,
}

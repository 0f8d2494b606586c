//! A remembered token whose signature is invalid, so that the next request with it costs no signature check.
//!
//! With each request `oauth` judges its terms anew: another reason may come first by then.

use std::mem::size_of;
use std::sync::Arc;

use crate::authn::oauth::{AudienceClaim, Terms, Token};
use crate::idp::Provider;
use crate::model::Grounds;

/// A token with valid terms and a signature that no key of one set made.
#[derive(Debug)]
pub(in crate::authn) struct Forged {
    /// The number of its provider.
    provider: u64,
    terms: Terms,
    key_set: u64,
    /// The grounds of its first refusal, where they were recorded; later refusals share them.
    grounds: Option<Arc<Grounds>>,
}

impl Forged {
    pub(in crate::authn) fn new(
        token: &mut Token<'_>,
        provider: &Provider,
        audience_claim: AudienceClaim,
        key_set: u64,
        grounds: Option<&Arc<Grounds>>,
    ) -> Self {
        let terms = std::mem::take(&mut token.terms).remembered(audience_claim);
        Self { provider: provider.id(), terms, key_set, grounds: grounds.cloned() }
    }

    /// The grounds of its refusal, where they were recorded.
    pub(in crate::authn) const fn grounds(&self) -> Option<&Arc<Grounds>> {
        self.grounds.as_ref()
    }

    /// The memory that it takes, in bytes, as an estimate.
    pub(in crate::authn) fn bytes(&self) -> usize {
        size_of::<Self>() + self.terms.bytes() + self.grounds.as_deref().map_or(0, Grounds::bytes)
    }

    pub(in crate::authn) const fn provider(&self) -> u64 {
        self.provider
    }

    pub(in crate::authn) const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The number of the key set that was tried: a newer set may hold the key, so it is tried again.
    pub(in crate::authn) const fn key_set(&self) -> u64 {
        self.key_set
    }
}

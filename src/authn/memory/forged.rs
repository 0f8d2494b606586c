//! A token whose signature was found to be bad, as far as it is remembered, so that the next request with it costs no
//! signature.
//!
//! Whether that is all that is wrong with it, each request asks anew, in `oauth`.

use std::mem::size_of;
use std::sync::Arc;

use crate::authn::oauth::{AudienceClaim, Terms, Token};
use crate::idp::Provider;
use crate::model::Grounds;

/// A token that is sound in all but its signature, which the keys of one set have not made.
#[derive(Debug)]
pub(in crate::authn) struct Forged {
    /// The number of its provider.
    provider: u64,
    terms: Terms,
    key_set: u64,
    /// What its first refusal rested on, where that is kept: the next ones share it.
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

    /// What its refusal rests on.
    pub(in crate::authn) const fn grounds(&self) -> Option<&Arc<Grounds>> {
        self.grounds.as_ref()
    }

    /// About how many bytes it takes.
    pub(in crate::authn) fn bytes(&self) -> usize {
        size_of::<Self>() + self.terms.bytes() + self.grounds.as_deref().map_or(0, Grounds::bytes)
    }

    /// The number of its provider.
    pub(in crate::authn) const fn provider(&self) -> u64 {
        self.provider
    }

    /// Its terms.
    pub(in crate::authn) const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The number of the key set that has no key for its signature.
    pub(in crate::authn) const fn key_set(&self) -> u64 {
        self.key_set
    }
}

//! What a decision may need beside the request, and what its caller has fetched of that so far.

use std::sync::Arc;

use bytes::Bytes;

use crate::idp::Provider;
use crate::model::{Claims, Fetched};

/// What must be fetched before a request can be decided.
#[derive(Debug, Clone)]
pub enum Need {
    /// The token names a key that this provider's set does not hold: fetch the set again.
    Keys(Arc<Provider>),
    /// The token says nothing by itself: ask this provider about it (RFC 7662).
    Introspection(Arc<Provider>),
    /// A rule looks into the body: read it whole.
    Body {
        /// The most bytes that may be read; a longer body is unavailable.
        limit: usize,
    },
}

/// What a provider says of a token that was introspected (RFC 7662 section 2.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Introspection {
    /// The token is not active; the response says nothing else of it.
    Inactive,
    /// The token is active, and these are its claims.
    Active(Claims),
}

/// What the caller of a decision has fetched for it. Nothing, at first.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The keys of the token's provider. They are published in the provider itself.
    pub keys: Fetched<()>,
    /// What the provider says of the token.
    pub introspection: Fetched<Introspection>,
    /// The body of the request.
    pub body: Fetched<Bytes>,
}

impl Evidence {
    /// Nothing can be had: the decision is made with what is known.
    #[must_use]
    pub const fn unavailable() -> Self {
        Self { keys: Fetched::Unavailable, introspection: Fetched::Unavailable, body: Fetched::Unavailable }
    }

    /// Whether this need was asked for already.
    #[must_use]
    pub const fn covers(&self, need: &Need) -> bool {
        match need {
            Need::Keys(_) => self.keys.was_asked(),
            Need::Introspection(_) => self.introspection.was_asked(),
            Need::Body { .. } => self.body.was_asked(),
        }
    }

    /// Notes that this need cannot be met.
    pub fn give_up(&mut self, need: &Need) {
        match need {
            Need::Keys(_) => self.keys = Fetched::Unavailable,
            Need::Introspection(_) => self.introspection = Fetched::Unavailable,
            Need::Body { .. } => self.body = Fetched::Unavailable,
        }
    }
}

//! The needs of a decision beside the request, and the evidence that its caller has fetched for them.

use std::sync::Arc;

use bytes::Bytes;

use crate::idp::Provider;
use crate::model::{Claims, Fetched};

/// Something that must be fetched before a request can be decided.
#[derive(Debug, Clone)]
pub enum Need {
    /// The token names a key that this provider's set does not hold: fetch the set again.
    Keys(Arc<Provider>),
    /// The token is opaque: ask this provider about it (RFC 7662).
    Introspection(Arc<Provider>),
    /// A rule applies to the body: read it whole.
    Body {
        /// The most bytes to read; a longer body is unavailable.
        limit: usize,
    },
}

/// A provider's response about a token (RFC 7662 section 2.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Introspection {
    /// The token is not active; the response has no claims then.
    Inactive,
    /// The token is active, with these claims.
    Active(Claims),
}

/// The evidence that the caller of a decision has fetched for it: at first none.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Whether the keys of the token's provider were fetched. The provider itself holds them.
    pub keys: Fetched<()>,
    /// The provider's response about the token.
    pub introspection: Fetched<Introspection>,
    /// The body of the request. One that a request has and that carries no message, with a method other than POST, is
    /// unavailable from the start.
    pub body: Fetched<Bytes>,
}

impl Evidence {
    /// Evidence of which nothing can be fetched: the decision is made with what is known.
    #[must_use]
    pub const fn unavailable() -> Self {
        Self { keys: Fetched::Unavailable, introspection: Fetched::Unavailable, body: Fetched::Unavailable }
    }

    /// Whether this need was asked for before, with or without success.
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

//! The needs of a decision beside the request, and the evidence that its caller has fetched for them.

use std::sync::Arc;

use bytes::Bytes;

use crate::authn::TokenEvidence;
use crate::idp::{Provider, TokenQuestion};
use crate::model::Fetched;

/// Something that must be fetched before a request can be decided.
#[derive(Debug, Clone)]
pub enum Need {
    /// The token names a key that this provider's set does not hold: fetch the set again.
    Keys(Arc<Provider>),
    /// Only its provider can say whether the token is active: ask it (RFC 7662).
    Introspection(TokenQuestion),
    /// A rule applies to the body: read it whole.
    Body {
        /// The most bytes to read; a longer body is unavailable.
        limit: usize,
    },
}

/// The evidence that the caller of a decision has fetched for it: at first none.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What was fetched about the token.
    pub token: TokenEvidence,
    /// The body of the request. One that a request has and that carries no message, with a method other than POST, is
    /// unavailable from the start.
    pub body: Fetched<Bytes>,
}

impl Evidence {
    /// Evidence of which nothing can be fetched: the decision is made with what is known.
    #[must_use]
    pub const fn unavailable() -> Self {
        let token = TokenEvidence { keys: Fetched::Unavailable, introspection: Fetched::Unavailable };
        Self { token, body: Fetched::Unavailable }
    }

    /// Whether this need was asked for before, with or without success.
    #[must_use]
    pub const fn covers(&self, need: &Need) -> bool {
        match need {
            Need::Keys(_) => self.token.keys.was_asked(),
            Need::Introspection(_) => self.token.introspection.was_asked(),
            Need::Body { .. } => self.body.was_asked(),
        }
    }

    /// Notes that this need cannot be met.
    pub fn give_up(&mut self, need: &Need) {
        match need {
            Need::Keys(_) => self.token.keys = Fetched::Unavailable,
            Need::Introspection(_) => self.token.introspection = Fetched::Unavailable,
            Need::Body { .. } => self.body = Fetched::Unavailable,
        }
    }
}

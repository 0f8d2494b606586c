//! What an identity provider says of a token that it was asked about (RFC 7662 section 2.2).
//!
//! `idp` asks, `authn` reads the response and judges what it says by the same terms and rules as the claims of a JWT.

use std::sync::Arc;

use super::Instant;

/// A provider's word about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Introspection {
    /// The token is not active; nothing else is known of it.
    Inactive,
    /// The token is active.
    Active(Arc<ActiveToken>),
}

/// A token that its provider calls active.
#[derive(Debug, PartialEq, Eq)]
pub struct ActiveToken {
    claims: Box<[u8]>,
    until: Instant,
}

impl ActiveToken {
    /// One with these claims, a JSON object. Its provider must be asked again from `until` on, whatever `exp` says.
    #[must_use]
    pub const fn new(claims: Box<[u8]>, until: Instant) -> Self {
        Self { claims, until }
    }

    /// Its claims, as JSON text.
    #[must_use]
    pub const fn claims(&self) -> &[u8] {
        &self.claims
    }

    /// From when on its provider must be asked again.
    #[must_use]
    pub const fn until(&self) -> Instant {
        self.until
    }
}

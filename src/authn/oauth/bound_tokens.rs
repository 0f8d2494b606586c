//! The policy of an agent for tokens that are bound to keys of their holder (`cnf`, RFC 7800 section 3.1): which it accepts.
//!
//! `sender_constraint` checks that a request shows what its token is bound to.

use crate::authn::dpop::Dpop;

use super::terms::Binding;

/// What happens to a token with `cnf`.
#[derive(Debug, Clone, Default)]
pub enum BoundTokens {
    /// It is refused: without what it is bound to, a thief could use it.
    #[default]
    Refuse,
    /// It is treated as a bearer token.
    Ignore,
    /// A request with it must show what it is bound to.
    Check(Box<SenderConstraint>),
}

/// What an agent asks of the bindings of tokens.
#[derive(Debug, Clone)]
pub struct SenderConstraint {
    /// How proofs of possession are checked; `None` = tokens that want them are refused.
    pub dpop: Option<Box<Dpop>>,
    /// Whether tokens that are bound to a certificate are accepted.
    pub accepts_certificates: bool,
    /// The bindings that a token must have.
    pub required: RequiredBindings,
}

/// The bindings that a token must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequiredBindings {
    /// To a key, of which requests have proofs.
    pub dpop: bool,
    /// To a certificate.
    pub mtls: bool,
    /// To either.
    pub any: bool,
}

impl BoundTokens {
    /// How proofs are checked, where they are.
    #[must_use]
    pub fn dpop(&self) -> Option<&Dpop> {
        match self {
            Self::Check(constraint) => constraint.dpop.as_deref(),
            Self::Refuse | Self::Ignore => None,
        }
    }

    /// Whether tokens that are bound to a certificate are accepted.
    #[must_use]
    pub const fn accepts_certificates(&self) -> bool {
        match self {
            Self::Check(constraint) => constraint.accepts_certificates,
            Self::Refuse | Self::Ignore => false,
        }
    }

    /// Whether each token must be one that wants proofs.
    #[must_use]
    pub const fn requires_dpop(&self) -> bool {
        match self {
            Self::Check(constraint) => constraint.required.dpop,
            Self::Refuse | Self::Ignore => false,
        }
    }

    /// Whether a token with this binding could be accepted.
    pub(super) fn admits(&self, binding: &Binding) -> bool {
        match self {
            Self::Refuse => false,
            Self::Ignore => true,
            Self::Check(constraint) => {
                !binding.is_unknown
                    && (binding.key.is_none() || constraint.dpop.is_some())
                    && (binding.certificate.is_none() || constraint.accepts_certificates)
            }
        }
    }
}

//! What a response says of a token, and who reads it: `authn`, which knows what a claim may be.

use crate::idp::Provider;
use crate::model::Instant;

/// What a response says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It is not active.
    Inactive,
    /// It is active, with these claims: a JSON object.
    Active(Box<[u8]>),
}

/// Reads a response of this provider; the error says what is wrong with it, in words for the operator.
pub type ReadAnswer = fn(&Provider, &[u8], Instant) -> Result<Answered, String>;

//! What a response says of a token, and who reads it: `authn`, which knows what a claim may be.

use std::time::Duration;

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

/// What became of a question for running streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedAgain {
    /// The token is active. It is to be asked about again after this time.
    Active(Duration),
    /// The token is inactive.
    Inactive,
    /// There is no answer.
    Failed,
    /// It was not asked, since requests have all places.
    Crowded,
}

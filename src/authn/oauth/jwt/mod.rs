//! The syntax of a token: a compact JWS, parsed and not verified.

mod members;
mod token;

pub use members::Malformed;
pub(super) use members::answered_terms;
pub(super) use token::MAX_PAYLOAD_OBJECTS;
pub use token::Token;
pub(in crate::authn) use token::claims;

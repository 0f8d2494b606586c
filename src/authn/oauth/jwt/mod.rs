//! A token as text: a compact JWS, taken apart.

mod members;
mod token;

pub use members::Malformed;
pub use token::Token;
pub(in crate::authn) use token::claims;

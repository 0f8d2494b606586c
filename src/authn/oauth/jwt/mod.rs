//! A token as text: a compact JWS, taken apart.

mod token;

pub use token::{Malformed, Token};
pub(in crate::authn) use token::{Times, claims};

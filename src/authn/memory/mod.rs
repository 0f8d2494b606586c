//! Tokens that were verified, and those whose signature was found to be bad, as far as they are remembered.

mod cache;
mod recent;
mod remembered;

pub use cache::TokenCache;
pub use remembered::Known;
pub(super) use remembered::{Forged, Proof};

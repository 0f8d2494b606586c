//! Tokens that were verified, and those whose signature was found to be bad, as far as they are remembered.

mod cache;
mod forged;
mod recent;
mod remembered;

pub use cache::TokenCache;
pub(super) use forged::Forged;
pub(super) use remembered::{Proof, Remembered};

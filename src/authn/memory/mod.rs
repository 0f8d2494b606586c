//! The memory of verified tokens, and of tokens with an invalid signature. It only stores; `oauth` decides.

mod cache;
mod forged;
mod recent;
mod remembered;

pub use cache::TokenCache;
pub(super) use forged::Forged;
pub(super) use remembered::{Proof, Remembered};

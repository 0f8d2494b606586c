//! Proofs of possession (RFC 9449): the text of a proof, the checks on it, the memory of those that were accepted, and nonces.
//!
//! `oauth` says at which point of a decision a proof is checked, and which tokens need one.

mod check;
mod flaw;
mod fresh;
mod jwk;
mod nonce;
mod policy;
mod proof;
mod replay;
mod target;
#[cfg(test)]
mod tests;

pub(super) use check::Bound;
pub(super) use fresh::NotAccepted;
pub use nonce::{BadNonceKeys, NonceKeys};
pub use policy::{Dpop, Nonces, Proofs};

//! Why there is no key to sign with, in words for whoever keeps the keys.

/// Why there is no key to sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a JWK set.
    #[error("it is no JWK set: {0}")]
    NotASet(String),
    /// The set is empty.
    #[error("its `keys` are empty")]
    NoKey,
    /// A key is not one to sign with.
    #[error(
        "key {number}: its `{member}` is not that of a private key for ES256 (`kty` EC, `crv` P-256, `d`, `x`, `y`) or \
         EdDSA (`kty` OKP, `crv` Ed25519, `d`, `x`)"
    )]
    Member {
        /// Its place in the set, from 1.
        number: usize,
        /// What is wrong or absent.
        member: &'static str,
    },
    /// The private side of a key does not belong to the public one.
    #[error("key {number}: its `d` does not belong to its public members")]
    Mismatch {
        /// Its place in the set, from 1.
        number: usize,
    },
    /// Two keys are the same.
    #[error("key {number} is there twice")]
    Twice {
        /// Its place in the set, from 1.
        number: usize,
    },
    /// The system made no key.
    #[error("the system made no key")]
    System,
}

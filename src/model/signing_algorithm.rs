//! The algorithms by which the gateway itself signs. What tokens may be signed with is a longer list, `algorithm`.

use super::decision::closed_words;

closed_words! {
    /// The algorithm of a signature of the gateway (RFC 7518 section 3.1, RFC 8037 section 3.1).
    SigningAlgorithm {
        /// ECDSA on P-256 with SHA-256: the one that every library of JWS has.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

impl SigningAlgorithm {
    /// The algorithm of that name, compared exactly (RFC 7515 section 4.1.1).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.as_str() == text)
    }
}

//! The keys of these tests: a key of the test kit, and the numbers that an attack must know of it.

use num_bigint::BigUint;
use serde_json::Value;
pub(crate) use testkit::token::{seal, token, with};

use super::rsa::{self, Rsa};

/// Every algorithm, with the `kid` of its key in the sets of these tests.
pub(crate) const ALGORITHMS: [(&str, &str); 10] = [
    ("RS256", "rsa"),
    ("RS384", "rsa"),
    ("RS512", "rsa"),
    ("PS256", "rsa"),
    ("PS384", "rsa"),
    ("PS512", "rsa"),
    ("ES256", "es256"),
    ("ES384", "es384"),
    ("ES512", "es512"),
    ("EdDSA", "ed"),
];

/// One algorithm for each kind of key, and for each padding of RSA.
pub(crate) const KINDS: [(&str, &str); 6] = [
    ("RS256", "rsa"),
    ("PS256", "rsa"),
    ("ES256", "es256"),
    ("ES384", "es384"),
    ("ES512", "es512"),
    ("EdDSA", "ed"),
];

/// A key pair with the id under which it is published.
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    signer: testkit::Key,
    numbers: Option<&'static Rsa>,
}

impl Key {
    /// The RSA key of that name in the key file.
    pub(crate) fn rsa(kid: &'static str, name: &str) -> Self {
        let rsa = rsa::key(name);
        Self { kid, signer: testkit::Key::from_rsa_numbers(kid, &rsa.private_der()), numbers: Some(rsa) }
    }

    /// A new key on the curve of `alg`.
    pub(crate) fn ec(kid: &'static str, alg: &'static str) -> Self {
        Self { kid, signer: testkit::Key::new(alg, kid), numbers: None }
    }

    /// A new Ed25519 key.
    pub(crate) fn ed(kid: &'static str) -> Self {
        Self { kid, signer: testkit::Key::new("EdDSA", kid), numbers: None }
    }

    /// The algorithm of this key; of an RSA key RS256.
    pub(crate) fn alg(&self) -> &'static str {
        self.signer.alg()
    }

    /// The public half as a JWK, without `kid`.
    pub(crate) fn jwk(&self) -> Value {
        self.signer.bare_jwk()
    }

    /// The public half as a JWK with its `kid`.
    pub(crate) fn named_jwk(&self) -> Value {
        self.signer.jwk()
    }

    /// SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> Vec<u8> {
        self.signer.spki()
    }

    pub(crate) fn pem(&self) -> String {
        self.signer.pem()
    }

    /// The bytes that the key is at heart: modulus, uncompressed point, or encoded point.
    pub(crate) fn heart(&self) -> Vec<u8> {
        self.signer.public_bytes()
    }

    /// The private number of a key on a NIST curve.
    pub(crate) fn private(&self) -> BigUint {
        BigUint::from_bytes_be(&self.signer.private_number())
    }

    /// The numbers of an RSA key.
    pub(crate) fn numbers(&self) -> &'static Rsa {
        self.numbers.unwrap_or_else(|| panic!("{} is no RSA key", self.kid))
    }

    /// The signature of `alg` over `message`. A key on a curve has one algorithm only.
    pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        self.signer.sign(alg, message)
    }
}

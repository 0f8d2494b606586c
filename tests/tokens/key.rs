//! A signing key of any kind, and a token made with it.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use num_bigint::BigUint;
use serde_json::{Value, json};

use super::curve::curves;
use super::rsa::{self, Rsa};
use super::{der, encode};

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

/// A key pair.
pub(crate) enum Pair {
    Rsa(&'static Rsa, RsaKeyPair),
    Ec(&'static str, EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key pair with the id under which it is published.
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    pub(crate) pair: Pair,
}

impl Key {
    /// The RSA key of that name in the key file.
    pub(crate) fn rsa(kid: &'static str, name: &str) -> Self {
        let rsa = rsa::key(name);
        Self { kid, pair: Pair::Rsa(rsa, rsa.pair()) }
    }

    /// A new key on the curve of `alg`.
    pub(crate) fn ec(kid: &'static str, alg: &'static str) -> Self {
        let parameters = match alg {
            "ES256" => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            "ES384" => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            _ => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        };
        Self { kid, pair: Pair::Ec(alg, EcdsaKeyPair::generate(parameters).expect("a key")) }
    }

    /// A new Ed25519 key.
    pub(crate) fn ed(kid: &'static str) -> Self {
        Self { kid, pair: Pair::Ed(Ed25519KeyPair::generate().expect("a key")) }
    }

    /// The public half as a JWK, without `kid`.
    pub(crate) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(rsa, _) => rsa.jwk(),
            Pair::Ec(alg, pair) => {
                let (x, y) =
                    pair.public_key().as_ref()[1..].split_at((pair.public_key().as_ref().len() - 1) / 2);
                json!({"kty": "EC", "crv": curve_of(alg), "x": encode(x), "y": encode(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())}),
        }
    }

    /// The public half as a JWK with its `kid`.
    pub(crate) fn named_jwk(&self) -> Value {
        with(self.jwk(), json!({"kid": self.kid}))
    }

    /// SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(rsa, _) => rsa.spki(),
            Pair::Ec(alg, pair) => {
                let curve = curves().into_iter().find(|c| c.alg == *alg).expect("its curve");
                curve.spki(pair.public_key().as_ref())
            }
            Pair::Ed(pair) => {
                let id = der::wrap(0x30, &der::oid(&[0x2b, 0x65, 0x70]));
                let bits = der::wrap(3, &[&[0], pair.public_key().as_ref()].concat());
                der::wrap(0x30, &[id, bits].concat())
            }
        }
    }

    pub(crate) fn pem(&self) -> String {
        der::pem("PUBLIC KEY", &self.spki())
    }

    /// The bytes that the key is at heart: modulus, uncompressed point, or encoded point.
    pub(crate) fn heart(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(rsa, _) => rsa.n.to_bytes_be(),
            Pair::Ec(_, pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The private number of a key on a NIST curve.
    pub(crate) fn private(&self) -> BigUint {
        let Pair::Ec(_, pair) = &self.pair else { panic!("{} is on no NIST curve", self.kid) };
        let bytes = pair.private_key().as_be_bytes().expect("its private half");
        BigUint::from_bytes_be(bytes.as_ref())
    }

    /// The numbers of an RSA key.
    pub(crate) fn numbers(&self) -> &'static Rsa {
        let Pair::Rsa(rsa, _) = &self.pair else { panic!("{} is no RSA key", self.kid) };
        rsa
    }

    /// The signature of `alg` over `message`. A key on a curve has one algorithm only.
    pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(_, pair) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(_, pair) => {
                let padding: &'static dyn signature::RsaEncoding = match alg {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut out).expect("a signature");
                out
            }
        }
    }
}

fn curve_of(alg: &str) -> &'static str {
    match alg {
        "ES256" => "P-256",
        "ES384" => "P-384",
        _ => "P-521",
    }
}

/// `value` with these members instead of its own; null takes one away.
pub(crate) fn with(mut value: Value, members: Value) -> Value {
    for (name, member) in members.as_object().expect("members") {
        match member {
            Value::Null => value.as_object_mut().expect("an object").remove(name),
            _ => value.as_object_mut().expect("an object").insert(name.clone(), member.clone()),
        };
    }
    value
}

/// A token of these very bytes, with the signature that `sign` makes of them.
pub(crate) fn token(
    header: impl AsRef<[u8]>,
    claims: impl AsRef<[u8]>,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    seal(&encode(header), &encode(claims), sign)
}

/// The same of parts that are encoded already, well or not.
pub(crate) fn seal(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{header}.{claims}");
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

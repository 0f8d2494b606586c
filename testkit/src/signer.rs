//! The one signer: key pairs of every algorithm, their public halves in every form, and the signatures that they make.
//!
//! Signatures are `jsonwebtoken`'s, a second opinion on what the gateway verifies. It has no P-521: ES512 is signed by
//! aws-lc itself. Tokens out of signatures are for `token`.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use crate::token::{decode, encode, token, with};

/// Every algorithm that the gateway takes.
pub const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/// One algorithm for each kind of key, and for each padding of RSA.
pub const KINDS: [&str; 6] = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"];

/// A key pair with the id under which it is published.
pub struct Key {
    /// The `kid`.
    pub kid: String,
    pair: Pair,
    /// The same pair in `jsonwebtoken`'s hands, which has no P-521.
    signing: Option<EncodingKey>,
}

/// A key pair by its kind.
pub enum Pair {
    /// RSA, for six algorithms.
    Rsa(RsaKeyPair),
    /// A NIST curve, with the one algorithm that goes with it.
    Ec(EcdsaKeyPair, &'static str),
    /// Ed25519.
    Ed(Ed25519KeyPair),
}

impl Key {
    /// A new key for `alg` (`RS256` and `PS512` make the same kind of key).
    pub fn new(alg: &str, kid: &str) -> Self {
        let pair = match alg {
            "ES256" | "ES384" | "ES512" => {
                let (alg, parameters) = curve(alg);
                Pair::Ec(EcdsaKeyPair::generate(parameters).expect("a key"), alg)
            }
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().expect("a key")),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")),
        };
        Self::of(kid, pair)
    }

    /// The key of a PKCS #8 document, which never changes.
    pub fn from_pkcs8(alg: &str, kid: &str, document: &[u8]) -> Self {
        let pair = match alg {
            "ES256" | "ES384" | "ES512" => {
                let (alg, parameters) = curve(alg);
                Pair::Ec(EcdsaKeyPair::from_pkcs8(parameters, document).expect("a key"), alg)
            }
            "EdDSA" => Pair::Ed(Ed25519KeyPair::from_pkcs8(document).expect("a key")),
            _ => Pair::Rsa(RsaKeyPair::from_pkcs8(document).expect("a key")),
        };
        Self::of(kid, pair)
    }

    /// The key of an RSAPrivateKey (RFC 8017 appendix A.1.2), of numbers that a test chose.
    pub fn from_rsa_numbers(kid: &str, document: &[u8]) -> Self {
        Self::of(kid, Pair::Rsa(RsaKeyPair::from_der(document).expect("a key that the library takes")))
    }

    /// A key that never changes, for what must be the same each time; its `kid` is `alg`. It guards nothing.
    pub fn fixed(alg: &str) -> Self {
        let documents: Value = serde_json::from_str(include_str!("fixed_keys.json")).expect("the key file");
        let name = match alg {
            "ES256" => "P-256",
            "ES384" => "P-384",
            "ES512" => "P-521",
            "EdDSA" => "Ed25519",
            _ => "RSA",
        };
        let document = documents[name].as_str().expect("a key of that name");
        Self::from_pkcs8(alg, alg, &STANDARD.decode(document).expect("base64"))
    }

    /// One RSA key for all tests of a process: making one takes a while.
    pub fn rsa() -> &'static Self {
        static RSA: OnceLock<Key> = OnceLock::new();
        RSA.get_or_init(|| Self::new("RS256", "rsa"))
    }

    fn of(kid: &str, pair: Pair) -> Self {
        let signing = match &pair {
            Pair::Rsa(pair) => {
                let document: Pkcs8V1Der<'_> = pair.as_der().expect("DER");
                Some(EncodingKey::from_rsa_der(inside_pkcs8(document.as_ref())))
            }
            Pair::Ec(_, "ES512") => None,
            Pair::Ec(pair, _) => Some(EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("DER").as_ref())),
            Pair::Ed(pair) => Some(EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("DER").as_ref())),
        };
        Self { kid: kid.to_owned(), pair, signing }
    }

    /// The key pair.
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// The public half as it is published: with its `kid`, and nothing else that is optional.
    pub fn jwk(&self) -> Value {
        with(self.bare_jwk(), json!({"kid": self.kid}))
    }

    /// The public half with nothing optional at all.
    pub fn bare_jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::Ec(pair, alg) => {
                // An uncompressed point: 4, then x and y (SEC 1 section 2.3.3).
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = match *alg {
                    "ES256" => "P-256",
                    "ES384" => "P-384",
                    _ => "P-521",
                };
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())}),
        }
    }

    /// The public half as a SubjectPublicKeyInfo (RFC 5280 section 4.1).
    pub fn spki(&self) -> Vec<u8> {
        let document: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ec(pair, _) => pair.public_key().as_der(),
            Pair::Ed(pair) => pair.public_key().as_der(),
        }
        .expect("DER");
        document.as_ref().to_vec()
    }

    /// The public half in PEM.
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki())
    }

    /// The bytes that the public half is made of: modulus, uncompressed point, or encoded point.
    pub fn public_bytes(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().modulus().big_endian_without_leading_zero().to_vec(),
            Pair::Ec(pair, _) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The private number of a key on a NIST curve, big-endian.
    pub fn private_number(&self) -> Vec<u8> {
        let Pair::Ec(pair, _) = &self.pair else { panic!("{} is on no NIST curve", self.kid) };
        pair.private_key().as_be_bytes().expect("its private half").as_ref().to_vec()
    }

    /// The signature that `alg` wants over `message`. A key on a curve has one algorithm, whatever is asked for; an
    /// RSA key signs with RS256 for an algorithm that is not one of its own.
    pub fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let algorithm = match (&self.pair, alg) {
            (Pair::Ec(pair, "ES512"), _) => {
                return pair.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec();
            }
            (Pair::Ec(_, "ES384"), _) => Algorithm::ES384,
            (Pair::Ec(..), _) => Algorithm::ES256,
            (Pair::Ed(_), _) => Algorithm::EdDSA,
            (Pair::Rsa(_), "RS384") => Algorithm::RS384,
            (Pair::Rsa(_), "RS512") => Algorithm::RS512,
            (Pair::Rsa(_), "PS256") => Algorithm::PS256,
            (Pair::Rsa(_), "PS384") => Algorithm::PS384,
            (Pair::Rsa(_), "PS512") => Algorithm::PS512,
            (Pair::Rsa(_), _) => Algorithm::RS256,
        };
        let signing = self.signing.as_ref().expect("a key of jsonwebtoken's");
        decode(&crypto::sign(message, signing, algorithm).expect("a signature"))
    }

    /// The algorithm of this key; of an RSA key, which has six, RS256.
    pub fn alg(&self) -> &'static str {
        match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_, alg) => alg,
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// A token with these claims, by the algorithm of this key, whose header names it.
    pub fn signed(&self, claims: &Value) -> String {
        self.signed_as(Some(&self.kid), claims)
    }

    /// The same with a header that names that key, or none.
    pub fn signed_as(&self, kid: Option<&str>, claims: &Value) -> String {
        self.token(&with(json!({"alg": self.alg(), "typ": "JWT"}), json!({"kid": kid})), claims)
    }

    /// The usual header: algorithm, type and key id.
    pub fn header(&self, alg: &str) -> Value {
        json!({"alg": alg, "typ": "JWT", "kid": self.kid})
    }

    /// A token with exactly this header and these claims, signed as the header's `alg` says.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let alg = header["alg"].as_str().unwrap_or("RS256");
        self.token_of_text(alg, &header.to_string(), &claims.to_string())
    }

    /// The same from text, for JSON that no library would write.
    pub fn token_of_text(&self, alg: &str, header: &str, claims: &str) -> String {
        token(header, claims, |message| self.sign(alg, message))
    }
}

/// The parameters of a NIST curve, by its algorithm.
fn curve(alg: &str) -> (&'static str, &'static signature::EcdsaSigningAlgorithm) {
    match alg {
        "ES256" => ("ES256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        "ES384" => ("ES384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => ("ES512", &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
    }
}

/// The private key in a PKCS #8 document: the OCTET STRING behind version and algorithm (RFC 5208 section 5).
fn inside_pkcs8(document: &[u8]) -> &[u8] {
    let (_, body, _) = element(document);
    let (_, _, behind_version) = element(body);
    let (_, _, behind_algorithm) = element(behind_version);
    let (tag, key, _) = element(behind_algorithm);
    assert_eq!(tag, 4, "expected an OCTET STRING");
    key
}

/// The first element of some DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, head) = match der[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            let bytes = &der[2..2 + count];
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
        }
    };
    (der[0], &der[head..head + length], &der[head + length..])
}

/// A block of PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|c| str::from_utf8(c).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every algorithm signs with a key of its own kind, and the other library takes the signature.
    #[test]
    fn what_is_signed_verifies() {
        for alg in ALGORITHMS {
            let key = Key::new(alg, "a");
            let signature = key.sign(alg, b"message");
            let algorithm: &dyn signature::VerificationAlgorithm = match alg {
                "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
                "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
                "ES384" => &signature::ECDSA_P384_SHA384_FIXED,
                "ES512" => &signature::ECDSA_P521_SHA512_FIXED,
                _ => &signature::ED25519,
            };
            let spki = key.spki();
            for (message, fits) in [(&b"message"[..], true), (b"massage", false)] {
                let verified =
                    signature::UnparsedPublicKey::new(algorithm, &spki).verify(message, &signature);
                assert_eq!(verified.is_ok(), fits, "{alg}");
            }
        }
    }

    #[test]
    fn a_document_gives_the_key_that_it_was_made_of() {
        for alg in ["RS256", "ES256", "ES384", "ES512", "EdDSA"] {
            let key = Key::new(alg, "a");
            let document = match key.pair() {
                Pair::Rsa(pair) => {
                    let document: Pkcs8V1Der<'_> = pair.as_der().expect("DER");
                    document.as_ref().to_vec()
                }
                Pair::Ec(pair, _) => pair.to_pkcs8v1().expect("DER").as_ref().to_vec(),
                Pair::Ed(pair) => pair.to_pkcs8v1().expect("DER").as_ref().to_vec(),
            };
            assert_eq!(Key::from_pkcs8(alg, "a", &document).jwk(), key.jwk(), "{alg}");
        }
    }
}

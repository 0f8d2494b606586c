//! Keys that never change, and the tokens that they sign: what is measured must be the same each time. The keys guard
//! nothing; who is to accept them is for `agents`.

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// One of each family and curve.
pub(crate) const ALGORITHMS: [&str; 6] = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"];

/// A private key and the algorithm for which it is used.
pub(crate) enum Signer {
    Rsa(RsaKeyPair, &'static dyn signature::RsaEncoding),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn new(alg: &str) -> Self {
        let ec = |algorithm, curve| {
            Self::Ec(EcdsaKeyPair::from_pkcs8(algorithm, &document(curve)).expect("a key"), curve)
        };
        let rsa = |padding| Self::Rsa(RsaKeyPair::from_pkcs8(&document("RSA")).expect("a key"), padding);
        match alg {
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "PS256" => rsa(&signature::RSA_PSS_SHA256),
            "ES256" => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            "ES384" => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            "ES512" => ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            "EdDSA" => Self::Ed(Ed25519KeyPair::from_pkcs8(&document("Ed25519")).expect("a key")),
            other => panic!("no signer for {other}"),
        }
    }

    /// The public half, as providers publish it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self {
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                json!({"kty": "RSA", "n": n, "e": encode(public.exponent().big_endian_without_leading_zero())})
            }
            Self::Ec(pair, curve) => {
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Self::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), kid.into());
        }
        jwk
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair, _) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair, padding) => {
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &random, message, &mut out).expect("a signature");
                out
            }
        }
    }

    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A PKCS #8 document.
fn document(name: &str) -> Vec<u8> {
    let all: BTreeMap<String, String> =
        serde_json::from_str(include_str!("keys.json")).expect("the key file");
    STANDARD.decode(all.get(name).expect("a key of that name")).expect("base64")
}

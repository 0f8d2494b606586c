//! A key that signs quickly, and the tokens that are made with it.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An Ed25519 key pair with the id under which it is published.
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    pair: Ed25519KeyPair,
}

impl Key {
    pub(crate) fn new(kid: &'static str) -> Self {
        Self { kid, pair: Ed25519KeyPair::generate().expect("a key") }
    }

    pub(crate) fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": encode(self.pair.public_key())})
    }

    /// A token whose header names this key.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_as(Some(self.kid), claims)
    }

    /// A token whose header names that key, or none.
    pub(crate) fn token_as(&self, kid: Option<&str>, claims: &Value) -> String {
        let mut header = json!({"alg": "EdDSA", "typ": "JWT"});
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Header and payload, and the signature.
pub(crate) fn halves(token: &str) -> (&str, &str) {
    token.rsplit_once('.').expect("three parts")
}

/// The token with another signature, which no key has made; each number is another one.
pub(crate) fn forged(token: &str, nth: u64) -> String {
    let (signed, signature) = halves(token);
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    for (byte, turn) in bytes.iter_mut().zip((nth + 1).to_le_bytes()) {
        *byte ^= turn;
    }
    format!("{signed}.{}", encode(bytes))
}

//! A client with a key of its own, and the proofs that it makes (RFC 9449).

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::issuer::now;
use crate::signer::Key;
use crate::token::{encode, with};

/// A client that proves that it has its key.
pub struct Prover {
    /// The key.
    pub key: Key,
    proofs: AtomicU64,
}

impl Prover {
    /// A client with a new key on P-256.
    pub fn new() -> Self {
        Self { key: Key::new("ES256", "proof"), proofs: AtomicU64::new(0) }
    }

    /// The member `cnf` of its tokens.
    pub fn cnf(&self) -> Value {
        let jwk = self.key.bare_jwk();
        let text = |name: &str| jwk[name].as_str().expect("text").to_owned();
        let (x, y) = (text("x"), text("y"));
        let canonical = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}");
        json!({"jkt": encode(digest(&SHA256, canonical.as_bytes()))})
    }

    /// A proof for a request with a token.
    pub fn proof(&self, method: &str, url: &str, token: &str) -> String {
        self.proof_with(method, url, token, json!({}))
    }

    /// The same with these members instead of its own; null takes one away.
    pub fn proof_with(&self, method: &str, url: &str, token: &str, members: Value) -> String {
        let nth = self.proofs.fetch_add(1, Ordering::Relaxed);
        let payload = json!({
            "jti": format!("proof-{nth}"), "htm": method, "htu": url, "iat": now(),
            "ath": encode(digest(&SHA256, token.as_bytes())),
        });
        let head = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.bare_jwk()});
        self.key.token(&head, &with(payload, members))
    }
}

impl Default for Prover {
    fn default() -> Self {
        Self::new()
    }
}

//! One key that signs, and what others know of it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto;
use serde_json::{Map, Value, json};

use super::key_error::KeyError;
use super::key_pair::{KeyPair, kind};
use crate::model::{Digest, Secret, SigningAlgorithm};

/// A private key, and what its public side is called.
pub struct SigningKey {
    pair: KeyPair,
    thumbprint: Digest,
    kid: String,
}

/// The protected header, but the algorithm and the key, which the key itself says (RFC 7515 section 4.1).
#[derive(Debug, Clone, Copy)]
pub struct Header<'h> {
    /// `typ`
    pub kind: &'h str,
    /// `jku`: where the set is published.
    pub keys_url: Option<&'h str>,
}

/// A signature with its protected header, both in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The protected header.
    pub protected: String,
    /// The signature.
    pub signature: String,
}

impl SigningKey {
    /// A new key for this algorithm.
    ///
    /// # Errors
    /// When the system makes none.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        KeyPair::generate(algorithm).map(Self::of).ok_or(KeyError::System)
    }

    /// The key in this JWK, which is number `number` of its set.
    pub(super) fn from_jwk(jwk: &Map<String, Value>, number: usize) -> Result<Self, KeyError> {
        KeyPair::from_jwk(jwk, number).map(Self::of)
    }

    fn of(pair: KeyPair) -> Self {
        let (kty, crv) = kind(pair.algorithm);
        let y = pair.y.as_ref().map_or_else(String::new, |y| format!(r#","y":"{y}""#));
        // The members of RFC 7638 section 3.2 and RFC 8037 section 2, in their order.
        let members = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{}"{y}}}"#, pair.x);
        let thumbprint = Digest::of(members.as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(thumbprint.as_bytes());
        Self { pair, thumbprint, kid }
    }

    /// What it signs by.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.pair.algorithm
    }

    /// Its thumbprint (RFC 7638), so that the same key has the same name everywhere.
    #[must_use]
    pub const fn thumbprint(&self) -> &[u8; 32] {
        self.thumbprint.as_bytes()
    }

    /// Its name: the thumbprint in base64url.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What others verify with.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let (KeyPair { algorithm, x, y, .. }, kid) = (&self.pair, &self.kid);
        let (kty, crv) = kind(*algorithm);
        let mut jwk =
            json!({"kty": kty, "crv": crv, "x": x, "kid": kid, "use": "sig", "alg": algorithm.as_str()});
        if let (Some(y), Some(members)) = (y, jwk.as_object_mut()) {
            members.insert("y".to_owned(), Value::from(y.as_str()));
        }
        jwk
    }

    /// The private member of its JWK.
    pub(super) const fn private_member(&self) -> &Secret {
        &self.pair.d
    }

    /// Signs a payload, which is no part of the result (RFC 7515 section 5.1 and appendix F); `None` when the system does not
    /// sign.
    #[must_use]
    pub fn sign(&self, header: Header<'_>, payload: &[u8]) -> Option<Signed> {
        let mut fields = json!({"alg": self.algorithm().as_str(), "kid": self.kid, "typ": header.kind});
        if let (Some(url), Some(fields)) = (header.keys_url, fields.as_object_mut()) {
            fields.insert("jku".to_owned(), Value::from(url));
        }
        let protected = URL_SAFE_NO_PAD.encode(fields.to_string());
        let input = format!("{protected}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = crypto::sign(input.as_bytes(), &self.pair.encoding, jws(self.algorithm())).ok()?;
        Some(Signed { protected, signature })
    }

    /// A JWT with these claims, the text of a JSON object (RFC 7519 section 7.1); `None` when the system does not sign.
    #[must_use]
    pub fn jwt(&self, claims: &str) -> Option<String> {
        let claims: Value = serde_json::from_str(claims).ok()?;
        let mut header = jsonwebtoken::Header::new(jws(self.algorithm()));
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.pair.encoding).ok()
    }
}

const fn jws(algorithm: SigningAlgorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        SigningAlgorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        SigningAlgorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::DecodingKey;
    use jsonwebtoken::jwk::Jwk;

    use super::*;

    /// The key of RFC 7515 appendix A.3.
    fn ec() -> Value {
        json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        })
    }

    /// That of RFC 8037 appendix A.1.
    fn okp() -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        })
    }

    fn read(jwk: &Value) -> Result<SigningKey, KeyError> {
        SigningKey::from_jwk(jwk.as_object().unwrap(), 3)
    }

    fn decoded(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    /// Whether the published key verifies this text.
    fn verifies(key: &SigningKey, input: &str, signature: &str) -> bool {
        let jwk: Jwk = serde_json::from_value(key.public_jwk()).unwrap();
        let public = DecodingKey::from_jwk(&jwk).unwrap();
        crypto::verify(signature, input.as_bytes(), &public, jws(key.algorithm())).unwrap()
    }

    #[test]
    fn a_key_is_read_and_written_and_named_by_its_thumbprint() {
        for (jwk, algorithm, kid) in [
            (ec(), "ES256", "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"),
            // RFC 8037 appendix A.3.
            (okp(), "EdDSA", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        ] {
            let key = read(&jwk).unwrap();
            assert_eq!((key.kid(), key.algorithm().as_str()), (kid, algorithm));
            let mut public = key.public_jwk();
            let written = public.as_object_mut().unwrap();
            written.insert("d".to_owned(), key.private_member().expose_secret().into());
            let mut wanted = jwk;
            (wanted["kid"], wanted["use"], wanted["alg"]) = (kid.into(), "sig".into(), algorithm.into());
            assert_eq!(public, wanted);
            assert_eq!(key.public_jwk().get("d"), None);
            assert!(!format!("{key:?}").contains(wanted["d"].as_str().unwrap()));
        }
    }

    #[test]
    fn what_it_signs_is_verified_with_its_public_side() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(*algorithm).unwrap();
            let header = Header { kind: "JOSE", keys_url: Some("https://a.example/keys") };
            let signed = key.sign(header, b"payload").unwrap();
            let wanted = json!({
                "alg": algorithm.as_str(), "kid": key.kid(), "typ": "JOSE", "jku": "https://a.example/keys",
            });
            assert_eq!(decoded(&signed.protected), wanted);
            let verify = |payload: &str| {
                let input = format!("{}.{}", signed.protected, URL_SAFE_NO_PAD.encode(payload));
                verifies(&key, &input, &signed.signature)
            };
            assert!(verify("payload") && !verify("payloae"));
        }
    }

    #[test]
    fn a_jwt_says_its_type_and_its_key_and_verifies() {
        for jwk in [ec(), okp()] {
            let key = read(&jwk).unwrap();
            let jwt = key.jwt(r#"{"sub":"ann","n":1.0}"#).unwrap();
            let (input, signature) = jwt.rsplit_once('.').unwrap();
            let (header, claims) = input.split_once('.').unwrap();
            let wanted = json!({"alg": key.algorithm().as_str(), "kid": key.kid(), "typ": "JWT"});
            assert_eq!(decoded(header), wanted);
            assert_eq!(URL_SAFE_NO_PAD.decode(claims).unwrap(), br#"{"n":1.0,"sub":"ann"}"#);
            assert!(verifies(&key, input, signature));
            assert_eq!(key.jwt("not JSON"), None);
        }
    }

    #[test]
    fn a_key_that_signs_nothing_of_ours_is_refused_by_the_member_that_is_wrong() {
        let with = |mut jwk: Value, member: &str, value: &Value| {
            jwk[member] = value.clone();
            read(&jwk).map(|_| ())
        };
        let short = json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE");
        for (jwk, member, value) in [
            (ec(), "kty", json!("RSA")),
            (ec(), "kty", json!("oct")),
            (ec(), "crv", json!("P-384")),
            (ec(), "crv", json!("Ed25519")),
            (ec(), "use", json!("enc")),
            (ec(), "alg", json!("ES384")),
            (ec(), "alg", json!("EdDSA")),
            (ec(), "d", json!("AAAA")),
            (ec(), "d", json!(7)),
            (ec(), "x", short.clone()),
            (ec(), "y", Value::Null),
            (okp(), "crv", json!("Ed448")),
            (okp(), "crv", json!("X25519")),
            (okp(), "use", json!(7)),
            (okp(), "alg", json!("ES256")),
            (okp(), "alg", json!(7)),
            (okp(), "d", Value::Null),
            (okp(), "x", short),
        ] {
            let refused = with(jwk, member, &value);
            assert_eq!(refused, Err(KeyError::Member { number: 3, member }), "{member} {value}");
        }
        for jwk in [ec(), okp()] {
            let other = json!(URL_SAFE_NO_PAD.encode([7; 32]));
            assert_eq!(with(jwk.clone(), "d", &other), Err(KeyError::Mismatch { number: 3 }));
            assert_eq!(with(jwk, "kid", &json!("any")), Ok(()));
        }
        assert_eq!(with(okp(), "alg", &json!("Ed25519")), Ok(()));
    }
}

//! One key that signs: ES256, the algorithm that every client of JWS has (RFC 7518 section 3.1 recommends it).

use std::fmt;

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde_json::{Map, Value, json};

use crate::model::{Digest, Secret};

/// Half of a point of P-256, and its private key, in bytes (RFC 7518 section 6.2.1.2).
const COORDINATE: usize = 32;
/// The first byte of a point that is not compressed (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A private key, and what its public side is called.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    /// The same key, as JWTs are signed with it.
    of_jwts: EncodingKey,
    x: String,
    y: String,
    kid: String,
}

/// Why there is no key to sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a JWK set.
    #[error("it is no JWK set: {0}")]
    NotASet(String),
    /// The set is empty.
    #[error("its `keys` are empty")]
    NoKey,
    /// A key is not one to sign with ES256.
    #[error(
        "key {number}: its `{member}` is not that of a private key for ES256 (`kty` EC, `crv` P-256, `d`, `x`, `y`)"
    )]
    Member {
        /// Its place in the set, from 1.
        number: usize,
        /// What is wrong or absent.
        member: &'static str,
    },
    /// The private side of a key does not belong to the public one.
    #[error("key {number}: its `d` does not belong to its `x` and `y`")]
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
    /// A new key.
    ///
    /// # Errors
    /// When the system makes none.
    pub fn generate() -> Result<Self, KeyError> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .ok()
            .and_then(Self::of)
            .ok_or(KeyError::System)
    }

    /// The key in this JWK, which is number `number` of its set.
    pub(super) fn from_jwk(jwk: &Map<String, Value>, number: usize) -> Result<Self, KeyError> {
        let text = |member: &str| jwk.get(member).and_then(Value::as_str);
        let is = |member: &'static str, wanted: &str| match text(member) {
            Some(text) if text == wanted => Ok(()),
            _ => Err(KeyError::Member { number, member }),
        };
        is("kty", "EC")?;
        is("crv", "P-256")?;
        for (member, wanted) in [("use", "sig"), ("alg", "ES256")] {
            if jwk.contains_key(member) {
                is(member, wanted)?;
            }
        }
        let bytes = |member: &'static str| {
            let decoded = text(member).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            decoded.filter(|bytes| bytes.len() == COORDINATE).ok_or(KeyError::Member { number, member })
        };
        let private = bytes("d")?;
        let public = [vec![UNCOMPRESSED], bytes("x")?, bytes("y")?].concat();
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &private, &public)
            .ok()
            .and_then(Self::of)
            .ok_or(KeyError::Mismatch { number })
    }

    fn of(pair: EcdsaKeyPair) -> Option<Self> {
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(COORDINATE)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The members of RFC 7638 section 3.2, in their order.
        let thumbprint =
            Digest::of(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(thumbprint.as_bytes());
        let of_jwts = EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref());
        Some(Self { pair, of_jwts, x, y, kid })
    }

    /// Its name: the thumbprint of RFC 7638, so that the same key has the same name everywhere.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What others verify with.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let Self { x, y, kid, .. } = self;
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256"})
    }

    /// The private member of its JWK; `None` when the system does not give it out.
    pub(super) fn private_member(&self) -> Option<Secret> {
        let bytes = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&self.pair.private_key()).ok()?;
        Some(Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_ref())))
    }

    /// Signs a payload, which is no part of the result (RFC 7515 section 5.1 and appendix F).
    #[must_use]
    pub fn sign(&self, header: Header<'_>, payload: &[u8]) -> Option<Signed> {
        let mut fields = json!({"alg": "ES256", "kid": self.kid, "typ": header.kind});
        if let (Some(url), Some(fields)) = (header.keys_url, fields.as_object_mut()) {
            fields.insert("jku".to_owned(), Value::from(url));
        }
        let protected = URL_SAFE_NO_PAD.encode(fields.to_string());
        let input = format!("{protected}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).ok()?;
        Some(Signed { protected, signature: URL_SAFE_NO_PAD.encode(signature.as_ref()) })
    }

    /// A JWT with these claims, the text of a JSON object (RFC 7519 section 7.1); `None` when the system does not sign.
    #[must_use]
    pub fn jwt(&self, claims: &str) -> Option<String> {
        let claims: Value = serde_json::from_str(claims).ok()?;
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.of_jwts).ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// The key of RFC 7515 appendix A.3.
    fn jwk() -> Map<String, Value> {
        let key = json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        });
        key.as_object().unwrap().clone()
    }

    #[test]
    fn a_key_is_read_and_written_and_named_by_its_thumbprint() {
        let key = SigningKey::from_jwk(&jwk(), 1).unwrap();
        assert_eq!(key.kid(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
        assert_eq!(key.private_member().unwrap().expose_secret(), jwk()["d"].as_str().unwrap());
        let public = key.public_jwk();
        assert_eq!((&public["x"], &public["y"]), (&jwk()["x"], &jwk()["y"]));
        assert_eq!(public.get("d"), None);
        assert!(!format!("{key:?}").contains("jpsQ"));
    }

    #[test]
    fn what_it_signs_is_verified_with_its_public_side() {
        let key = SigningKey::generate().unwrap();
        let header = Header { kind: "JOSE", keys_url: Some("https://a.example/keys") };
        let signed = key.sign(header, b"payload").unwrap();
        let fields: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&signed.protected).unwrap()).unwrap();
        let wanted =
            json!({"alg": "ES256", "kid": key.kid(), "typ": "JOSE", "jku": "https://a.example/keys"});
        assert_eq!(fields, wanted);
        let signature = URL_SAFE_NO_PAD.decode(&signed.signature).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair.public_key());
        let verify = |payload: &str| {
            let input = format!("{}.{}", signed.protected, URL_SAFE_NO_PAD.encode(payload));
            public.verify(input.as_bytes(), &signature).is_ok()
        };
        assert!(verify("payload") && !verify("payloae"));
    }

    #[test]
    fn a_jwt_says_its_type_and_its_key_and_verifies() {
        let key = SigningKey::from_jwk(&jwk(), 1).unwrap();
        let jwt = key.jwt(r#"{"sub":"ann","n":1.0}"#).unwrap();
        let (input, signature) = jwt.rsplit_once('.').unwrap();
        let (header, claims) = input.split_once('.').unwrap();
        let read = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let header: Value = serde_json::from_str(&read(header)).unwrap();
        assert_eq!(header, json!({"alg": "ES256", "kid": key.kid(), "typ": "JWT"}));
        assert_eq!(read(claims), r#"{"n":1.0,"sub":"ann"}"#);
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair.public_key());
        assert!(public.verify(input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok());
        assert_eq!(key.jwt("not JSON"), None);
    }

    #[test]
    fn a_key_that_signs_nothing_of_ours_is_refused_by_the_member_that_is_wrong() {
        let with = |member: &str, value: Value| {
            let mut jwk = jwk();
            jwk.insert(member.to_owned(), value);
            SigningKey::from_jwk(&jwk, 3).map(|_| ())
        };
        for (member, value) in [
            ("kty", json!("RSA")),
            ("crv", json!("P-384")),
            ("use", json!("enc")),
            ("alg", json!("ES384")),
            ("d", json!("AAAA")),
            ("d", json!(7)),
            ("x", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE")),
        ] {
            assert_eq!(with(member, value.clone()), Err(KeyError::Member { number: 3, member }), "{value}");
        }
        let other = URL_SAFE_NO_PAD.encode([7; COORDINATE]);
        assert_eq!(with("d", json!(other)), Err(KeyError::Mismatch { number: 3 }));
        let mut public = jwk();
        public.remove("d");
        let refused = SigningKey::from_jwk(&public, 1).map(|_| ());
        assert_eq!(refused, Err(KeyError::Member { number: 1, member: "d" }));
        assert_eq!(with("kid", json!("any")), Ok(()));
    }
}

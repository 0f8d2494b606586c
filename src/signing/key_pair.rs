//! Both sides of a key, of either algorithm: made anew, or read from the members of a JWK. What it is called and what is signed
//! with it stands in `key`.

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde_json::{Map, Value};

use super::key_error::KeyError;
use crate::model::{Secret, SigningAlgorithm};

/// Half of a point of P-256 and its private key (RFC 7518 section 6.2.1.2), and both sides of Ed25519 (RFC 8032 section 5.1.5),
/// in bytes.
const SIDE: usize = 32;
/// The first byte of a point of P-256 that is not compressed (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Both sides of a key, as the members of its JWK have them in base64url.
pub(super) struct KeyPair {
    pub(super) algorithm: SigningAlgorithm,
    pub(super) x: String,
    /// None of Ed25519, whose public side is one number (RFC 8037 section 2).
    pub(super) y: Option<String>,
    pub(super) d: Secret,
    /// The same key, as it signs.
    pub(super) encoding: EncodingKey,
}

impl KeyPair {
    /// A new one; `None` when the system makes none.
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Option<Self> {
        match algorithm {
            SigningAlgorithm::Es256 => {
                Self::of_p256(&EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?)
            }
            SigningAlgorithm::EdDsa => Self::of_ed25519(&Ed25519KeyPair::generate().ok()?),
        }
    }

    /// That in this JWK, which is number `number` of its set.
    pub(super) fn from_jwk(jwk: &Map<String, Value>, number: usize) -> Result<Self, KeyError> {
        let members = Members { jwk, number };
        let algorithm = members.algorithm()?;
        let (d, x) = (members.bytes("d")?, members.bytes("x")?);
        let pair = match algorithm {
            SigningAlgorithm::Es256 => {
                let public = [vec![UNCOMPRESSED], x, members.bytes("y")?].concat();
                let signs = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(signs, &d, &public);
                pair.ok().and_then(|pair| Self::of_p256(&pair))
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(&d, &x);
                pair.ok().and_then(|pair| Self::of_ed25519(&pair))
            }
        };
        pair.ok_or(KeyError::Mismatch { number })
    }

    fn of_p256(pair: &EcdsaKeyPair) -> Option<Self> {
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(SIDE)?;
        let d = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&pair.private_key()).ok()?;
        Some(Self {
            algorithm: SigningAlgorithm::Es256,
            x: URL_SAFE_NO_PAD.encode(x),
            y: Some(URL_SAFE_NO_PAD.encode(y)),
            d: Secret::new(URL_SAFE_NO_PAD.encode(d.as_ref())),
            encoding: EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref()),
        })
    }

    fn of_ed25519(pair: &Ed25519KeyPair) -> Option<Self> {
        let d = AsBigEndian::<Curve25519SeedBin<'_>>::as_be_bytes(&pair.seed().ok()?).ok()?;
        Some(Self {
            algorithm: SigningAlgorithm::EdDsa,
            x: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
            y: None,
            d: Secret::new(URL_SAFE_NO_PAD.encode(d.as_ref())),
            encoding: EncodingKey::from_ed_der(pair.to_pkcs8v1().ok()?.as_ref()),
        })
    }
}

/// `kty` and `crv` of a key of this algorithm (RFC 7518 section 6.2.1, RFC 8037 section 2).
pub(super) const fn kind(algorithm: SigningAlgorithm) -> (&'static str, &'static str) {
    match algorithm {
        SigningAlgorithm::Es256 => ("EC", "P-256"),
        SigningAlgorithm::EdDsa => ("OKP", "Ed25519"),
    }
}

/// The members of one key of a set.
struct Members<'j> {
    jwk: &'j Map<String, Value>,
    number: usize,
}

impl Members<'_> {
    /// The algorithm that the kind of the key is for. Nothing else in it may say another one, or that it is not to sign.
    fn algorithm(&self) -> Result<SigningAlgorithm, KeyError> {
        let written = self.text("kty");
        let is_of = |algorithm: &SigningAlgorithm| written == Some(kind(*algorithm).0);
        let algorithm = SigningAlgorithm::ALL.iter().copied().find(is_of).ok_or(self.wrong("kty"))?;
        if self.text("crv") != Some(kind(algorithm).1) {
            return Err(self.wrong("crv"));
        }
        if self.jwk.contains_key("use") && self.text("use") != Some("sig") {
            return Err(self.wrong("use"));
        }
        // RFC 9864 calls EdDSA with Ed25519 so.
        let other = match algorithm {
            SigningAlgorithm::Es256 => None,
            SigningAlgorithm::EdDsa => Some("Ed25519"),
        };
        let is_other = |alg: &str| alg != algorithm.as_str() && Some(alg) != other;
        if self.jwk.contains_key("alg") && self.text("alg").is_none_or(is_other) {
            return Err(self.wrong("alg"));
        }
        Ok(algorithm)
    }

    fn bytes(&self, member: &'static str) -> Result<Vec<u8>, KeyError> {
        let decoded = self.text(member).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        decoded.filter(|bytes| bytes.len() == SIDE).ok_or(self.wrong(member))
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.jwk.get(member).and_then(Value::as_str)
    }

    const fn wrong(&self, member: &'static str) -> KeyError {
        KeyError::Member { number: self.number, member }
    }
}

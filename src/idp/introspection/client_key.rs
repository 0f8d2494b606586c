//! A private key with which the gateway proves to a provider which client it is (`private_key_jwt`, OpenID Connect Core
//! section 9, RFC 7523 section 2.2).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use crate::model::{Algorithm, Digest, Instant, pem_without_marks};

/// How long an assertion is good: for one call, between clocks that differ a little.
const GOOD_FOR: Duration = Duration::from_secs(60);
/// The smallest RSA key, in bytes, as for tokens (RFC 7518 section 3.3).
const LEAST_RSA: usize = 256;

/// The key, and the algorithm that it signs with. Two are compared by the digests of their files.
#[derive(Clone)]
pub struct ClientKey {
    algorithm: Algorithm,
    pair: Arc<Pair>,
    digest: Digest,
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl ClientKey {
    /// Reads a private key in PEM, for this algorithm.
    ///
    /// # Errors
    /// What is wrong with it, in words for the operator.
    pub fn from_pem(pem: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        const NONE: &str = "holds no private key in PEM";
        const OTHER: &str = "holds no private key for this algorithm";
        let der = PrivateKeyDer::from_pem_slice(&pem_without_marks(pem)).map_err(|_| NONE)?;
        let pair = match algorithm {
            Algorithm::Rs256 => rsa(&der, &RSA_PKCS1_SHA256),
            Algorithm::Ps256 => rsa(&der, &RSA_PSS_SHA256),
            Algorithm::Es256 => ec(&der, &ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => ec(&der, &ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDsa => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_der()).ok().map(Pair::Ed)
            }
            Algorithm::Rs384 | Algorithm::Rs512 | Algorithm::Ps384 | Algorithm::Ps512 | Algorithm::Es512 => {
                None
            }
        };
        let pair = Arc::new(pair.ok_or(OTHER)?);
        Ok(Self { algorithm, pair, digest: Digest::of(der.secret_der()) })
    }

    /// An assertion of this client for this issuer; `None` when the system makes no signature.
    pub(super) fn assertion(&self, client_id: &str, issuer: &str, now: Instant) -> Option<String> {
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let header = json!({"alg": self.algorithm.as_str(), "typ": "JWT"});
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": issuer, "jti": encoded(&rand::random::<[u8; 16]>()),
            "iat": now.unix(), "exp": now.plus(GOOD_FOR).unix(),
        });
        let [header, claims] = [header, claims].map(|part| encoded(part.to_string().as_bytes()));
        let signed = format!("{header}.{claims}");
        let signature = self.pair.sign(signed.as_bytes())?;
        Some(format!("{signed}.{}", encoded(&signature)))
    }
}

impl Pair {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ec(pair) => {
                pair.sign(&SystemRandom::new(), message).ok().map(|made| made.as_ref().to_vec())
            }
            Self::Ed(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn rsa(der: &PrivateKeyDer<'_>, encoding: &'static dyn RsaEncoding) -> Option<Pair> {
    let pair = match der {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return None,
    };
    let pair = pair.ok().filter(|pair| pair.public_modulus_len() >= LEAST_RSA)?;
    Some(Pair::Rsa(pair, encoding))
}

fn ec(der: &PrivateKeyDer<'_>, algorithm: &'static EcdsaSigningAlgorithm) -> Option<Pair> {
    EcdsaKeyPair::from_private_key_der(algorithm, der.secret_der()).ok().map(Pair::Ec)
}

impl PartialEq for ClientKey {
    fn eq(&self, other: &Self) -> bool {
        (self.algorithm, self.digest) == (other.algorithm, other.digest)
    }
}

impl Eq for ClientKey {}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_assertion_names_client_and_issuer_and_is_signed() {
        let made = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = ClientKey::from_pem(made.serialize_pem().as_bytes(), Algorithm::Es256).unwrap();
        let assertion = key.assertion("g", "https://idp.example", Instant::from_unix(1_000)).unwrap();
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        assert_eq!(decode(header), br#"{"alg":"ES256","typ":"JWT"}"#);
        let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"]),
            (&json!("g"), &json!("g"), &json!("https://idp.example"))
        );
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1_000), &json!(1_060)));
        let Pair::Ec(pair) = &*key.pair else { panic!("an EC key") };
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        assert!(public.verify(signed.as_bytes(), &decode(signature)).is_ok());
        let again = key.assertion("g", "https://idp.example", Instant::from_unix(1_000)).unwrap();
        assert_ne!(again.split('.').nth(1), assertion.split('.').nth(1), "each has a jti of its own");
    }

    #[test]
    fn a_key_is_for_one_algorithm() {
        let pem = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_pem();
        let (p256, p384, ed) = (
            pem(&rcgen::PKCS_ECDSA_P256_SHA256),
            pem(&rcgen::PKCS_ECDSA_P384_SHA384),
            pem(&rcgen::PKCS_ED25519),
        );
        for (pem, own) in [(&p256, Algorithm::Es256), (&p384, Algorithm::Es384), (&ed, Algorithm::EdDsa)] {
            for algorithm in Algorithm::ALL {
                let read = ClientKey::from_pem(pem.as_bytes(), algorithm);
                assert_eq!(read.is_ok(), algorithm == own, "{own} as {algorithm}");
                assert!(
                    read.ok().and_then(|key| key.assertion("g", "i", Instant::from_unix(1))).is_some()
                        == (algorithm == own)
                );
            }
        }
        for bad in ["", "secret", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            assert!(ClientKey::from_pem(bad.as_bytes(), Algorithm::Es256).is_err(), "{bad}");
        }
    }
}

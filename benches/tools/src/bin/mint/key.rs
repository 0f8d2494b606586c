//! The keys of the issuer.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::Outcome;

/// A pair of keys.
pub(crate) enum Key {
    /// RSA of 2048 bits.
    Rs256(rsa::KeyPair),
    /// P-256.
    Es256(EcdsaKeyPair),
    /// Ed25519.
    EdDsa(Ed25519KeyPair),
}

impl Key {
    pub(crate) fn rs256() -> Outcome<Self> {
        Ok(Self::Rs256(rsa::KeyPair::generate(KeySize::Rsa2048)?))
    }

    pub(crate) fn es256() -> Outcome<Self> {
        Ok(Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?))
    }

    pub(crate) fn eddsa() -> Outcome<Self> {
        Ok(Self::EdDsa(Ed25519KeyPair::generate()?))
    }

    /// A key of the same kind that is not this one.
    pub(crate) fn another(&self) -> Outcome<Self> {
        match self {
            Self::Rs256(_) => Self::rs256(),
            Self::Es256(_) => Self::es256(),
            Self::EdDsa(_) => Self::eddsa(),
        }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    pub(crate) fn sign(&self, content: &[u8]) -> Outcome<Vec<u8>> {
        match self {
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content, &mut signature)?;
                Ok(signature)
            }
            Self::Es256(pair) => Ok(pair.sign(&SystemRandom::new(), content)?.as_ref().to_vec()),
            Self::EdDsa(pair) => Ok(pair.sign(content).as_ref().to_vec()),
        }
    }

    pub(crate) fn jwk(&self) -> Outcome<String> {
        let members = match self {
            Self::Rs256(pair) => {
                let public = pair.public_key();
                let modulus = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
                let exponent = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
                format!(r#""kty":"RSA","n":"{modulus}","e":"{exponent}""#)
            }
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                format!(r#""kty":"EC","crv":"P-256","x":"{x}","y":"{y}""#)
            }
            Self::EdDsa(pair) => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}""#)
            }
        };
        Ok(format!(r#"{{{members},"use":"sig","alg":"{}","kid":"compare-1"}}"#, self.algorithm()))
    }

    pub(crate) fn pem(&self) -> Outcome<String> {
        let public: PublicKeyX509Der<'_> = match self {
            Self::Rs256(pair) => pair.public_key().as_der()?,
            Self::Es256(pair) => pair.public_key().as_der()?,
            Self::EdDsa(pair) => pair.public_key().as_der()?,
        };
        let text = STANDARD.encode(public.as_ref());
        Ok(format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"))
    }
}

//! The numbers of a public key, validated: sizes, exponents, points.

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use serde_json::{Map, Value};

use crate::model::{Algorithm, AlgorithmSet};

use super::SkipReason;
use super::roca;

/// A curve that a supported ECDSA algorithm uses (RFC 7518 section 6.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The name in a JWK's `crv`.
    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of a coordinate in bytes.
    pub(super) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// The numbers of a public key, big-endian without leading zeros; an EC point is uncompressed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Material {
    Rsa { n: Box<[u8]>, e: Box<[u8]> },
    Ec { curve: Curve, point: Box<[u8]> },
    Ed25519([u8; 32]),
}

impl Material {
    /// An RSA key of 2048 to 8192 bits with an odd exponent of 17 to 33 bits, without the fingerprint of ROCA.
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, SkipReason> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let odd = |number: &[u8]| number.last().is_some_and(|b| b & 1 == 1);
        if n.is_empty() || e.is_empty() || !odd(n) {
            return Err(SkipReason::Malformed);
        }
        if bits(n) < 2048 || !odd(e) || bits(e) < 17 {
            return Err(SkipReason::WeakRsa);
        }
        // The verifier rejects larger exponents; they would only make a verification expensive.
        if bits(n) > 8192 || bits(e) > 33 {
            return Err(SkipReason::OversizedRsa);
        }
        if roca::has_fingerprint(n) {
            return Err(SkipReason::WeakRsa);
        }
        Ok(Self::Rsa { n: n.into(), e: e.into() })
    }

    /// A point in uncompressed form (SEC 1 section 2.3.3). `parse_for` checks that it lies on its curve.
    pub(super) fn ec(curve: Curve, point: Box<[u8]>) -> Result<Self, SkipReason> {
        let uncompressed = point.first() == Some(&4) && point.len() == 1 + 2 * curve.coordinate_len();
        if uncompressed { Ok(Self::Ec { curve, point }) } else { Err(SkipReason::BadPoint) }
    }

    /// An Ed25519 key (RFC 8032 section 5.1.5): a point of the curve, canonically encoded, not of small order. The
    /// verifier checks none of this before it sees a signature.
    pub(super) fn ed25519(bytes: &[u8]) -> Result<Self, SkipReason> {
        let key: [u8; 32] = bytes.try_into().map_err(|_| SkipReason::Malformed)?;
        let mut y = key;
        if let Some(last) = y.last_mut() {
            *last &= 0x7f;
        }
        // For a point of small order, anybody can make a valid signature.
        if y.iter().rev().ge(FIELD_PRIME.iter().rev()) || SMALL_ORDER.contains(&y) || !is_on_edwards25519(&y)
        {
            return Err(SkipReason::BadPoint);
        }
        Ok(Self::Ed25519(key))
    }

    /// The algorithms that a key of this type can verify.
    pub(super) fn algorithms(&self) -> AlgorithmSet {
        use Algorithm::{EdDsa, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa { .. } => [Rs256, Rs384, Rs512, Ps256, Ps384, Ps512].into_iter().collect(),
            Self::Ec { curve, .. } => [curve.algorithm()].into_iter().collect(),
            Self::Ed25519(_) => [EdDsa].into_iter().collect(),
        }
    }

    /// The key parsed for `algorithm`; `None` when its type does not fit or its point is not on the curve.
    pub(super) fn parse_for(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        match (self, algorithm) {
            (Self::Rsa { n, e }, _) => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa_parameters(algorithm)?).ok()
            }
            (Self::Ec { point, .. }, Algorithm::Es256) => {
                ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).ok()
            }
            (Self::Ec { point, .. }, Algorithm::Es384) => {
                ParsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point).ok()
            }
            (Self::Ec { point, .. }, Algorithm::Es512) => {
                ParsedPublicKey::new(&signature::ECDSA_P521_SHA512_FIXED, point).ok()
            }
            (Self::Ed25519(key), Algorithm::EdDsa) => ParsedPublicKey::new(&signature::ED25519, key).ok(),
            _ => None,
        }
    }

    /// Adds the members of these numbers to a JWK (RFC 7518 section 6, RFC 8037 section 2).
    pub(super) fn write_jwk(&self, jwk: &mut Map<String, Value>) {
        let mut put = |name: &str, value: &str| jwk.insert(name.to_owned(), Value::from(value));
        match self {
            Self::Rsa { n, e } => {
                put("kty", "RSA");
                put("n", &URL_SAFE_NO_PAD.encode(n));
                put("e", &URL_SAFE_NO_PAD.encode(e));
            }
            Self::Ec { curve, point } => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at(curve.coordinate_len());
                put("kty", "EC");
                put("crv", curve.name());
                put("x", &URL_SAFE_NO_PAD.encode(x));
                put("y", &URL_SAFE_NO_PAD.encode(y));
            }
            Self::Ed25519(key) => {
                put("kty", "OKP");
                put("crv", "Ed25519");
                put("x", &URL_SAFE_NO_PAD.encode(key));
            }
        }
    }
}

const fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 | Algorithm::EdDsa => return None,
    })
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The length in bits of a number without leading zeros.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// Whether a point of the curve has this y: x² = (y² - 1) / (dy² + 1) has a solution (RFC 8032 section 5.1.3), by
/// Euler's criterion. A quotient is a square when the product is; the divisor is never zero.
fn is_on_edwards25519(y: &[u8; 32]) -> bool {
    let prime = BigUint::from_bytes_le(&FIELD_PRIME);
    let y = BigUint::from_bytes_le(y);
    let squared = &y * &y % &prime;
    let d = BigUint::from_bytes_le(&EDWARDS_D);
    let product = (&squared + &prime - 1u8) * (d * squared + 1u8) % &prime;
    let half = (&prime - 1u8) >> 1;
    product.modpow(&half, &prime) <= BigUint::from(1u8)
}

/// 2^255 - 19, little-endian (RFC 8032 section 5.1).
const FIELD_PRIME: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// The constant d of the curve, -121665 / 121666 modulo the prime, little-endian (RFC 8032 section 5.1).
const EDWARDS_D: [u8; 32] = [
    0xa3, 0x78, 0x59, 0x13, 0xca, 0x4d, 0xeb, 0x75, 0xab, 0xd8, 0x41, 0x41, 0x4d, 0x0a, 0x70, 0x00, 0x98,
    0xe8, 0x79, 0x77, 0x79, 0x40, 0xc7, 0x8c, 0x73, 0xfe, 0x6f, 0x2b, 0xee, 0x6c, 0x03, 0x52,
];

/// The y coordinates of the points whose order divides 8, little-endian, in canonical form.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = FIELD_PRIME;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

//! Reads a public key in PEM: `PUBLIC KEY` (RFC 5280 section 4.1.2.7), `RSA PUBLIC KEY` (RFC 8017 appendix A.1.1) or the
//! key of a `CERTIFICATE`. The validity of a certificate is not checked: the operator pinned its key.

use std::sync::Arc;

use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};
use x509_parser::public_key::{PublicKey, RSAPublicKey};

use crate::model::{Algorithm, AlgorithmSet, pem_without_marks};

use super::material::{Curve, Material};
use super::{KeySet, SkipReason, VerificationKey};

/// Why a text has no usable public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// The text has no PEM block.
    #[error(
        "no PEM block: a public key starts with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----"
    )]
    NoPem,
    /// A private key, which does not belong on this machine.
    #[error("this is a private key; give the public key or certificate that belongs to it")]
    Private,
    /// More than one key, so that the choice is ambiguous.
    #[error("more than one public key; use a key set (jwks_file) for several keys")]
    Several,
    /// A block of another kind.
    #[error("a PEM block of the kind {0:?} holds no public key")]
    OtherBlock(String),
    /// The bytes inside the block are damaged.
    #[error("the PEM block is damaged: {0}")]
    Damaged(&'static str),
    /// The key cannot be used.
    #[error("no usable key: {0}")]
    Unusable(SkipReason),
}

/// Reads a public key or certificate for a provider that may use the algorithms `allowed`. The key has no `kid` of its
/// own. Of a certificate chain, the first certificate is used.
///
/// # Errors
/// When the text holds no key, several, a private one, or one that cannot be used.
pub fn parse_public_key(pem: &str, allowed: AlgorithmSet) -> Result<KeySet, PublicKeyError> {
    let pem = pem_without_marks(pem.as_bytes());
    let blocks: Vec<Pem> = Pem::iter_from_buffer(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| PublicKeyError::Damaged("its lines cannot be read"))?;
    if blocks.iter().any(|b| b.label.ends_with("PRIVATE KEY")) {
        return Err(PublicKeyError::Private);
    }
    if blocks.iter().filter(|b| b.label.ends_with("PUBLIC KEY")).count() > 1 {
        return Err(PublicKeyError::Several);
    }
    let block = blocks.first().ok_or(PublicKeyError::NoPem)?;
    let (material, declared) = match block.label.as_str() {
        "PUBLIC KEY" => from_spki(&whole(SubjectPublicKeyInfo::from_der(&block.contents))?)?,
        "RSA PUBLIC KEY" => (from_rsa(&whole(RSAPublicKey::from_der(&block.contents))?)?, None),
        "CERTIFICATE" => {
            let (_, certificate) = x509_parser::parse_x509_certificate(&block.contents)
                .map_err(|_| PublicKeyError::Damaged("it is no certificate"))?;
            from_spki(certificate.public_key())?
        }
        other => return Err(PublicKeyError::OtherBlock(other.to_owned())),
    };
    let key = VerificationKey::new(None, material, declared, allowed).map_err(PublicKeyError::Unusable)?;
    Ok(KeySet::new(vec![Arc::new(key)]))
}

/// The parsed value, when no bytes follow it.
fn whole<T, E>(read: Result<(&[u8], T), E>) -> Result<T, PublicKeyError> {
    match read {
        Ok(([], value)) => Ok(value),
        Ok(_) => Err(PublicKeyError::Damaged("bytes follow the key")),
        Err(_) => Err(PublicKeyError::Damaged("it is no public key in DER")),
    }
}

type Declared = Option<AlgorithmSet>;

fn from_spki(info: &SubjectPublicKeyInfo<'_>) -> Result<(Material, Declared), PublicKeyError> {
    let unusable = PublicKeyError::Unusable;
    let bytes: &[u8] = &info.subject_public_key.data;
    match info.algorithm.algorithm.to_id_string().as_str() {
        // rsaEncryption
        "1.2.840.113549.1.1.1" => match info.parsed() {
            Ok(PublicKey::RSA(rsa)) => Ok((from_rsa(&rsa)?, None)),
            _ => Err(unusable(SkipReason::Malformed)),
        },
        // id-RSASSA-PSS (RFC 4055 section 1.2): a key for PSS alone, whatever its parameters ask beyond that.
        "1.2.840.113549.1.1.10" => {
            let pss = [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512].into_iter().collect();
            Ok((from_rsa(&whole(RSAPublicKey::from_der(bytes))?)?, Some(pss)))
        }
        // id-ecPublicKey (RFC 5480 section 2.1.1), always with a named curve.
        "1.2.840.10045.2.1" => {
            let curve = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
            let curve = match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Curve::P256,
                Some("1.3.132.0.34") => Curve::P384,
                Some("1.3.132.0.35") => Curve::P521,
                _ => return Err(unusable(SkipReason::UnsupportedCurve)),
            };
            Ok((Material::ec(curve, bytes.into()).map_err(unusable)?, None))
        }
        // id-Ed25519 (RFC 8410 section 3)
        "1.3.101.112" => Ok((Material::ed25519(bytes).map_err(unusable)?, None)),
        _ => Err(unusable(SkipReason::UnknownType)),
    }
}

fn from_rsa(key: &RSAPublicKey<'_>) -> Result<Material, PublicKeyError> {
    Material::rsa(key.modulus, key.exponent).map_err(PublicKeyError::Unusable)
}

#[cfg(test)]
mod tests;

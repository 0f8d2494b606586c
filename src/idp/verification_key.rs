//! One public key, parsed once and bound to the algorithms that it may verify.

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use serde_json::{Map, Value};

use crate::model::{Algorithm, AlgorithmSet, KeyId, SharedTimestamp};

use super::SkipReason;
use super::key_name::Thumbprints;
use super::material::Material;

/// A key that verifies signatures.
///
/// Its algorithms are the intersection of those of its type, its own `alg` (RFC 7517 section 4.4) and those that its
/// provider may use; a signature of any other algorithm never verifies (RFC 8725 section 3.1).
pub struct VerificationKey {
    kid: Option<KeyId>,
    thumbprints: Thumbprints,
    declared: Option<AlgorithmSet>,
    material: Material,
    parsed: Box<[(Algorithm, ParsedPublicKey)]>,
    first_seen: SharedTimestamp,
    last_used: SharedTimestamp,
}

impl VerificationKey {
    /// Binds `material` to its algorithms. `declared` is the key's own `alg`; `allowed` is what the provider may use.
    pub(super) fn new(
        kid: Option<KeyId>,
        material: Material,
        declared: Option<AlgorithmSet>,
        allowed: AlgorithmSet,
    ) -> Result<Self, SkipReason> {
        let able = declared.unwrap_or_else(AlgorithmSet::all).intersection(material.algorithms());
        if able.is_empty() {
            return Err(SkipReason::AlgMismatch);
        }
        let bound = able.intersection(allowed);
        // Validate the numbers before the policy, so that a malformed key is reported as such.
        let mut parsed = Vec::new();
        for algorithm in able.iter() {
            let key = material.parse_for(algorithm).ok_or(match material {
                Material::Rsa { .. } => SkipReason::Malformed,
                Material::Ec { .. } | Material::Ed25519(_) => SkipReason::BadPoint,
            })?;
            if bound.contains(algorithm) {
                parsed.push((algorithm, key));
            }
        }
        if parsed.is_empty() {
            return Err(SkipReason::NotAllowed);
        }
        Ok(Self {
            kid,
            thumbprints: Thumbprints::default(),
            declared,
            material,
            parsed: parsed.into(),
            first_seen: SharedTimestamp::default(),
            last_used: SharedTimestamp::default(),
        })
    }

    /// The same key, which tokens may also name by these thumbprints.
    pub(super) fn with_thumbprints(self, thumbprints: Thumbprints) -> Self {
        Self { thumbprints, ..self }
    }

    /// The thumbprints of its certificate.
    pub(super) const fn thumbprints(&self) -> &Thumbprints {
        &self.thumbprints
    }

    /// The key's own id (RFC 7517 section 4.5).
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The algorithms whose signatures it verifies.
    #[must_use]
    pub fn algorithms(&self) -> AlgorithmSet {
        self.parsed.iter().map(|(algorithm, _)| *algorithm).collect()
    }

    /// Whether it verifies signatures of `algorithm`.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.parsed.iter().any(|(a, _)| *a == algorithm)
    }

    /// Whether `signature` is a valid signature of `message` by this key with `algorithm`.
    ///
    /// An ECDSA signature has the fixed-length form (RFC 7518 section 3.4), never DER.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = self.parsed.iter().find(|(a, _)| *a == algorithm);
        key.is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }

    /// When a source first published this key, since this process started or its keys were stored.
    #[must_use]
    pub const fn first_seen(&self) -> &SharedTimestamp {
        &self.first_seen
    }

    /// When it last verified a signature, since this process started.
    #[must_use]
    pub const fn last_used(&self) -> &SharedTimestamp {
        &self.last_used
    }

    /// The same key under another policy; `None` when that allows none of its algorithms.
    pub(super) fn rebound(&self, allowed: AlgorithmSet) -> Option<Self> {
        let key = Self::new(self.kid.clone(), self.material.clone(), self.declared, allowed).ok()?;
        Some(Self {
            thumbprints: self.thumbprints.clone(),
            first_seen: self.first_seen.clone(),
            last_used: self.last_used.clone(),
            ..key
        })
    }

    /// The key as a JWK with public members only.
    pub(super) fn to_jwk(&self) -> Value {
        let mut jwk = Map::new();
        if let Some(kid) = &self.kid {
            jwk.insert("kid".to_owned(), kid.as_str().into());
        }
        let mut declared = self.declared.into_iter().flat_map(AlgorithmSet::iter);
        if let (Some(alg), None) = (declared.next(), declared.next()) {
            jwk.insert("alg".to_owned(), alg.as_str().into());
        }
        self.thumbprints.write_jwk(&mut jwk);
        self.material.write_jwk(&mut jwk);
        Value::Object(jwk)
    }
}

impl PartialEq for VerificationKey {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.thumbprints == other.thumbprints
            && self.declared == other.declared
            && self.material == other.material
            && self.algorithms() == other.algorithms()
    }
}

impl Eq for VerificationKey {}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

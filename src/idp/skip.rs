//! The reasons for skipping a key of a set. One bad key never invalidates the others.

use std::fmt;

use crate::model::KeyId;

/// Why a key is skipped. A closed list, because the labels are metric values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// Not an object; or a member is absent, of a wrong type or not base64url.
    Malformed,
    /// A member occurs twice; RFC 7517 section 4 leaves open which one counts.
    DuplicateMember,
    /// `kid` is not a string of at most 256 printable ASCII bytes.
    BadKeyId,
    /// A shared secret (`kty: oct`), which can also sign and must not be published.
    Symmetric,
    /// The key includes its private part, which is therefore public knowledge.
    PrivateMaterial,
    /// A `kty` that is not RSA, EC or OKP.
    UnknownType,
    /// A `crv` that no supported algorithm uses.
    UnsupportedCurve,
    /// `use` is not `sig`, or `key_ops` does not list `verify`.
    EncryptionUse,
    /// `alg` is not a signature algorithm of this key type.
    AlgMismatch,
    /// The provider's `algorithms` include none of the key.
    NotAllowed,
    /// RSA with fewer than 2048 bits, an exponent that is even or below 65537, or a modulus with the fingerprint of ROCA.
    WeakRsa,
    /// RSA with more than 8192 bits, or an exponent of more than 33 bits.
    OversizedRsa,
    /// The coordinates are not a valid point of the curve.
    BadPoint,
    /// The same key occurs earlier in the set.
    Duplicate,
    /// The key is beyond the first 1,000 of its set.
    TooMany,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::Malformed,
        Self::DuplicateMember,
        Self::BadKeyId,
        Self::Symmetric,
        Self::PrivateMaterial,
        Self::UnknownType,
        Self::UnsupportedCurve,
        Self::EncryptionUse,
        Self::AlgMismatch,
        Self::NotAllowed,
        Self::WeakRsa,
        Self::OversizedRsa,
        Self::BadPoint,
        Self::Duplicate,
        Self::TooMany,
    ];

    /// The reason as a metric label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::DuplicateMember => "duplicate_member",
            Self::BadKeyId => "bad_kid",
            Self::Symmetric => "symmetric",
            Self::PrivateMaterial => "private_material",
            Self::UnknownType => "unknown_type",
            Self::UnsupportedCurve => "unsupported_curve",
            Self::EncryptionUse => "encryption_use",
            Self::AlgMismatch => "alg_mismatch",
            Self::NotAllowed => "not_allowed",
            Self::WeakRsa => "weak_rsa",
            Self::OversizedRsa => "oversized_rsa",
            Self::BadPoint => "bad_point",
            Self::Duplicate => "duplicate",
            Self::TooMany => "too_many",
        }
    }

    /// Whether skipping is normal: providers publish encryption keys beside the others, and operators narrow the
    /// algorithms on purpose.
    #[must_use]
    pub const fn is_expected(self) -> bool {
        matches!(self, Self::EncryptionUse | Self::NotAllowed)
    }

    /// Whether the provider published a secret.
    #[must_use]
    pub const fn is_alarming(self) -> bool {
        matches!(self, Self::Symmetric | Self::PrivateMaterial)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "a member is absent, of a wrong type or not base64url",
            Self::DuplicateMember => "a member stands in it twice",
            Self::BadKeyId => "its kid is no string of at most 256 printable ASCII characters",
            Self::Symmetric => "it is a shared secret, which must not be published",
            Self::PrivateMaterial => "it carries its private half, which must not be published",
            Self::UnknownType => "its kty is not RSA, EC or OKP",
            Self::UnsupportedCurve => "its crv is not P-256, P-384, P-521 or Ed25519",
            Self::EncryptionUse => "it is not meant for signatures (use, key_ops)",
            Self::AlgMismatch => "its alg is no signature algorithm of this type of key",
            Self::NotAllowed => "its algorithms are not among those that the provider is allowed",
            Self::WeakRsa => "RSA needs 2048 bits or more, an odd exponent of 65537 or more, and a modulus without the fingerprint of ROCA (CVE-2017-15361)",
            Self::OversizedRsa => "RSA may have at most 8192 bits and an exponent of 33 bits",
            Self::BadPoint => "its coordinates are no usable point of its curve",
            Self::Duplicate => "the same key stands in the set before",
            Self::TooMany => "only the first 1000 keys of a set are used",
        })
    }
}

/// A skipped key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its position in the set, counted from 1.
    pub position: usize,
    /// Its `kid`, if it has a valid one.
    pub kid: Option<KeyId>,
    /// Why it is skipped.
    pub reason: SkipReason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.position)?;
        if let Some(kid) = &self.kid {
            write!(f, " (kid {kid:?})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_distinct_and_fit_for_metrics() {
        let labels: std::collections::HashSet<_> = SkipReason::ALL.iter().map(|r| r.label()).collect();
        assert_eq!(labels.len(), SkipReason::ALL.len());
        assert!(labels.iter().all(|l| l.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}

//! Parses one JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037) strictly, and independently of the rest of its set.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::model::{Algorithm, AlgorithmSet, KeyId, PRIVATE_JWK_MEMBERS};

use super::key_name::Thumbprints;
use super::material::{Curve, Material};
use super::{SkipReason, VerificationKey};

/// Base64url without trailing bits in its last character. RFC 7515 section 2 forbids padding, but some providers write
/// it and other implementations accept it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(false),
);

/// An element of `keys`, not yet validated.
#[derive(Debug)]
pub(super) enum Entry {
    Object { members: Map<String, Value>, repeated: bool },
    NoObject,
}

impl Entry {
    /// The key's id for messages, if it has a valid one.
    pub(super) fn kid(&self) -> Option<KeyId> {
        match self {
            Self::Object { members, .. } => members.get("kid").and_then(Value::as_str).and_then(KeyId::parse),
            Self::NoObject => None,
        }
    }

    /// The element of a SPIFFE bundle, if it is a key that verifies JWT-SVIDs: `use` says so, and it has a name (SPIFFE Trust
    /// Domain and Bundle section 4.2.2).
    pub(super) fn of_bundle(self) -> Result<Self, SkipReason> {
        let Self::Object { mut members, repeated } = self else { return Err(SkipReason::Malformed) };
        if members.remove("use").as_ref().and_then(Value::as_str) != Some("jwt-svid") {
            return Err(SkipReason::EncryptionUse);
        }
        if members.contains_key("kid") {
            Ok(Self::Object { members, repeated })
        } else {
            Err(SkipReason::BadKeyId)
        }
    }

    /// The key that the element describes, for a provider that may use `allowed`.
    pub(super) fn into_key(self, allowed: AlgorithmSet) -> Result<VerificationKey, SkipReason> {
        match self {
            Self::Object { repeated: true, .. } => Err(SkipReason::DuplicateMember),
            Self::Object { members, .. } => Jwk(&members).to_key(allowed),
            Self::NoObject => Err(SkipReason::Malformed),
        }
    }
}

/// The key of a JWK that comes alone, for those of its algorithms that are `allowed`. `members` has none twice.
///
/// # Errors
/// What would make a key of a set be skipped.
pub fn parse_jwk(members: &Map<String, Value>, allowed: AlgorithmSet) -> Result<VerificationKey, SkipReason> {
    Jwk(members).to_key(allowed)
}

struct Jwk<'m>(&'m Map<String, Value>);

impl Jwk<'_> {
    fn to_key(&self, allowed: AlgorithmSet) -> Result<VerificationKey, SkipReason> {
        let kty = self.text("kty")?.ok_or(SkipReason::Malformed)?;
        match kty {
            "RSA" | "EC" | "OKP" => {}
            "oct" => return Err(SkipReason::Symmetric),
            _ => return Err(SkipReason::UnknownType),
        }
        if PRIVATE_JWK_MEMBERS.iter().any(|name| self.0.contains_key(*name)) {
            return Err(SkipReason::PrivateMaterial);
        }
        self.check_use()?;
        let kid = self.kid()?;
        let declared = self.declared()?;
        let material = match kty {
            "RSA" => Material::rsa(&self.bytes("n")?, &self.bytes("e")?)?,
            "EC" => self.ec()?,
            _ => self.okp()?,
        };
        let key = VerificationKey::new(kid, material, declared, allowed)?;
        Ok(key.with_thumbprints(Thumbprints::of(self.0)))
    }

    /// RFC 7517 sections 4.2 and 4.3: a key for another use verifies no signatures. `key_ops` has no duplicates, and
    /// agrees with `use` where both are present.
    fn check_use(&self) -> Result<(), SkipReason> {
        let usage = self.text("use")?;
        if usage.is_some_and(|usage| usage != "sig") {
            return Err(SkipReason::EncryptionUse);
        }
        let Some(operations) = self.0.get("key_ops") else {
            return Ok(());
        };
        let operations = operations.as_array().ok_or(SkipReason::Malformed)?;
        let mut seen = HashSet::new();
        if !operations.iter().all(|o| o.as_str().is_some_and(|o| seen.insert(o))) {
            return Err(SkipReason::Malformed);
        }
        let for_signatures = usage.is_none() || seen.iter().all(|o| ["sign", "verify"].contains(o));
        if seen.contains("verify") && for_signatures { Ok(()) } else { Err(SkipReason::EncryptionUse) }
    }

    fn kid(&self) -> Result<Option<KeyId>, SkipReason> {
        match self.0.get("kid") {
            None => Ok(None),
            Some(kid) => kid.as_str().and_then(KeyId::parse).map(Some).ok_or(SkipReason::BadKeyId),
        }
    }

    /// RFC 7517 section 4.4: a key with `alg` is for that algorithm only.
    fn declared(&self) -> Result<Option<AlgorithmSet>, SkipReason> {
        let Some(name) = self.text("alg")? else {
            return Ok(None);
        };
        let algorithm: Algorithm = name.parse().map_err(|_| SkipReason::AlgMismatch)?;
        Ok(Some([algorithm].into_iter().collect()))
    }

    fn ec(&self) -> Result<Material, SkipReason> {
        let curve = self.text("crv")?.ok_or(SkipReason::Malformed)?;
        let curve = Curve::from_name(curve).ok_or(SkipReason::UnsupportedCurve)?;
        let (x, y) = (self.bytes("x")?, self.bytes("y")?);
        if x.len() != curve.coordinate_len() || y.len() != curve.coordinate_len() {
            return Err(SkipReason::Malformed);
        }
        Material::ec(curve, [&[4], x.as_slice(), y.as_slice()].concat().into())
    }

    fn okp(&self) -> Result<Material, SkipReason> {
        match self.text("crv")?.ok_or(SkipReason::Malformed)? {
            "Ed25519" => Material::ed25519(&self.bytes("x")?),
            _ => Err(SkipReason::UnsupportedCurve),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, SkipReason> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(SkipReason::Malformed),
        }
    }

    /// The bytes of a member in base64url, with padding or without.
    fn bytes(&self, name: &str) -> Result<Vec<u8>, SkipReason> {
        let text = self.text(name)?.ok_or(SkipReason::Malformed)?;
        BASE64URL.decode(text).map_err(|_| SkipReason::Malformed)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let (mut members, mut repeated) = (Map::new(), false);
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            repeated |= members.insert(name, value).is_some();
        }
        Ok(Entry::Object { members, repeated })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entry, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Entry::NoObject)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entry, E> {
        Ok(Entry::NoObject)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Entry, E> {
        Ok(Entry::NoObject)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Entry, E> {
        Ok(Entry::NoObject)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Entry, E> {
        Ok(Entry::NoObject)
    }

    fn visit_str<E>(self, _: &str) -> Result<Entry, E> {
        Ok(Entry::NoObject)
    }

    fn visit_unit<E>(self) -> Result<Entry, E> {
        Ok(Entry::NoObject)
    }
}

#[cfg(test)]
mod tests;

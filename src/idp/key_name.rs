//! How a token names its signing key: by `kid`, otherwise by a thumbprint of the key's certificate.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::model::KeyId;

/// The names that a token's header gives to its key (RFC 7515 sections 4.1.4, 4.1.7 and 4.1.8). A thumbprint counts only
/// where there is no `kid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyName<'a> {
    /// `kid`
    pub kid: Option<&'a str>,
    /// `x5t#S256`
    pub sha256: Option<&'a str>,
    /// `x5t`
    pub sha1: Option<&'a str>,
}

impl KeyName<'_> {
    /// Whether the token names a key at all.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.kid.is_some() || self.sha256.is_some() || self.sha1.is_some()
    }
}

impl<'a> From<Option<&'a str>> for KeyName<'a> {
    fn from(kid: Option<&'a str>) -> Self {
        Self { kid, ..Self::default() }
    }
}

const SHA256_MEMBER: &str = "x5t#S256";
const SHA1_MEMBER: &str = "x5t";

/// The thumbprints of a key's certificate (RFC 7517 sections 4.8 and 4.9). They only name the key: certificates are
/// never parsed and add no trust.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Thumbprints {
    pub(super) sha256: Option<KeyId>,
    pub(super) sha1: Option<KeyId>,
}

impl Thumbprints {
    /// The thumbprints in a JWK, otherwise those of its first certificate. Unreadable ones are ignored.
    pub(super) fn of(members: &Map<String, Value>) -> Self {
        let text = |name| members.get(name).and_then(Value::as_str);
        // Some providers write padding, which RFC 7515 section 2 forbids.
        let unpadded = |name| text(name).map(|text| text.trim_end_matches('='));
        let written = |name| unpadded(name).filter(|text| !text.is_empty()).and_then(KeyId::parse);
        let first = members.get("x5c").and_then(Value::as_array).and_then(|chain| chain.first());
        let certificate = first.and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
        let computed = |algorithm| {
            let digest = digest::digest(algorithm, certificate.as_deref()?);
            KeyId::parse(&URL_SAFE_NO_PAD.encode(digest))
        };
        Self {
            sha256: written(SHA256_MEMBER).or_else(|| computed(&SHA256)),
            sha1: written(SHA1_MEMBER).or_else(|| computed(&SHA1_FOR_LEGACY_USE_ONLY)),
        }
    }

    /// Adds the members to a JWK.
    pub(super) fn write_jwk(&self, jwk: &mut Map<String, Value>) {
        for (name, thumbprint) in [(SHA256_MEMBER, &self.sha256), (SHA1_MEMBER, &self.sha1)] {
            if let Some(thumbprint) = thumbprint {
                jwk.insert(name.to_owned(), thumbprint.as_str().into());
            }
        }
    }
}

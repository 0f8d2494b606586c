//! By what a denial can name a verified token, made once when the token is verified, so that a request with a remembered
//! one hashes nothing.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::{Claims, DenialKind, Digest, KeyedHash};

/// What denials can name of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The second in which it was issued; `None` when it does not say.
    issued: Option<u64>,
    issuer: KeyedHash,
    names: Box<[Name]>,
    /// The token itself: hashed when a denial of a single token is there, or a stream begins, which is seldom.
    token: OnceLock<KeyedHash>,
}

/// One of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) kind: DenialKind,
    /// Who gave the name.
    pub(super) issuer: KeyedHash,
    pub(super) value: KeyedHash,
}

impl Principal {
    /// That of a token of this issuer with these verified claims, whose caller was identified by these names.
    #[must_use]
    pub fn of(issuer: &str, claims: &Claims, identified: &[(DenialKind, Option<&str>)]) -> Self {
        let own = KeyedHash::of(issuer);
        let name = |kind, value: &str| Name { kind, issuer: own, value: KeyedHash::of(value) };
        let session = (DenialKind::Sid, claims.text("sid"));
        let single = identified.iter().copied().chain([session]);
        let single = single.filter_map(|(kind, value)| Some(name(kind, value?)));
        let actors = actors(claims)
            .map(|(by, sub)| Name { issuer: by.map_or(own, KeyedHash::of), ..name(DenialKind::Act, sub) });
        Self {
            issued: claims.get("iat").and_then(Value::as_f64).map(whole_seconds),
            issuer: own,
            names: single.chain(actors).collect(),
            token: OnceLock::new(),
        }
    }

    /// Remembers which token it is: `signed` gives the digest of what was signed, and is called once in the life of a token.
    pub fn know_token(&self, signed: impl FnOnce() -> Option<Digest>) {
        if self.token.get().is_none()
            && let Some(signed) = signed()
        {
            // Another request with the same token may have been quicker; it says the same.
            let _known = self.token.set(KeyedHash::of(signed.as_bytes()));
        }
    }

    /// The second in which it was issued.
    pub(super) const fn issued(&self) -> Option<u64> {
        self.issued
    }

    pub(super) const fn names(&self) -> &[Name] {
        &self.names
    }

    /// The name of the token itself, when its hash is known.
    pub(super) fn known_token(&self) -> Option<Name> {
        let value = *self.token.get()?;
        Some(Name { kind: DenialKind::TokenSha256, issuer: self.issuer, value })
    }
}

/// The actors, the outermost first: who gave each its name, where that is said, and the name.
fn actors(claims: &Claims) -> impl Iterator<Item = (Option<&str>, &str)> {
    let all = std::iter::successors(claims.get("act").and_then(Value::as_object), |act| inner(act));
    all.filter_map(|act| Some((act.get("iss").and_then(Value::as_str), act.get("sub")?.as_str()?)))
}

fn inner(act: &Map<String, Value>) -> Option<&Map<String, Value>> {
    act.get("act")?.as_object()
}

/// A `NumericDate` without its fraction. A negative one, which no token has that was accepted, is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion from a float stays within the bounds of the integer, which are the right ends here"
)]
const fn whole_seconds(at: f64) -> u64 {
    at as u64
}

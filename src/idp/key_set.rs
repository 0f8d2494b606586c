//! An immutable set of one provider's keys, and the rules that select the key of a token.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::model::{Algorithm, AlgorithmSet, KeyId};

use super::VerificationKey;
use super::key_name::KeyName;

/// Why a set has no key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoMatch {
    /// No key has that `kid` or thumbprint; or the token names no key, and not exactly one fits.
    UnknownKid,
    /// The key exists, but does not verify that algorithm.
    WrongAlgorithm,
}

/// The keys that may have made a signature: at least one, at most four.
#[derive(Debug, Clone, Default)]
pub struct Candidates([Option<Arc<VerificationKey>>; Candidates::MAX]);

impl Candidates {
    /// At most this many keys of one `kid` are tried, so that a token costs at most four signature checks. Providers
    /// that reuse a `kid` do so for one key per algorithm, or during a rotation.
    pub const MAX: usize = 4;

    fn gather<'a>(keys: impl Iterator<Item = &'a Arc<VerificationKey>>) -> Option<Self> {
        let mut found = Self::default();
        for (slot, key) in found.0.iter_mut().zip(keys) {
            *slot = Some(Arc::clone(key));
        }
        found.0.first().is_some_and(Option::is_some).then_some(found)
    }

    /// The keys, in the order of the set.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<VerificationKey>> {
        self.0.iter().flatten()
    }
}

/// An immutable set of keys of one provider.
#[derive(Debug)]
pub struct KeySet {
    /// Unique among the sets of this process; never zero, which callers use for "none".
    number: u64,
    keys: Vec<Arc<VerificationKey>>,
    by_kid: Named,
    by_sha256: Named,
    by_sha1: Named,
}

/// Keys by a name, which several keys may share.
type Named = HashMap<KeyId, Vec<Arc<VerificationKey>>>;

impl KeySet {
    /// A set of `keys` in the given order.
    pub(super) fn new(keys: Vec<Arc<VerificationKey>>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let by = |name: fn(&VerificationKey) -> Option<&KeyId>| {
            let mut named = Named::new();
            for key in &keys {
                if let Some(name) = name(key) {
                    named.entry(name.clone()).or_default().push(Arc::clone(key));
                }
            }
            named
        };
        let (by_kid, by_sha256) = (by(VerificationKey::kid), by(|key| key.thumbprints().sha256.as_ref()));
        let by_sha1 = by(|key| key.thumbprints().sha1.as_ref());
        Self { number, keys, by_kid, by_sha256, by_sha1 }
    }

    /// The number of this set, unique in the process.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The number of keys.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys, in the order in which the provider lists them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<VerificationKey>> {
        self.keys.iter()
    }

    /// The keys that may have signed a token with this header.
    pub(super) fn find(&self, name: KeyName<'_>, algorithm: Algorithm) -> Result<Candidates, NoMatch> {
        let keys = match name.kid {
            Some(kid) => match self.by_kid.get(kid) {
                Some(keys) => keys.as_slice(),
                None => self.nameless_only_key().ok_or(NoMatch::UnknownKid)?,
            },
            None => match self.by_thumbprint(name) {
                Some(keys) => keys,
                // A certificate may be renewed, or not be published, while the key stays.
                None => return self.only_fitting(algorithm),
            },
        };
        Candidates::gather(keys.iter().filter(|k| k.fits(algorithm))).ok_or(NoMatch::WrongAlgorithm)
    }

    fn by_thumbprint(&self, name: KeyName<'_>) -> Option<&[Arc<VerificationKey>]> {
        let sha256 = name.sha256.and_then(|thumbprint| self.by_sha256.get(thumbprint));
        let found = sha256.or_else(|| name.sha1.and_then(|thumbprint| self.by_sha1.get(thumbprint)));
        found.map(Vec::as_slice)
    }

    /// The key for a token that names no key of the set: the one that fits, when there is exactly one.
    fn only_fitting(&self, algorithm: Algorithm) -> Result<Candidates, NoMatch> {
        let mut fitting = self.keys.iter().filter(|k| k.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Candidates::gather(std::iter::once(key)).ok_or(NoMatch::UnknownKid),
            (None, _) if self.nameless_only_key().is_some() => Err(NoMatch::WrongAlgorithm),
            _ => Err(NoMatch::UnknownKid),
        }
    }

    /// The key that every `kid` selects: the only one of the set, without a `kid` of its own (a PEM key).
    fn nameless_only_key(&self) -> Option<&[Arc<VerificationKey>]> {
        match self.keys.as_slice() {
            [key] if key.kid().is_none() => Some(&self.keys),
            _ => None,
        }
    }

    /// The same set, with the `Arc`s of `previous` for the keys that both have. A cached verdict is valid while the
    /// current set holds the same `Arc`, so it lives exactly as long as the provider publishes its key.
    pub(super) fn sharing_with(self, previous: &Self) -> Self {
        let same = |key: Arc<VerificationKey>| {
            let peers = key.kid().map_or(Some(&previous.keys), |kid| previous.by_kid.get(kid));
            peers.and_then(|peers| peers.iter().find(|k| **k == key)).map_or(key, Arc::clone)
        };
        Self::new(self.keys.into_iter().map(same).collect())
    }

    /// The keys that another policy allows; `None` when there are none.
    pub(super) fn rebound(&self, allowed: AlgorithmSet) -> Option<Self> {
        let keys: Vec<_> = self.keys.iter().filter_map(|k| k.rebound(allowed).map(Arc::new)).collect();
        (!keys.is_empty()).then(|| Self::new(keys))
    }

    /// The set as a JWK set with public members alone (RFC 7517 section 5).
    #[must_use]
    pub fn to_jwks(&self) -> Value {
        json!({ "keys": self.keys.iter().map(|k| k.to_jwk()).collect::<Vec<_>>() })
    }
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Eq for KeySet {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idp::fixtures::{signer, with};
    use crate::idp::parse_key_set;
    use base64::Engine as _;

    fn set(keys: &[Value]) -> KeySet {
        parse_key_set(json!({ "keys": keys }).to_string().as_bytes(), AlgorithmSet::all()).unwrap().keys
    }

    fn ed(kid: &str) -> Value {
        with(signer(Algorithm::EdDsa).bare_jwk(), json!({ "kid": kid }))
    }

    fn es(kid: &str) -> Value {
        with(signer(Algorithm::Es256).bare_jwk(), json!({ "kid": kid }))
    }

    fn nameless(algorithm: Algorithm) -> Value {
        signer(algorithm).bare_jwk()
    }

    #[test]
    fn kid_and_algorithm_select_the_keys_of_a_token() {
        use Algorithm::{EdDsa, Es256};
        use NoMatch::{UnknownKid, WrongAlgorithm};
        let two = [ed("a"), es("b")];
        let twice = [ed("a"), es("a"), ed("a")];
        let same = [ed("a"), ed("b")];
        let mixed = [nameless(EdDsa), es("b")];
        let pem = [nameless(Es256)];
        let one = [ed("a")];
        for (name, keys, kid, algorithm, want) in [
            ("named", &two[..], Some("a"), EdDsa, Ok(1)),
            ("named, other algorithm", &two, Some("a"), Es256, Err(WrongAlgorithm)),
            ("not there", &two, Some("c"), EdDsa, Err(UnknownKid)),
            ("kids are compared exactly", &two, Some("A"), EdDsa, Err(UnknownKid)),
            ("same kid twice, by algorithm", &twice, Some("a"), EdDsa, Ok(2)),
            ("same kid twice, the other", &twice, Some("a"), Es256, Ok(1)),
            ("no kid, one fits", &two, None, EdDsa, Ok(1)),
            ("no kid, several fit", &same, None, EdDsa, Err(UnknownKid)),
            ("no kid, none fits", &same, None, Es256, Err(UnknownKid)),
            ("no kid, one key of another algorithm", &one, None, Es256, Err(UnknownKid)),
            ("only key without kid fits any kid", &pem, Some("x"), Es256, Ok(1)),
            ("only key without kid, no kid", &pem, None, Es256, Ok(1)),
            ("only key without kid, other algorithm", &pem, Some("x"), EdDsa, Err(WrongAlgorithm)),
            ("only key without kid, neither", &pem, None, EdDsa, Err(WrongAlgorithm)),
            ("a key without kid beside others fits no kid", &mixed, Some("x"), EdDsa, Err(UnknownKid)),
            ("a key without kid beside others, no kid", &mixed, None, EdDsa, Ok(1)),
            ("the only key with a kid fits no other", &one, Some("x"), EdDsa, Err(UnknownKid)),
        ] {
            let found = set(keys).find(kid.into(), algorithm).map(|c| c.iter().count());
            assert_eq!(found, want, "{name}");
        }
    }

    #[test]
    fn a_thumbprint_names_a_key_where_there_is_no_kid() {
        use NoMatch::{UnknownKid, WrongAlgorithm};
        let certificate = base64::engine::general_purpose::STANDARD.encode(b"a certificate");
        // Of those bytes.
        let sha1 = "u7K3sU8iT_bqOGj5gDJAQGcmt3w";
        let sha256 = "gazXYhQPppKhQoItL75NxvVLyqUB9oqzflru0Lr-TZk";
        let keys = set(&[
            with(ed("a"), json!({"x5t": "one", "x5t#S256": "two", "x5c": [certificate]})),
            with(ed("b"), json!({"x5t": "three=", "x5c": ["no base64"]})),
            with(ed("c"), json!({"x5c": [certificate, "MII"]})),
            with(ed("d"), json!({"x5t": 1, "x5t#S256": "", "x5c": "MII"})),
            with(es("e"), json!({"x5t": "one"})),
        ]);
        let found = |name: KeyName<'_>, algorithm| {
            let kid = |key: &Arc<VerificationKey>| key.kid().unwrap().to_string();
            keys.find(name, algorithm).map(|found| found.iter().map(kid).collect::<String>())
        };
        for (kid, s256, s1, algorithm, wanted) in [
            (None, None, Some("one"), Algorithm::EdDsa, Ok("a")),
            (None, None, Some("one"), Algorithm::Es256, Ok("e")),
            (None, None, Some("three"), Algorithm::EdDsa, Ok("b")),
            (None, None, Some("three"), Algorithm::Es256, Err(WrongAlgorithm)),
            (None, Some("two"), None, Algorithm::EdDsa, Ok("a")),
            (None, Some("two"), Some("three"), Algorithm::EdDsa, Ok("a")),
            (None, Some("gone"), Some("three"), Algorithm::EdDsa, Ok("b")),
            (None, None, Some(sha1), Algorithm::EdDsa, Ok("c")),
            (None, Some(sha256), None, Algorithm::EdDsa, Ok("c")),
            (None, Some("gone"), Some("gone"), Algorithm::EdDsa, Err(UnknownKid)),
            (None, Some("one"), Some("two"), Algorithm::EdDsa, Err(UnknownKid)),
            (None, None, Some("gone"), Algorithm::Es256, Ok("e")),
            (Some("b"), Some("two"), Some("one"), Algorithm::EdDsa, Ok("b")),
            (Some("gone"), Some("two"), Some("one"), Algorithm::EdDsa, Err(UnknownKid)),
        ] {
            let name = KeyName { kid, sha256: s256, sha1: s1 };
            assert_eq!(found(name, algorithm), wanted.map(str::to_owned), "{name:?} {algorithm}");
        }
        // A set restored from disk has the same names for its keys.
        let kept = parse_key_set(keys.to_jwks().to_string().as_bytes(), AlgorithmSet::all()).unwrap().keys;
        assert_eq!(kept, keys);
    }

    #[test]
    fn at_most_four_keys_of_a_kid_are_tried() {
        let keys: Vec<Value> = (0..6).map(|_| ed("a")).collect();
        let keys = set(&keys);
        assert_eq!(keys.len(), 6);
        assert_eq!(keys.find(Some("a").into(), Algorithm::EdDsa).unwrap().iter().count(), 4);
    }

    #[test]
    fn keys_that_stay_keep_their_arc_and_withdrawn_ones_are_dropped() {
        let (a, b, c) = (ed("a"), ed("b"), nameless(Algorithm::EdDsa));
        let first = set(&[a.clone(), b, c.clone()]);
        let old: Vec<_> = first.iter().cloned().collect();
        let second = set(&[c, a]).sharing_with(&first);
        let holds = |set: &KeySet, key| set.iter().any(|k| Arc::ptr_eq(k, key));
        assert_eq!(old.iter().map(|k| holds(&second, k)).collect::<Vec<_>>(), [true, false, true]);
        assert!(second.iter().all(|k| holds(&first, k)));
        assert_ne!(first.number(), second.number());
        let other = set(&[ed("a")]).sharing_with(&first);
        assert!(!holds(&other, &old[0]), "another key under the same kid is another key");
    }

    #[test]
    fn a_narrower_policy_keeps_the_keys_that_it_allows() {
        let keys = set(&[ed("a"), es("b")]);
        let left = keys.rebound([Algorithm::Es256].into_iter().collect()).unwrap();
        assert_eq!(left.iter().filter_map(|k| k.kid()).map(KeyId::as_str).collect::<Vec<_>>(), ["b"]);
        assert_eq!(keys.rebound([Algorithm::Rs256].into_iter().collect()), None);
    }
}

//! The keys of one provider at one moment, immutable, and the rules by which a token finds its key.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::model::{Algorithm, AlgorithmSet, KeyId};

use super::VerificationKey;

/// Why no key of a set fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoMatch {
    /// No key answers to that `kid`, or, without one, it is not clear which key is meant.
    UnknownKid,
    /// The key is there, but it is not one of that algorithm.
    WrongAlgorithm,
}

/// The keys that may have made a signature: at least one, at most four.
#[derive(Debug, Clone, Default)]
pub struct Candidates([Option<Arc<VerificationKey>>; Candidates::MAX]);

impl Candidates {
    /// So many keys of one `kid` are tried at most.
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
    /// Tells the sets of one process apart; never nought.
    number: u64,
    keys: Vec<Arc<VerificationKey>>,
    by_kid: HashMap<KeyId, Vec<Arc<VerificationKey>>>,
}

impl KeySet {
    /// A set of `keys`, in their order.
    pub(super) fn new(keys: Vec<Arc<VerificationKey>>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut by_kid: HashMap<KeyId, Vec<Arc<VerificationKey>>> = HashMap::new();
        for key in &keys {
            if let Some(kid) = key.kid() {
                by_kid.entry(kid.clone()).or_default().push(Arc::clone(key));
            }
        }
        Self { number, keys, by_kid }
    }

    /// The number of this set, which no other set of the process has.
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
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Candidates, NoMatch> {
        let Some(kid) = kid else {
            return self.only_fitting(algorithm);
        };
        let keys = match self.by_kid.get(kid) {
            Some(keys) => keys.as_slice(),
            None => self.nameless_only_key().ok_or(NoMatch::UnknownKid)?,
        };
        Candidates::gather(keys.iter().filter(|k| k.fits(algorithm))).ok_or(NoMatch::WrongAlgorithm)
    }

    /// For a token without `kid`: the key that fits, when there is exactly one.
    fn only_fitting(&self, algorithm: Algorithm) -> Result<Candidates, NoMatch> {
        let mut fitting = self.keys.iter().filter(|k| k.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Candidates::gather(std::iter::once(key)).ok_or(NoMatch::UnknownKid),
            (None, _) if self.nameless_only_key().is_some() => Err(NoMatch::WrongAlgorithm),
            _ => Err(NoMatch::UnknownKid),
        }
    }

    /// The key that any `kid` means: it has none of its own and is the only one (a PEM key).
    fn nameless_only_key(&self) -> Option<&[Arc<VerificationKey>]> {
        match self.keys.as_slice() {
            [key] if key.kid().is_none() => Some(&self.keys),
            _ => None,
        }
    }

    /// The same set, with the shares of `previous` for the keys that both have: who remembers a key by its
    /// share (a cached verdict) keeps it exactly as long as the provider does.
    pub(super) fn sharing_with(self, previous: &Self) -> Self {
        let same = |key: Arc<VerificationKey>| {
            let peers = key.kid().map_or(Some(&previous.keys), |kid| previous.by_kid.get(kid));
            peers.and_then(|peers| peers.iter().find(|k| **k == key)).map_or(key, Arc::clone)
        };
        Self::new(self.keys.into_iter().map(same).collect())
    }

    /// What is left of the set under another policy; `None` when that is nothing.
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
    use crate::keys::fixtures::{Signer, with};
    use crate::keys::parse_key_set;

    fn set(keys: &[Value]) -> KeySet {
        parse_key_set(json!({ "keys": keys }).to_string().as_bytes(), AlgorithmSet::all()).unwrap().keys
    }

    fn ed(kid: &str) -> Value {
        with(Signer::new(Algorithm::EdDsa).jwk(), json!({ "kid": kid }))
    }

    fn es(kid: &str) -> Value {
        with(Signer::new(Algorithm::Es256).jwk(), json!({ "kid": kid }))
    }

    fn nameless(algorithm: Algorithm) -> Value {
        Signer::new(algorithm).jwk()
    }

    #[test]
    fn a_token_finds_its_key_by_the_rules() {
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
            let found = set(keys).find(kid, algorithm).map(|c| c.iter().count());
            assert_eq!(found, want, "{name}");
        }
    }

    #[test]
    fn at_most_four_keys_of_a_kid_are_tried() {
        let keys: Vec<Value> = (0..6).map(|_| ed("a")).collect();
        let keys = set(&keys);
        assert_eq!(keys.len(), 6);
        assert_eq!(keys.find(Some("a"), Algorithm::EdDsa).unwrap().iter().count(), 4);
    }

    #[test]
    fn keys_that_stay_keep_their_share_and_withdrawn_ones_are_not_held() {
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
    fn a_narrower_policy_leaves_what_it_allows() {
        let keys = set(&[ed("a"), es("b")]);
        let left = keys.rebound([Algorithm::Es256].into_iter().collect()).unwrap();
        assert_eq!(left.iter().filter_map(|k| k.kid()).map(KeyId::as_str).collect::<Vec<_>>(), ["b"]);
        assert_eq!(keys.rebound([Algorithm::Rs256].into_iter().collect()), None);
    }
}

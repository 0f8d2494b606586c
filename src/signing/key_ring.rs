//! The keys of the gateway at one point in time: the one that signs by each algorithm, and the set that others verify with.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::key::SigningKey;
use super::key_error::KeyError;
use super::key_plan::KeyPlan;
use super::private_set::{self, DatedKey};
use crate::model::{Instant, SigningAlgorithm};

/// The keys of the gateway.
#[derive(Clone, Default)]
pub struct KeyRing {
    es256: Option<DatedKey>,
    eddsa: Option<DatedKey>,
    published: Arc<str>,
}

/// Where the keys are from.
#[derive(Debug, Clone)]
pub enum SigningFrom {
    /// From a file that the operator keeps.
    File(Arc<KeyRing>),
    /// The gateway makes them.
    Own(KeyPlan),
}

impl KeyRing {
    /// The keys in a private JWK set: the first of each algorithm signs, and all are published.
    ///
    /// # Errors
    /// What is wrong with the set.
    pub fn of_file(text: &[u8]) -> Result<Self, KeyError> {
        let keys = private_set::read(text)?;
        Ok(Self::new(&keys, |algorithm| {
            keys.iter().find(|dated| dated.key.algorithm() == algorithm).cloned()
        }))
    }

    /// Those of the gateway's making, in the order of their times.
    #[must_use]
    pub fn planned(keys: &[DatedKey], plan: &KeyPlan, now: Instant) -> Self {
        Self::new(keys, |algorithm| plan.signer(keys, algorithm, now))
    }

    fn new(keys: &[DatedKey], signer: impl Fn(SigningAlgorithm) -> Option<DatedKey>) -> Self {
        let public: Vec<Value> = keys.iter().map(|dated| dated.key.public_jwk()).collect();
        Self {
            es256: signer(SigningAlgorithm::Es256),
            eddsa: signer(SigningAlgorithm::EdDsa),
            published: json!({ "keys": public }).to_string().into(),
        }
    }

    /// The key that signs by this algorithm; `None` where nothing does, or before there is one.
    #[must_use]
    pub fn signer(&self, algorithm: SigningAlgorithm) -> Option<&SigningKey> {
        self.dated(algorithm).map(|dated| &*dated.key)
    }

    /// When the key that signs by this algorithm was made; `None` where nobody has written that down.
    #[must_use]
    pub fn made(&self, algorithm: SigningAlgorithm) -> Option<Instant> {
        self.dated(algorithm).map(|dated| dated.made).filter(|made| made.unix() > 0)
    }

    /// The JWK set that others verify with; empty before there is a key.
    #[must_use]
    pub fn published(&self) -> &str {
        &self.published
    }

    const fn dated(&self, algorithm: SigningAlgorithm) -> Option<&DatedKey> {
        match algorithm {
            SigningAlgorithm::Es256 => self.es256.as_ref(),
            SigningAlgorithm::EdDsa => self.eddsa.as_ref(),
        }
    }
}

impl PartialEq for KeyRing {
    fn eq(&self, other: &Self) -> bool {
        let kids =
            |ring: &Self| [&ring.es256, &ring.eddsa].map(|dated| Some(*dated.as_ref()?.key.thumbprint()));
        self.published == other.published && kids(self) == kids(other)
    }
}

impl Eq for KeyRing {}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("es256", &self.es256)
            .field("eddsa", &self.eddsa)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::SigningAlgorithm::{EdDsa, Es256};
    use super::*;

    #[test]
    fn of_a_file_the_first_key_of_each_algorithm_signs_and_all_are_published() {
        let made = |(algorithm, at)| DatedKey::generate(algorithm, Instant::from_unix(at)).unwrap();
        let keys = [(EdDsa, 9), (Es256, 0), (EdDsa, 7), (Es256, 8)].map(made);
        let ring = |keys: &[DatedKey]| {
            let text = private_set::write(keys);
            KeyRing::of_file(text.expose_secret().as_bytes()).unwrap()
        };
        let all = ring(&keys);
        let kid = |algorithm| all.signer(algorithm).unwrap().kid();
        assert_eq!((kid(EdDsa), kid(Es256)), (keys[0].key.kid(), keys[1].key.kid()));
        // The epoch is no time at which a key was made.
        assert_eq!((all.made(EdDsa), all.made(Es256)), (Some(Instant::from_unix(9)), None));
        assert_eq!(all.published().matches("\"kid\"").count(), 4);
        assert!(!all.published().contains("\"d\""), "nothing private is published");
        let one = ring(&keys[1..2]);
        assert!(one.signer(EdDsa).is_none() && one.signer(Es256).is_some());
        assert_ne!(one, all);
    }
}

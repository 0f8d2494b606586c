//! The keys of the gateway at one point in time: the one that signs, and the set that others verify with.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::key::{KeyError, SigningKey};
use super::private_set::{self, DatedKey};
use super::schedule::Schedule;
use crate::model::Instant;

/// The keys of the gateway.
#[derive(Clone, Default)]
pub struct KeyRing {
    signer: Option<Arc<SigningKey>>,
    /// When that was made, where that is written down.
    made: Option<Instant>,
    published: Arc<str>,
}

/// Where the keys are from.
#[derive(Debug, Clone)]
pub enum SigningFrom {
    /// From a file that the operator keeps.
    File(Arc<KeyRing>),
    /// The gateway makes them.
    Own(Schedule),
}

impl KeyRing {
    /// The keys in a private JWK set: the first signs, and all are published.
    ///
    /// # Errors
    /// What is wrong with the set.
    pub fn of_file(text: &[u8]) -> Result<Self, KeyError> {
        let keys = private_set::read(text)?;
        Ok(Self::new(&keys, Some(0)))
    }

    /// Those of the gateway's making, in the order of their times.
    #[must_use]
    pub fn scheduled(keys: &[DatedKey], schedule: Schedule, now: Instant) -> Self {
        let made: Vec<Instant> = keys.iter().map(|dated| dated.made).collect();
        Self::new(keys, schedule.signer(&made, now))
    }

    fn new(keys: &[DatedKey], signer: Option<usize>) -> Self {
        let signer = signer.and_then(|signer| keys.get(signer));
        let made = signer.map(|dated| dated.made).filter(|made| made.unix() > 0);
        let signer = signer.map(|dated| Arc::clone(&dated.key));
        let public: Vec<Value> = keys.iter().map(|dated| dated.key.public_jwk()).collect();
        Self { signer, made, published: json!({ "keys": public }).to_string().into() }
    }

    /// The key that signs; `None` before there is one.
    #[must_use]
    pub fn signer(&self) -> Option<&SigningKey> {
        self.signer.as_deref()
    }

    /// When the key that signs was made; `None` where nobody has written that down.
    #[must_use]
    pub const fn made(&self) -> Option<Instant> {
        self.made
    }

    /// The JWK set that others verify with; empty before there is a key.
    #[must_use]
    pub fn published(&self) -> &str {
        &self.published
    }
}

impl PartialEq for KeyRing {
    fn eq(&self, other: &Self) -> bool {
        let kid = |ring: &Self| ring.signer.as_ref().map(|key| key.kid().to_owned());
        self.published == other.published && kid(self) == kid(other)
    }
}

impl Eq for KeyRing {}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("signer", &self.signer).finish_non_exhaustive()
    }
}

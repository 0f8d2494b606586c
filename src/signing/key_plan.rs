//! What becomes of the keys of the gateway's making over time: for each algorithm in use they follow each other by the schedule,
//! and those of the others stay for as long as what they signed may be verified. No key is made that nothing is signed with.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::key::SigningKey;
use super::key_error::KeyError;
use super::private_set::DatedKey;
use super::schedule::Schedule;
use crate::model::{Instant, SigningAlgorithm};

/// Which keys there are to be. Lists of keys are in the order of their times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlan {
    /// When keys of one algorithm follow each other.
    pub schedule: Schedule,
    /// The algorithms by which something is signed.
    pub algorithms: BTreeSet<SigningAlgorithm>,
}

/// A key that was made ahead of its time.
#[derive(Debug, Clone)]
pub struct NextKey {
    /// The key.
    pub key: Arc<SigningKey>,
    /// How long it is until it signs; nothing for the first one of its algorithm.
    pub signs_in: Duration,
}

impl KeyPlan {
    /// Whether the keys are as they should be.
    pub(super) fn is_met(&self, keys: &[DatedKey], now: Instant) -> bool {
        SigningAlgorithm::ALL.iter().all(|algorithm| {
            let made = made(&of(keys, *algorithm));
            if self.algorithms.contains(algorithm) {
                !self.schedule.is_due(&made, now) && self.schedule.first_kept(&made, now) == 0
            } else {
                made.is_empty() || !self.schedule.is_over(&made, now)
            }
        })
    }

    /// Makes the keys that are due, and drops those that nobody needs any more.
    pub(super) fn succeed(&self, keys: &mut Vec<DatedKey>, now: Instant) -> Result<(), KeyError> {
        let mut all = Vec::new();
        for algorithm in SigningAlgorithm::ALL {
            let mut own = of(keys, *algorithm);
            if self.algorithms.contains(algorithm) {
                if self.schedule.is_due(&made(&own), now) {
                    own.push(DatedKey::generate(*algorithm, now)?);
                }
                own.drain(..self.schedule.first_kept(&made(&own), now));
            } else if self.schedule.is_over(&made(&own), now) {
                own.clear();
            }
            all.append(&mut own);
        }
        all.sort_by_key(|dated| dated.made);
        *keys = all;
        Ok(())
    }

    /// Makes the next key of each of these algorithms ahead of its time, but where one waits already.
    pub(super) fn add_next(
        &self,
        keys: &mut Vec<DatedKey>,
        algorithms: &BTreeSet<SigningAlgorithm>,
        now: Instant,
    ) -> Result<Vec<NextKey>, KeyError> {
        let mut added = Vec::new();
        for algorithm in algorithms.intersection(&self.algorithms) {
            let made = made(&of(keys, *algorithm));
            if self.schedule.has_next(&made, now) {
                continue;
            }
            let next = DatedKey::generate(*algorithm, now)?;
            let signs_in = if made.is_empty() { Duration::ZERO } else { self.schedule.publish_before };
            added.push(NextKey { key: Arc::clone(&next.key), signs_in });
            keys.push(next);
        }
        Ok(added)
    }

    /// The key that signs by this algorithm; `None` where nothing is signed by it, or there is none yet.
    pub(super) fn signer(
        &self,
        keys: &[DatedKey],
        algorithm: SigningAlgorithm,
        now: Instant,
    ) -> Option<DatedKey> {
        if !self.algorithms.contains(&algorithm) {
            return None;
        }
        let mut own = of(keys, algorithm);
        let signer = self.schedule.signer(&made(&own), now)?;
        (signer < own.len()).then(|| own.swap_remove(signer))
    }
}

/// The keys of one algorithm.
fn of(keys: &[DatedKey], algorithm: SigningAlgorithm) -> Vec<DatedKey> {
    keys.iter().filter(|dated| dated.key.algorithm() == algorithm).cloned().collect()
}

/// When each of the keys was made.
fn made(keys: &[DatedKey]) -> Vec<Instant> {
    keys.iter().map(|dated| dated.made).collect()
}

#[cfg(test)]
mod tests {
    use super::SigningAlgorithm::{EdDsa, Es256};
    use super::*;

    const DAY: u64 = 86_400;

    fn plan(algorithms: &[SigningAlgorithm]) -> KeyPlan {
        let schedule =
            Schedule { rotate: Duration::from_secs(30 * DAY), publish_before: Duration::from_secs(DAY) };
        KeyPlan { schedule, algorithms: algorithms.iter().copied().collect() }
    }

    /// Follows the plan on this day, and gives the algorithms of the keys that are there then.
    fn on(day: u64, plan: &KeyPlan, keys: &mut Vec<DatedKey>) -> Vec<SigningAlgorithm> {
        let now = Instant::from_unix(day * DAY);
        let (was_met, before) = (plan.is_met(keys, now), names(keys));
        plan.succeed(keys, now).unwrap();
        assert_eq!(was_met, before == names(keys), "what is not as it should be is changed, on day {day}");
        assert!(plan.is_met(keys, now), "on day {day}");
        assert!(keys.is_sorted_by_key(|dated| dated.made), "on day {day}");
        keys.iter().map(|dated| dated.key.algorithm()).collect()
    }

    fn names(keys: &[DatedKey]) -> Vec<String> {
        keys.iter().map(|dated| dated.key.kid().to_owned()).collect()
    }

    #[test]
    fn each_algorithm_in_use_has_keys_that_follow_each_other_and_no_other_has_any() {
        let (one, both) = (plan(&[Es256]), plan(&[Es256, EdDsa]));
        let mut keys = Vec::new();
        assert_eq!(on(100, &one, &mut keys), [Es256]);
        assert_eq!(on(110, &both, &mut keys), [Es256, EdDsa]);
        let signer = |keys: &[DatedKey], algorithm, day| {
            let signer = both.signer(keys, algorithm, Instant::from_unix(day * DAY)).unwrap();
            (signer.key.algorithm(), signer.made.unix() / DAY)
        };
        // The first one of each signs at once.
        assert_eq!((signer(&keys, Es256, 110), signer(&keys, EdDsa, 110)), ((Es256, 100), (EdDsa, 110)));
        assert_eq!(on(130, &both, &mut keys), [Es256, EdDsa, Es256]);
        assert_eq!((signer(&keys, Es256, 130), signer(&keys, EdDsa, 130)), ((Es256, 100), (EdDsa, 110)));
        assert_eq!((signer(&keys, Es256, 131), signer(&keys, EdDsa, 131)), ((Es256, 130), (EdDsa, 110)));
        assert_eq!(on(140, &both, &mut keys), [Es256, EdDsa, Es256, EdDsa]);
        assert_eq!(on(160, &both, &mut keys), [Es256, EdDsa, Es256, EdDsa, Es256]);
        assert_eq!(on(161, &both, &mut keys), [EdDsa, Es256, EdDsa, Es256]);
    }

    #[test]
    fn keys_of_an_algorithm_that_nothing_uses_any_more_are_published_on_and_sign_nothing() {
        let (both, one) = (plan(&[Es256, EdDsa]), plan(&[EdDsa]));
        let mut keys = Vec::new();
        assert_eq!(on(100, &both, &mut keys), [Es256, EdDsa]);
        let before = names(&keys);
        assert_eq!(on(101, &one, &mut keys), [Es256, EdDsa]);
        assert!(one.signer(&keys, Es256, Instant::from_unix(101 * DAY)).is_none());
        // Whoever wants it again has the key of before, which everybody knows.
        assert_eq!(on(102, &both, &mut keys), [Es256, EdDsa]);
        assert_eq!(names(&keys), before);
        assert_eq!(on(130, &one, &mut keys), [Es256, EdDsa, EdDsa]);
        assert_eq!(on(160, &one, &mut keys), [Es256, EdDsa, EdDsa, EdDsa]);
        assert_eq!(on(161, &one, &mut keys), [EdDsa, EdDsa]);
    }

    #[test]
    fn the_next_key_of_an_algorithm_is_made_ahead_of_its_time_once() {
        let both = plan(&[Es256, EdDsa]);
        let now = Instant::from_unix(100 * DAY);
        let all = both.algorithms.clone();
        let mut keys = Vec::new();
        let mut add = |plan: &KeyPlan, which: &BTreeSet<SigningAlgorithm>| -> Vec<_> {
            let added = plan.add_next(&mut keys, which, now).unwrap();
            added.iter().map(|next| (next.key.algorithm(), next.signs_in.as_secs() / DAY)).collect()
        };
        let eddsa = BTreeSet::from([EdDsa]);
        assert!(add(&plan(&[Es256]), &eddsa).is_empty(), "nothing is signed by it");
        assert_eq!(add(&both, &eddsa), [(EdDsa, 0)]);
        assert_eq!(add(&both, &all), [(Es256, 0), (EdDsa, 1)]);
        assert_eq!(add(&both, &all), [(Es256, 1)]);
        assert!(add(&both, &all).is_empty());
    }
}

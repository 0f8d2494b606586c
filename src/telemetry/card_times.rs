//! When the card of each agent was last had: the ages on the page are made from it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Clock as _, Instant, SystemClock};

use super::families::Families;

/// The times, by the name of the agent.
#[derive(Debug, Default)]
pub(super) struct CardTimes(Mutex<HashMap<String, Instant>>);

impl CardTimes {
    pub(super) fn had(&self, agent: &str, now: Instant) {
        self.times().insert(agent.to_owned(), now);
    }

    pub(super) fn gone(&self, agent: &str) {
        self.times().remove(agent);
    }

    /// Sets the ages to what they are now.
    pub(super) fn look(&self, families: &Families) {
        let now = SystemClock.now();
        for (agent, at) in &*self.times() {
            let age = now.unix().saturating_sub(at.unix());
            families.card_age.of([agent]).set(i64::try_from(age).unwrap_or(i64::MAX));
        }
    }

    fn times(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The limits of a configuration, each with what it is known by from one configuration to the next: so a change keeps what was
//! spent, and places that are taken stay taken.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant as Tick;

use crate::limits::{Common, Fleetwide, Limit, LimitState, Measure};
use crate::model::{AgentName, Instant, KeyedHash, ProviderName};

/// The limits.
#[derive(Debug, Clone, Default)]
pub struct CallerLimits {
    state: Arc<LimitState>,
    known: BTreeMap<LimitId, (Arc<Limit>, Measure)>,
}

/// What a limit is known by: one whose name, place or kind is another begins anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LimitId {
    pub(super) place: LimitPlace,
    pub(super) name: Arc<str>,
    pub(super) kind: LimitKind,
    /// How members count it together, where they do.
    pub(super) fleetwide: Option<Fleetwide>,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LimitKind {
    /// How often somebody asks.
    Rate,
    /// How many requests are under way.
    Concurrent,
    /// How many requests there are in a day or a month.
    Quota,
}

/// Where a limit stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LimitPlace {
    /// In any list, since it counts everywhere.
    Everywhere,
    /// Among those of all agents, in a file or in the store.
    Top,
    /// At an identity provider.
    Provider(ProviderName),
    /// At an agent.
    Agent(AgentName),
}

impl LimitId {
    /// What all members know the limit by.
    fn everywhere(&self) -> KeyedHash {
        let (kind, owner) = match &self.place {
            LimitPlace::Everywhere => ("everywhere", ""),
            LimitPlace::Top => ("top", ""),
            LimitPlace::Provider(name) => ("provider", name.as_str()),
            LimitPlace::Agent(name) => ("agent", name.as_str()),
        };
        let what = match self.kind {
            LimitKind::Rate | LimitKind::Concurrent => "limit",
            LimitKind::Quota => "quota",
        };
        KeyedHash::common(&[what, kind, owner, &self.name])
    }
}

impl CallerLimits {
    /// None yet, after those that run. `keys` is how many buckets the process may have, where there were none before.
    pub(super) fn after(before: Option<&Self>, keys: usize) -> Self {
        let state =
            before.map_or_else(|| Arc::new(LimitState::new(keys)), |before| Arc::clone(&before.state));
        Self { state, known: BTreeMap::new() }
    }

    /// The limit that is known by this: the one of before where there was one. `None` of a quota that nobody counts.
    pub(super) fn limit(
        &mut self,
        before: Option<&Self>,
        id: &LimitId,
        measure: Measure,
    ) -> Option<Arc<Limit>> {
        if let Some((limit, _)) = self.known.get(id) {
            return Some(Arc::clone(limit));
        }
        let before = before.and_then(|before| before.known.get(id)).map(|(limit, _)| Arc::clone(limit));
        let limit = before.map_or_else(|| self.new_limit(id, measure), Some)?;
        self.known.insert(id.clone(), (Arc::clone(&limit), measure));
        Some(limit)
    }

    fn new_limit(&self, id: &LimitId, measure: Measure) -> Option<Arc<Limit>> {
        let common = |permits, how| self.state.common_limit(permits, how, id.everywhere());
        match (measure, id.fleetwide) {
            (Measure::Rate(rate), Some(how)) => Some(common(Common::Rate(rate), how)),
            (Measure::Quota(quota), how) => Some(common(Common::Quota(quota), how?)),
            (Measure::Rate(rate), None) => Some(self.state.rate(rate)),
            (Measure::Concurrent(most), _) => Some(self.state.concurrent(most)),
        }
    }

    /// What is counted, over all configurations of the process.
    #[must_use]
    pub const fn state(&self) -> &Arc<LimitState> {
        &self.state
    }

    /// The limits permit from now on what stands here. Requests that were under way before count as well.
    pub fn settle(&self, at: Tick, now: Instant) {
        self.state.tell_time(at, now);
        self.state.settle(self.known.values().map(|(limit, measure)| (limit, *measure)), at);
    }

    /// The names of all limits.
    #[must_use]
    pub fn names(&self) -> HashSet<&str> {
        self.known.keys().map(|id| &*id.name).collect()
    }
}

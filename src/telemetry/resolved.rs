//! The families, and those of their handles that belong to no agent, provider or listener.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{AuthMethod, CacheLabel};

use super::agent_targets::AgentTargets;
use super::card_times::CardTimes;
use super::certificate_metrics::CertificateMetrics;
use super::config_metrics::ConfigMetrics;
use super::families::Families;
use super::histogram::Histogram;
use super::limit_table::LimitTable;
use super::replay_tables::ReplayTables;
use super::target_gauges::TargetGauges;
use super::task::Tasks;
use super::{InFlight, TokenCacheMetrics};

/// What all handles of one gateway share.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) families: Families,
    /// By method and by what the cache said.
    decision_durations: [[Arc<Histogram>; CacheLabel::ALL.len()]; AuthMethod::ALL.len()],
    pub(super) added_duration: Arc<Histogram>,
    pub(super) token_cache: TokenCacheMetrics,
    pub(super) config: ConfigMetrics,
    pub(super) in_flight: InFlight,
    pub(super) certificates: CertificateMetrics,
    pub(super) card_times: CardTimes,
    pub(super) targets: TargetGauges,
    pub(super) agent_targets: AgentTargets,
    pub(super) replay_tables: ReplayTables,
    pub(super) limit_table: LimitTable,
    pub(super) tasks: Tasks,
}

impl Resolved {
    pub(super) fn new(
        families: Families,
        certificates: CertificateMetrics,
        (targets, agent_targets, replay_tables): (TargetGauges, AgentTargets, ReplayTables),
    ) -> Self {
        let duration = |method: AuthMethod, cache: CacheLabel| {
            families.auth_duration.of([method.as_str(), cache.as_str()])
        };
        let methods = [AuthMethod::OAuth, AuthMethod::ApiKey, AuthMethod::Public, AuthMethod::None];
        let caches = [CacheLabel::Off, CacheLabel::Hit, CacheLabel::Miss];
        Self {
            decision_durations: methods.map(|method| caches.map(|cache| duration(method, cache))),
            added_duration: families.added_duration.of([]),
            token_cache: TokenCacheMetrics::new(&families),
            config: ConfigMetrics::new(&families),
            in_flight: InFlight::default(),
            certificates,
            card_times: CardTimes::default(),
            targets,
            agent_targets,
            replay_tables,
            limit_table: LimitTable::default(),
            tasks: Tasks::default(),
            families,
        }
    }

    /// Records how long a decision took.
    pub(super) fn decision_took(&self, method: AuthMethod, cache: CacheLabel, took: Duration) {
        let row = self.decision_durations.get(method as usize);
        if let Some(histogram) = row.and_then(|row| row.get(cache as usize)) {
            histogram.observe(took);
        }
    }
}

//! The registry, the handles that it gives, and the page that it makes of them.
//!
//! Series of agents and providers that are gone are dropped with [`Metrics::retain`].

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use prometheus::{Encoder as _, TextEncoder};

use crate::model::{
    AgentName, CertificateTerm, DenialKind, Denials, Instant, ProviderName, SigningAlgorithm,
};

use super::agent_targets::AgentTargets;
use super::certificate_metrics::CertificateMetrics;
use super::families::{self, Families};
use super::histogram::Histogram;
use super::lost_lines::LostLines;
use super::open_metrics::{self, Examples};
use super::replay_tables::ReplayTables;
use super::resolved::Resolved;
use super::target_gauges::TargetGauges;
use super::task::EndedTask;
use super::{
    AgentMetrics, AgentTargetsReading, CardMetrics, ConnectionMetrics, Declaration, EventMetrics,
    ExportMetrics, HandshakeMetrics, InFlight, Label, LimitMetrics, LimitTableReading, ProviderMetrics,
    SharedStateMetrics, SpanMetrics, StoreMetrics, TargetMetrics, TargetReading, TokenCacheMetrics,
};

/// What is configured by name: the series of everything else are dropped.
#[derive(Debug, Default)]
pub struct Configured<'a> {
    /// Agents.
    pub agents: HashSet<&'a str>,
    /// Identity providers.
    pub providers: HashSet<&'a str>,
    /// Targets of upstreams, by their URLs.
    pub targets: HashSet<&'a str>,
    /// Limits.
    pub limits: HashSet<&'a str>,
}

/// All metrics of one gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(pub(super) Arc<Resolved>);

impl Metrics {
    /// A registry of its own, with every family declared.
    ///
    /// # Errors
    /// When two families have the same name, which is a fault of `families`.
    pub fn new() -> Result<Self, prometheus::Error> {
        let families = Families::new()?;
        let certificates = CertificateMetrics::new()?;
        families.registry.register(Box::new(certificates.clone()))?;
        families.registry.register(Box::new(LostLines::new()?))?;
        let targets = TargetGauges::new()?;
        families.registry.register(Box::new(targets.clone()))?;
        let agent_targets = AgentTargets::new()?;
        families.registry.register(Box::new(agent_targets.clone()))?;
        let replay_tables = ReplayTables::new()?;
        families.registry.register(Box::new(replay_tables.clone()))?;
        #[cfg(target_os = "linux")]
        families.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        families.build_info.of([env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self(Arc::new(Resolved::new(families, certificates, (targets, agent_targets, replay_tables)))))
    }

    /// What is declared of every family of ours.
    #[must_use]
    pub fn declarations() -> Vec<&'static Declaration> {
        families::declarations()
    }

    /// The handles of one agent.
    #[must_use]
    pub fn agent(&self, name: &AgentName) -> AgentMetrics {
        AgentMetrics::new(&self.0, name.as_str())
    }

    /// The handles for requests that reach no agent.
    #[must_use]
    pub fn no_agent(&self) -> AgentMetrics {
        AgentMetrics::new(&self.0, AgentMetrics::NO_AGENT)
    }

    /// The handles of one provider.
    #[must_use]
    pub fn provider(&self, name: &ProviderName) -> ProviderMetrics {
        ProviderMetrics::new(&self.0, name.as_str())
    }

    /// The handles of the security events of one provider.
    #[must_use]
    pub fn events(&self, provider: &ProviderName) -> EventMetrics {
        EventMetrics::new(&self.0, provider.as_str())
    }

    /// The handles of one limit at one agent.
    #[must_use]
    pub fn limit(&self, agent: &AgentName, limit: &Arc<str>) -> LimitMetrics {
        LimitMetrics::new(&self.0, agent, limit)
    }

    /// The handles of the card of one agent.
    #[must_use]
    pub fn card(&self, name: &AgentName) -> CardMetrics {
        CardMetrics::new(&self.0, name.as_str())
    }

    /// The handles of callers' connections.
    #[must_use]
    pub fn connections(&self) -> ConnectionMetrics {
        ConnectionMetrics::new(&self.0.families)
    }

    /// Shows the ends of these certificates and of no others.
    pub fn certificates<'t>(&self, terms: impl IntoIterator<Item = &'t CertificateTerm>) {
        self.0.certificates.show(terms);
    }

    /// The handles of one listener's TLS handshakes.
    #[must_use]
    pub fn handshakes(&self, listener: SocketAddr) -> HandshakeMetrics {
        HandshakeMetrics::new(&self.0.families, listener)
    }

    /// The handles of the verified-token cache.
    #[must_use]
    pub fn token_cache(&self) -> TokenCacheMetrics {
        self.0.token_cache.clone()
    }

    /// The handles of spans. Their series are there from then on.
    #[must_use]
    pub fn spans(&self) -> SpanMetrics {
        SpanMetrics::new(&self.0.families)
    }

    /// The handles of the access log at a collector. Their series are there from then on.
    #[must_use]
    pub fn log_records(&self) -> ExportMetrics {
        ExportMetrics::new(|result| self.0.families.log_records.of([result]))
    }

    /// Tells `follower` of the work of the gateway itself from now on. It must not block; the first follower stays.
    pub fn follow_tasks(&self, follower: impl Fn(EndedTask) + Send + Sync + 'static) {
        self.0.tasks.follow(Box::new(follower));
    }

    /// Work has ended; `ended` is asked only when somebody follows.
    pub fn task_ended(&self, ended: impl FnOnce() -> EndedTask) {
        self.0.tasks.tell(ended);
    }

    /// The handles of a store that several gateways share. Its series are there from then on.
    #[must_use]
    pub fn shared_store(&self) -> StoreMetrics {
        StoreMetrics::new(&self.0)
    }

    /// The handles of the place where members count together. Its series are there from then on.
    #[must_use]
    pub fn shared_state(&self) -> SharedStateMetrics {
        SharedStateMetrics::new(&self.0.families)
    }

    /// What targets of upstreams are counted with.
    #[must_use]
    pub fn targets(&self) -> TargetMetrics {
        TargetMetrics::new(Arc::clone(&self.0))
    }

    /// Reads how targets stand so, from now on.
    pub fn read_targets(&self, read: impl Fn() -> Vec<TargetReading> + Send + Sync + 'static) {
        self.0.targets.read(read);
    }

    /// Reads how the targets of each agent stand so, from now on.
    pub fn read_agent_targets(&self, read: impl Fn() -> Vec<AgentTargetsReading> + Send + Sync + 'static) {
        self.0.agent_targets.read(read);
    }

    /// Reads how many proofs each agent remembers so, from now on.
    pub fn read_replay_tables(&self, read: impl Fn() -> Vec<(String, usize)> + Send + Sync + 'static) {
        self.0.replay_tables.read(read);
    }

    /// Reads how full the table of limits is so, from now on.
    pub fn read_limit_table(&self, read: impl Fn() -> LimitTableReading + Send + Sync + 'static) {
        self.0.limit_table.read(read);
    }

    /// Requests that are being served now.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.0.in_flight.clone()
    }

    /// A configuration went live at `now`.
    pub fn reload_applied(&self, now: Instant) {
        self.0.config.applied(now);
    }

    /// A configuration was refused; the one before it stays live.
    pub fn reload_refused(&self) {
        self.0.config.refused();
    }

    /// What was read is what is live already.
    pub fn reload_unchanged(&self) {
        self.0.config.unchanged();
    }

    /// The number of documents that are broken on disk; `refused`: something there is not what is live.
    pub fn documents_broken(&self, documents: usize, refused: bool) {
        self.0.config.broken(documents, refused);
    }

    /// So many tokens of running streams are held, to ask their providers about them again.
    pub fn held_tokens(&self, count: usize) {
        self.0.families.introspection_held_tokens.of([]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// These denials are in force.
    pub fn denials(&self, denials: &Denials) {
        for kind in DenialKind::ALL {
            let entries = i64::try_from(denials.len(*kind)).unwrap_or(i64::MAX);
            self.0.families.denials.of([kind.as_str()]).set(entries);
        }
    }

    /// The key with which the gateway signs by this algorithm now was made then; `None` where it signs nothing by it, or nobody
    /// knows when.
    pub fn signing_key_made(&self, algorithm: SigningAlgorithm, made: Option<Instant>) {
        let family = &self.0.families.signing_key_made;
        match made {
            Some(made) => family.of([algorithm.as_str()]).set(made.unix_f64()),
            None => family.remove([algorithm.as_str()]),
        }
    }

    /// Drops the series of agents, providers, targets and limits that are no longer configured.
    pub fn retain(&self, configured: &Configured<'_>) {
        let Configured { agents, providers, targets, limits } = configured;
        self.0.families.retain(&|label, value| match label {
            Label::Agent => value == AgentMetrics::NO_AGENT || agents.contains(value),
            Label::Provider => value == AgentMetrics::NO_PROVIDER || providers.contains(value),
            Label::Target => targets.contains(value),
            Label::LimitName => limits.contains(value),
            _ => true,
        });
    }

    /// The Prometheus text exposition format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        self.look();
        let mut out = Vec::new();
        // Writing to memory fails only for a family without metrics, which `gather` leaves out.
        if TextEncoder::new().encode(&self.0.families.registry.gather(), &mut out).is_err() {
            out.clear();
        }
        String::from_utf8(out).unwrap_or_default()
    }

    /// The format of OpenMetrics 1.0, with traces as examples of how long requests took.
    #[must_use]
    pub fn render_open_metrics(&self) -> String {
        self.look();
        let families = &self.0.families;
        let mut examples = Examples::default();
        for family in [&families.request_duration, &families.upstream_duration] {
            examples.add(family.name(), family.series().read(Histogram::exemplars));
        }
        open_metrics::page(&families.registry.gather(), &examples)
    }

    /// Looks at what is not counted where it happens.
    fn look(&self) {
        self.0.token_cache.look();
        self.0.families.in_flight.of([]).set(self.0.in_flight.count());
        self.0.card_times.look(&self.0.families);
        self.0.limit_table.look(&self.0.families);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{AuthMethod, CallOutcome, Decision, OperationClass, Reason};
    use crate::telemetry::UpstreamError;

    fn metrics() -> Metrics {
        Metrics::new().unwrap()
    }

    #[test]
    fn series_of_removed_agents_and_providers_go_away_and_others_stay() {
        let m = metrics();
        let (old, new) = (AgentName::parse("old").unwrap(), AgentName::parse("new").unwrap());
        for name in [&old, &new] {
            let agent = m.agent(name);
            agent.decided(None, AuthMethod::Public, Decision::Allow, Reason::Ok);
            agent.answered(200, Duration::from_millis(3));
            agent.upstream_failed(UpstreamError::ConnectRefused);
        }
        m.provider(&ProviderName::parse("gone").unwrap()).keys(3);
        m.no_agent().decided(None, AuthMethod::None, Decision::Deny, Reason::NoRoute);
        m.targets().ejected("http://gone:1", crate::model::TargetFault::Connect);
        m.retain(&Configured { agents: HashSet::from(["new"]), ..Configured::default() });
        let text = m.render();
        assert!(!text.contains("old") && !text.contains("gone"), "{text}");
        assert!(text.contains(r#"agent="new""#) && text.contains(r#"agent="_none""#), "{text}");
    }

    #[test]
    fn a_fresh_registry_says_its_version_and_that_nothing_is_in_flight() {
        let text = metrics().render();
        assert!(
            text.contains(&format!(r#"portcullis_build_info{{version="{}"}} 1"#, env!("CARGO_PKG_VERSION")))
        );
        assert!(text.contains("portcullis_requests_in_flight 0"));
        assert!(text.contains("process_resident_memory_bytes"));
    }

    #[test]
    fn no_family_has_more_series_than_its_labels_allow() {
        let m = metrics();
        let names = ["a", "b"].map(|name| AgentName::parse(name).unwrap());
        for agent in names.iter().map(|name| m.agent(name)).chain([m.no_agent()]) {
            for reason in Reason::ALL {
                for decision in Decision::ALL {
                    agent.decided(None, AuthMethod::OAuth, *decision, reason);
                    for class in OperationClass::ALL {
                        agent.decided_operation(None, AuthMethod::OAuth, (*decision, reason), class);
                    }
                }
            }
            for class in OperationClass::ALL {
                CallOutcome::ALL.iter().for_each(|outcome| agent.called(class, *outcome));
            }
            for status in 0..=u16::MAX {
                agent.answered(status, Duration::ZERO);
            }
        }
        let page = m.render();
        for family in Metrics::declarations() {
            let series = page.lines().filter(|line| {
                let rest = line.strip_prefix(family.name);
                rest.is_some_and(|rest| rest.starts_with(['{', ' ']) || rest.starts_with("_count"))
            });
            // Two agents and the one for none.
            let (count, most) = (series.count(), family.most_series(3));
            assert!(count <= most, "{} has {count} series, at most {most}", family.name);
            let shown = page.contains(&format!("# TYPE {} {}\n", family.name, family.kind));
            assert_eq!(shown, count > 0, "{}", family.name);
        }
        assert!(page.contains(r#"portcullis_http_requests_total{agent="a",code="599"}"#));
    }
}

//! The registry, the handles that it gives, and the page that it makes of them.
//!
//! Series of agents and providers that are gone are dropped with [`Metrics::retain`].

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus::{Encoder as _, Histogram, TextEncoder};

use crate::model::{AgentName, AuthMethod, CacheLabel, CertificateTerm, ProviderName};

use super::certificate_metrics::CertificateMetrics;
use super::config_metrics::ConfigMetrics;
use super::families::{self, Families};
use super::lost_lines::LostLines;
use super::{
    AgentMetrics, ConnectionMetrics, Declaration, HandshakeMetrics, InFlight, Label, ProviderMetrics,
    TokenCacheMetrics,
};

/// All metrics of one gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(pub(super) Arc<Resolved>);

/// The families, and those of their handles that belong to no agent, provider or listener.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) families: Families,
    /// By method and by what the cache said.
    decision_durations: [[Histogram; CacheLabel::ALL.len()]; AuthMethod::ALL.len()],
    token_cache: TokenCacheMetrics,
    pub(super) config: ConfigMetrics,
    connections: ConnectionMetrics,
    certificates: CertificateMetrics,
}

impl Resolved {
    pub(super) fn decision_took(&self, method: AuthMethod, cache: CacheLabel) -> Option<&Histogram> {
        self.decision_durations.get(method as usize)?.get(cache as usize)
    }
}

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
        #[cfg(target_os = "linux")]
        families.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        families.build_info.of([env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self(Arc::new(Resolved {
            decision_durations: [AuthMethod::OAuth, AuthMethod::ApiKey, AuthMethod::Public, AuthMethod::None]
                .map(|method| {
                    [CacheLabel::Off, CacheLabel::Hit, CacheLabel::Miss]
                        .map(|cache| families.auth_duration.of([method.as_str(), cache.as_str()]))
                }),
            token_cache: TokenCacheMetrics::new(&families),
            config: ConfigMetrics::new(&families),
            connections: ConnectionMetrics::new(&families),
            certificates,
            families,
        })))
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

    /// The handles of callers' connections.
    #[must_use]
    pub fn connections(&self) -> ConnectionMetrics {
        self.0.connections.clone()
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

    /// Requests that are being served now.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        InFlight(self.0.families.in_flight.of([]))
    }

    /// Drops the series of agents and providers that are no longer configured.
    pub fn retain(&self, agents: &HashSet<&str>, providers: &HashSet<&str>) {
        self.0.families.retain(&|label, value| match label {
            Label::Agent => value == AgentMetrics::NO_AGENT || agents.contains(value),
            Label::Provider => value == AgentMetrics::NO_PROVIDER || providers.contains(value),
            _ => true,
        });
    }

    /// The Prometheus text exposition format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.token_cache.look();
        let mut out = Vec::new();
        // Writing to memory fails only for a family without metrics, which `gather` leaves out.
        if TextEncoder::new().encode(&self.0.families.registry.gather(), &mut out).is_err() {
            out.clear();
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

/// A histogram handle as other rooms hold it.
pub(super) fn observe(histogram: &Histogram, seconds: Duration) {
    histogram.observe(seconds.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuthMethod, Decision, Reason};

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
            agent.answered(200, std::time::Duration::from_millis(3));
            agent.upstream_failed("connect_refused");
        }
        m.provider(&ProviderName::parse("gone").unwrap()).keys(3);
        m.no_agent().decided(None, AuthMethod::None, Decision::Deny, Reason::NoRoute);
        m.retain(&HashSet::from(["new"]), &HashSet::new());
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
                }
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

//! The registry: every metric of the gateway, with its name, its help text and its labels, in one place.
//!
//! Label values come from the configuration and from closed lists, never from a request. Series of agents and
//! providers that are gone are dropped with [`Metrics::retain`].

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::model::{AgentName, AuthMethod, CacheLabel, CertificateTerm, ProviderName};

use super::certificate_metrics::CertificateMetrics;
use super::config_metrics::ConfigFamilies;
use super::lost_lines::LostLines;
use super::provider_metrics::ProviderFamilies;
use super::{AgentMetrics, ConnectionMetrics, HandshakeMetrics, ProviderMetrics, TokenCacheMetrics};

/// Buckets for the time that a decision takes: 1 µs to 1 s.
pub(super) const DECISION_BUCKETS: &[f64] =
    &[1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 1.0];
/// Buckets for the time that a request takes: 1 ms to an hour (streams last).
const REQUEST_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0];

/// All metrics of one gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(pub(super) Arc<Families>);

#[derive(Debug)]
pub(super) struct Families {
    registry: Registry,
    pub(super) decisions: IntCounterVec,
    pub(super) auth_duration: HistogramVec,
    /// The same by method and by what the cache said, resolved.
    auth_durations: [[Histogram; 3]; 4],
    token_cache: TokenCacheMetrics,
    pub(super) providers: ProviderFamilies,
    pub(super) config: ConfigFamilies,
    pub(super) requests: IntCounterVec,
    pub(super) request_duration: HistogramVec,
    pub(super) upstream_duration: HistogramVec,
    pub(super) upstream_failures: IntCounterVec,
    pub(super) in_flight: IntGauge,
    connections: ConnectionMetrics,
    handshakes: IntCounterVec,
    certificates: CertificateMetrics,
}

impl Metrics {
    /// A registry of its own, with every family declared.
    ///
    /// # Errors
    /// When two families have the same name, which is a fault of this file.
    pub fn new() -> Result<Self, prometheus::Error> {
        let r = Registry::new();
        let auth_duration = add(
            &r,
            HistogramVec::new(
                HistogramOpts::new(
                    "portcullis_auth_duration_seconds",
                    "Time that a decision took, by method and by what the token cache said.",
                )
                .buckets(DECISION_BUCKETS.to_vec()),
                &["method", "cache"],
            )?,
        )?;
        let families = Families {
            decisions: add(
                &r,
                IntCounterVec::new(
                    Opts::new(
                        "portcullis_auth_decisions_total",
                        "Decisions by agent, provider, method, decision and reason, counted when they are made.",
                    ),
                    &["agent", "provider", "method", "decision", "reason"],
                )?,
            )?,
            auth_durations: [AuthMethod::OAuth, AuthMethod::ApiKey, AuthMethod::Public, AuthMethod::None]
                .map(|method| {
                    [CacheLabel::Off, CacheLabel::Hit, CacheLabel::Miss]
                        .map(|c| auth_duration.with_label_values(&[method.as_str(), c.as_str()]))
                }),
            auth_duration,
            token_cache: token_cache(&r)?,
            providers: ProviderFamilies::new(&r)?,
            config: ConfigFamilies::new(&r)?,
            requests: add(
                &r,
                counter_vec(
                    "portcullis_http_requests_total",
                    "Requests by agent and status code.",
                    &["agent", "code"],
                )?,
            )?,
            request_duration: add(
                &r,
                histogram_vec(
                    "portcullis_http_request_duration_seconds",
                    "Time from the request's head to the end of the answer.",
                )?,
            )?,
            upstream_duration: add(
                &r,
                histogram_vec(
                    "portcullis_upstream_duration_seconds",
                    "Time from the choice of the upstream to the head of its answer.",
                )?,
            )?,
            upstream_failures: add(
                &r,
                counter_vec(
                    "portcullis_upstream_failures_total",
                    "Requests that ended without an answer of their agent, or without a whole one, by cause.",
                    &["agent", "cause"],
                )?,
            )?,
            in_flight: add(
                &r,
                IntGauge::new("portcullis_requests_in_flight", "Requests that are being served now.")?,
            )?,
            connections: ConnectionMetrics::declared(&r)?,
            handshakes: add(&r, HandshakeMetrics::family()?)?,
            certificates: add(&r, CertificateMetrics::new()?)?,
            registry: r.clone(),
        };
        let build = add(
            &r,
            gauge_vec("portcullis_build_info", "Always 1; the version is in the label.", &["version"])?,
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        r.register(Box::new(LostLines::new()?))?;
        #[cfg(target_os = "linux")]
        r.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self(Arc::new(families)))
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
        HandshakeMetrics::new(&self.0.handshakes, listener)
    }

    /// The handles of the verified-token cache.
    #[must_use]
    pub fn token_cache(&self) -> TokenCacheMetrics {
        self.0.token_cache.clone()
    }

    /// Requests that are being served now.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        InFlight(self.0.in_flight.clone())
    }

    /// Drops the series of agents and providers that are no longer configured.
    pub fn retain(&self, agents: &HashSet<&str>, providers: &HashSet<&str>) {
        let stays = |label: &str, value: &str| match label {
            "agent" => value == AgentMetrics::NO_AGENT || agents.contains(value),
            "provider" => value == AgentMetrics::NO_PROVIDER || providers.contains(value),
            _ => true,
        };
        for family in self.0.registry.gather() {
            for metric in family.get_metric() {
                let gone = metric.get_label().iter().any(|l| !stays(l.name(), l.value()));
                if gone {
                    let values: Vec<(&str, &str)> =
                        metric.get_label().iter().map(|l| (l.name(), l.value())).collect();
                    self.0.remove(family.name(), &values);
                }
            }
        }
    }

    /// The Prometheus text exposition format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.token_cache.look();
        let mut out = Vec::new();
        // Writing to memory fails only for a family without metrics, which `gather` leaves out.
        if TextEncoder::new().encode(&self.0.registry.gather(), &mut out).is_err() {
            out.clear();
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

/// The number of requests that are being served.
#[derive(Clone, Debug)]
pub struct InFlight(IntGauge);

/// One request that is being served; dropping it says that it has ended.
#[derive(Debug)]
pub struct Serving(IntGauge);

impl InFlight {
    /// One more, until the guard is dropped.
    #[must_use]
    pub fn enter(&self) -> Serving {
        self.0.inc();
        Serving(self.0.clone())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Families {
    pub(super) fn decision_took(&self, method: AuthMethod, cache: CacheLabel) -> Option<&Histogram> {
        self.auth_durations.get(method as usize)?.get(cache as usize)
    }

    fn remove(&self, family: &str, labels: &[(&str, &str)]) {
        let in_order = |names: &[&str]| -> Vec<String> {
            let value = |name: &&str| labels.iter().find(|(label, _)| label == name).map(|(_, value)| *value);
            names.iter().filter_map(value).map(str::to_owned).collect()
        };
        let agent_code = in_order(&["agent", "code"]);
        let agent = in_order(&["agent"]);
        // A series that went away in between is not an error.
        let _gone = match family {
            "portcullis_auth_decisions_total" => self
                .decisions
                .remove_label_values(&in_order(&["agent", "provider", "method", "decision", "reason"])),
            "portcullis_http_requests_total" => self.requests.remove_label_values(&agent_code),
            "portcullis_http_request_duration_seconds" => self.request_duration.remove_label_values(&agent),
            "portcullis_upstream_duration_seconds" => self.upstream_duration.remove_label_values(&agent),
            "portcullis_upstream_failures_total" => {
                self.upstream_failures.remove_label_values(&in_order(&["agent", "cause"]))
            }
            _ => self.providers.remove(family, in_order),
        };
    }
}

pub(super) fn add<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn token_cache(r: &Registry) -> Result<TokenCacheMetrics, prometheus::Error> {
    let events = counter_vec(
        "portcullis_token_cache_events_total",
        "Events of the cache of verified tokens, and of the one of bad signatures.",
        &["event"],
    )?;
    let entries = IntGauge::new("portcullis_token_cache_entries", "Tokens in the verified-token cache.")?;
    Ok(TokenCacheMetrics::new(&add(r, events)?, add(r, entries)?))
}

pub(super) fn counter_vec(
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(Opts::new(name, help), labels)
}

pub(super) fn gauge_vec(name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
    IntGaugeVec::new(Opts::new(name, help), labels)
}

fn histogram_vec(name: &str, help: &str) -> Result<HistogramVec, prometheus::Error> {
    HistogramVec::new(HistogramOpts::new(name, help).buckets(REQUEST_BUCKETS.to_vec()), &["agent"])
}

/// A histogram handle as other rooms hold it.
pub(super) fn observe(histogram: &Histogram, seconds: std::time::Duration) {
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
}

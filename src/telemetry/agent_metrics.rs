//! The metric handles of one agent, resolved when the agent is compiled.
//!
//! A decision is counted by (provider, method, decision, reason). The children are made on first use and kept
//! in a fixed table, so that only the first request of a kind looks a label up.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::{Histogram, IntCounter};

use crate::model::{AuthMethod, Decision, ProviderName, Reason};

use super::metrics::{Families, observe};

/// What the verified-token cache said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheLabel {
    /// There is no cache on this way.
    Off,
    /// The token was known.
    Hit,
    /// The token was not known.
    Miss,
}

impl CacheLabel {
    /// The label value in metrics and the word in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

const DECISIONS: usize = 4;
const CODES: usize = 500;

/// The handles of one agent (or of the requests that reach none).
#[derive(Clone)]
pub struct AgentMetrics(Arc<Handles>);

struct Handles {
    families: Arc<Families>,
    agent: String,
    /// One row per provider that the agent accepts, after the row for "no provider yet".
    providers: OnceLock<Vec<ProviderRow>>,
    no_provider: ProviderRow,
    codes: Vec<OnceLock<IntCounter>>,
    request_duration: Histogram,
    upstream_duration: Histogram,
    auth_duration: [[Histogram; 3]; 4],
}

struct ProviderRow {
    name: String,
    counters: Vec<OnceLock<IntCounter>>,
}

impl ProviderRow {
    fn new(name: &str) -> Self {
        let counters = (0..Reason::ALL.len() * DECISIONS).map(|_| OnceLock::new()).collect();
        Self { name: name.to_owned(), counters }
    }
}

impl AgentMetrics {
    /// The `agent` label of requests without a route.
    pub const NO_AGENT: &'static str = "_none";
    /// The `provider` label while `iss` has named none that the agent accepts.
    pub const NO_PROVIDER: &'static str = "_";

    pub(super) fn new(families: &Arc<Families>, agent: &str) -> Self {
        let duration = |method: AuthMethod| {
            [CacheLabel::Off, CacheLabel::Hit, CacheLabel::Miss]
                .map(|c| families.auth_duration.with_label_values(&[method.as_str(), c.as_str()]))
        };
        Self(Arc::new(Handles {
            families: Arc::clone(families),
            agent: agent.to_owned(),
            providers: OnceLock::new(),
            no_provider: ProviderRow::new(Self::NO_PROVIDER),
            codes: (0..CODES).map(|_| OnceLock::new()).collect(),
            request_duration: families.request_duration.with_label_values(&[agent]),
            upstream_duration: families.upstream_duration.with_label_values(&[agent]),
            auth_duration: [AuthMethod::OAuth, AuthMethod::ApiKey, AuthMethod::Public, AuthMethod::None]
                .map(duration),
        }))
    }

    /// Names the providers that this agent accepts; their index is what [`Self::decided`] takes.
    #[must_use]
    pub fn with_providers<'a>(self, names: impl Iterator<Item = &'a ProviderName>) -> Self {
        self.0.providers.get_or_init(|| names.map(|n| ProviderRow::new(n.as_str())).collect());
        self
    }

    /// Counts a decision. `provider` is an index into the providers that were named, `None` while unknown.
    pub fn decided(&self, provider: Option<usize>, method: AuthMethod, decision: Decision, reason: Reason) {
        let rows = self.0.providers.get();
        let row = provider.and_then(|i| rows?.get(i)).unwrap_or(&self.0.no_provider);
        if let Some(cell) = row.counters.get(reason as usize * DECISIONS + decision as usize) {
            cell.get_or_init(|| {
                self.0.families.decisions.with_label_values(&[
                    self.0.agent.as_str(),
                    row.name.as_str(),
                    method.as_str(),
                    decision.as_str(),
                    reason.as_str(),
                ])
            })
            .inc();
        }
    }

    /// Records how long a decision took.
    pub fn decision_took(&self, method: AuthMethod, cache: CacheLabel, took: Duration) {
        if let Some(histogram) =
            self.0.auth_duration.get(method as usize).and_then(|row| row.get(cache as usize))
        {
            observe(histogram, took);
        }
    }

    /// Counts an answer. A status outside 100 to 599 counts as 599.
    pub fn answered(&self, status: u16, took: Duration) {
        let status = if (100..600).contains(&status) { status } else { 599 };
        if let Some(cell) = self.0.codes.get(usize::from(status) - 100) {
            cell.get_or_init(|| {
                let code = status.to_string();
                self.0.families.requests.with_label_values(&[self.0.agent.as_str(), code.as_str()])
            })
            .inc();
        }
        observe(&self.0.request_duration, took);
    }

    /// Records how long the upstream took to the head of its answer.
    pub fn upstream_took(&self, took: Duration) {
        observe(&self.0.upstream_duration, took);
    }
}

impl fmt::Debug for AgentMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentMetrics").field(&self.0.agent).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AgentName;
    use crate::telemetry::Metrics;

    #[test]
    fn a_decision_counts_under_its_provider_and_reason() {
        let metrics = Metrics::new().unwrap();
        let corp = ProviderName::parse("corp").unwrap();
        let agent = metrics.agent(&AgentName::parse("a").unwrap()).with_providers([corp].iter());
        agent.decided(None, AuthMethod::OAuth, Decision::Deny, Reason::TokenMissing);
        agent.decided(Some(0), AuthMethod::OAuth, Decision::ShadowDeny, Reason::TokenExpired);
        agent.decided(Some(7), AuthMethod::OAuth, Decision::Deny, Reason::TokenMissing);
        let text = metrics.render();
        for line in [
            r#"portcullis_auth_decisions_total{agent="a",decision="deny",method="oauth",provider="_",reason="token_missing"} 2"#,
            r#"portcullis_auth_decisions_total{agent="a",decision="shadow_deny",method="oauth",provider="corp",reason="token_expired"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_strange_status_adds_no_strange_series() {
        let metrics = Metrics::new().unwrap();
        let agent = metrics.no_agent();
        for status in [0, 99, 600, 999, 599] {
            agent.answered(status, Duration::ZERO);
        }
        assert!(metrics.render().contains(r#"portcullis_http_requests_total{agent="_none",code="599"} 5"#));
    }
}

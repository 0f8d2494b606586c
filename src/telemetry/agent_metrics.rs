//! The metric handles of one agent.
//!
//! A decision is counted by (provider, method, decision, reason). The tables and their children are made on first
//! use and kept, so that only the first request of a kind looks a label up, and an agent that nobody calls costs
//! next to nothing: a gateway may have ten thousand of them.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::{
    AuthMethod, CacheLabel, CallOutcome, Decision, DenialKind, EndedBy, ListOutcome, OperationClass,
    Possession, ProviderName, Reason, StreamKind, TokenBinding,
};

use super::assertion_result::AssertionResult;
use super::counter::Counter;
use super::exemplars::Exemplar;
use super::histogram::Histogram;
use super::resolved::Resolved;
use super::streams::{StreamUnderWay, Streams};
use super::upstream_error::UpstreamError;

const DECISIONS: usize = 4;
const CODES: usize = 500;

/// The handles of one agent (or of the requests that reach none).
#[derive(Clone)]
pub struct AgentMetrics(Arc<Handles>);

struct Handles {
    metrics: Arc<Resolved>,
    agent: String,
    /// One row per provider that the agent accepts, after the row for "no provider yet".
    providers: OnceLock<Vec<ProviderRow>>,
    no_provider: ProviderRow,
    codes: Counters,
    calls: Counters,
    denial_hits: Counters,
    assertions: Counters,
    streams: Streams,
    bindings: Counters,
    request_duration: OnceLock<Arc<Histogram>>,
    upstream_duration: OnceLock<Arc<Histogram>>,
}

struct ProviderRow {
    name: String,
    counters: Counters,
    /// Those of requests to an agent with rules by operation.
    operations: Counters,
}

impl ProviderRow {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), counters: Counters::default(), operations: Counters::default() }
    }
}

/// A table of counters, made when the first of them is wanted.
#[derive(Default)]
struct Counters(OnceLock<Box<[OnceLock<Arc<Counter>>]>>);

impl Counters {
    /// The cell `index` of a table of `len`.
    fn cell(&self, index: usize, len: usize) -> Option<&OnceLock<Arc<Counter>>> {
        self.0.get_or_init(|| (0..len).map(|_| OnceLock::new()).collect()).get(index)
    }
}

impl AgentMetrics {
    /// The `agent` label of requests without a route.
    pub const NO_AGENT: &'static str = "_none";
    /// The `provider` label while `iss` has named none that the agent accepts.
    pub const NO_PROVIDER: &'static str = "_";

    pub(super) fn new(metrics: &Arc<Resolved>, agent: &str) -> Self {
        Self(Arc::new(Handles {
            metrics: Arc::clone(metrics),
            agent: agent.to_owned(),
            providers: OnceLock::new(),
            no_provider: ProviderRow::new(Self::NO_PROVIDER),
            codes: Counters::default(),
            calls: Counters::default(),
            denial_hits: Counters::default(),
            assertions: Counters::default(),
            streams: Streams::default(),
            bindings: Counters::default(),
            request_duration: OnceLock::new(),
            upstream_duration: OnceLock::new(),
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
        let row = self.row(provider);
        let index = reason as usize * DECISIONS + decision as usize;
        if let Some(cell) = row.counters.cell(index, Reason::ALL.len() * DECISIONS) {
            cell.get_or_init(|| self.decisions(row, method, (decision, reason), OperationClass::None)).inc();
        }
    }

    /// Counts a decision about an operation of this class.
    pub fn decided_operation(
        &self,
        provider: Option<usize>,
        method: AuthMethod,
        (decision, reason): (Decision, Reason),
        class: OperationClass,
    ) {
        let (row, reasons) = (self.row(provider), Reason::ALL.len());
        let index = (class as usize * reasons + reason as usize) * DECISIONS + decision as usize;
        if let Some(cell) = row.operations.cell(index, OperationClass::ALL.len() * reasons * DECISIONS) {
            cell.get_or_init(|| self.decisions(row, method, (decision, reason), class)).inc();
        }
    }

    fn row(&self, provider: Option<usize>) -> &ProviderRow {
        let rows = self.0.providers.get();
        provider.and_then(|i| rows?.get(i)).unwrap_or(&self.0.no_provider)
    }

    /// The counter of such decisions.
    fn decisions(
        &self,
        row: &ProviderRow,
        method: AuthMethod,
        (decision, reason): (Decision, Reason),
        class: OperationClass,
    ) -> Arc<Counter> {
        self.0.metrics.families.decisions.of([
            &self.0.agent,
            &row.name,
            method.as_str(),
            decision.as_str(),
            reason.as_str(),
            class.as_str(),
        ])
    }

    /// Counts a message to an agent with rules by operation.
    pub fn called(&self, class: OperationClass, outcome: CallOutcome) {
        let outcomes = CallOutcome::ALL.len();
        let index = class as usize * outcomes + outcome as usize;
        if let Some(cell) = self.0.calls.cell(index, OperationClass::ALL.len() * outcomes) {
            let make =
                || self.0.metrics.families.mcp_calls.of([&self.0.agent, class.as_str(), outcome.as_str()]);
            cell.get_or_init(make).inc();
        }
    }

    /// Counts a request whose credential a denial of this kind names.
    pub fn denial_hit(&self, kind: DenialKind) {
        if let Some(cell) = self.0.denial_hits.cell(kind as usize, DenialKind::ALL.len()) {
            let make = || self.0.metrics.families.denial_hits.of([&self.0.agent, kind.as_str()]);
            cell.get_or_init(make).inc();
        }
    }

    /// Counts a request whose agent gets an assertion.
    pub fn asserted(&self, result: AssertionResult) {
        if let Some(cell) = self.0.assertions.cell(result as usize, AssertionResult::ALL.len()) {
            let make = || self.0.metrics.families.assertions.of([&self.0.agent, result.as_str()]);
            cell.get_or_init(make).inc();
        }
    }

    /// Counts an allowed request under what its token is bound to: under both where it is bound twice.
    pub fn bound(&self, possession: Possession) {
        for binding in possession.bindings() {
            if let Some(cell) = self.0.bindings.cell(binding as usize, TokenBinding::ALL.len()) {
                let make = || self.0.metrics.families.token_bindings.of([&self.0.agent, binding.as_str()]);
                cell.get_or_init(make).inc();
            }
        }
    }

    /// Counts so many entries of a list.
    pub fn listed(&self, outcome: ListOutcome, entries: usize) {
        // A list is read at most once for each request, so the family is looked up each time.
        let family = &self.0.metrics.families.mcp_list_entries;
        family.of([&self.0.agent, outcome.as_str()]).inc_by(entries as u64);
    }

    /// Records how long a decision took.
    pub fn decision_took(&self, method: AuthMethod, cache: CacheLabel, took: Duration) {
        self.0.metrics.decision_took(method, cache, took);
    }

    /// Records how long a request was the gateway's alone: until its agent was asked.
    pub fn added(&self, took: Duration) {
        self.0.metrics.added_duration.observe(took);
    }

    /// Counts an answer. A status outside 100 to 599 counts as 599.
    pub fn answered(&self, status: u16, took: Duration) {
        let status = if (100..600).contains(&status) { status } else { 599 };
        if let Some(cell) = self.0.codes.cell(usize::from(status) - 100, CODES) {
            let make = || self.0.metrics.families.requests.of([&self.0.agent, &status.to_string()]);
            cell.get_or_init(make).inc();
        }
        let make = || self.0.metrics.families.request_duration.of([&self.0.agent]);
        self.0.request_duration.get_or_init(make).observe(took);
    }

    /// Counts a request that ended without an answer of its agent, or without a whole one, by its cause.
    pub fn upstream_failed(&self, cause: UpstreamError) {
        self.0.metrics.families.upstream_failures.of([&self.0.agent, cause.as_str()]).inc();
    }

    /// Counts a stream from now on until what this returns is dropped. `left` is what its caller's credential has left.
    #[must_use]
    pub fn stream_began(&self, kind: StreamKind, left: Option<Duration>) -> StreamUnderWay {
        let families = &self.0.metrics.families;
        if let Some(left) = left {
            families.stream_life_left.of([&self.0.agent]).observe(left);
        }
        self.0.streams.enter(kind, || families.streams.of([&self.0.agent, kind.as_str()]))
    }

    /// Counts a stream that the gateway ended.
    pub fn stream_ended(&self, kind: StreamKind, by: EndedBy) {
        self.0.metrics.families.streams_ended.of([&self.0.agent, kind.as_str(), by.as_str()]).inc();
    }

    /// Records how long the upstream took to the head of its answer.
    pub fn upstream_took(&self, took: Duration) {
        let make = || self.0.metrics.families.upstream_duration.of([&self.0.agent]);
        self.0.upstream_duration.get_or_init(make).observe(took);
    }

    /// Notes an answer that was counted, and how long the upstream took to its head, as examples: for requests whose spans are kept
    /// alone.
    pub fn exemplify(&self, answered: &Exemplar, upstream_took: Option<Duration>) {
        if let Some(requests) = self.0.request_duration.get() {
            requests.exemplify(answered);
        }
        if let Some((upstream, took)) = self.0.upstream_duration.get().zip(upstream_took) {
            upstream.exemplify(&Exemplar { took, ..*answered });
        }
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
        let denied = (Decision::Deny, Reason::OperationDenied);
        for class in [OperationClass::Tool, OperationClass::Prompt, OperationClass::Tool] {
            agent.decided_operation(Some(0), AuthMethod::OAuth, denied, class);
        }
        agent.called(OperationClass::Tool, CallOutcome::StepUp);
        let text = metrics.render();
        for line in [
            r#"portcullis_auth_decisions_total{agent="a",decision="deny",method="oauth",operation="none",provider="_",reason="token_missing"} 2"#,
            r#"portcullis_auth_decisions_total{agent="a",decision="shadow_deny",method="oauth",operation="none",provider="corp",reason="token_expired"} 1"#,
            r#"portcullis_auth_decisions_total{agent="a",decision="deny",method="oauth",operation="tool",provider="corp",reason="operation_denied"} 2"#,
            r#"portcullis_auth_decisions_total{agent="a",decision="deny",method="oauth",operation="prompt",provider="corp",reason="operation_denied"} 1"#,
            r#"portcullis_mcp_calls_total{agent="a",kind="tool",outcome="step_up"} 1"#,
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

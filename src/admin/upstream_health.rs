//! The health of an agent's upstream: its failures by cause, and the last one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::telemetry::UpstreamError;

use super::AdminState;

/// The last request that got no response from its agent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LastUpstreamFailure")]
pub(super) struct LastFailure {
    at: jiff::Timestamp,
    cause: UpstreamError,
}

/// The last request that got no response from its agent, with its cause in words.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UpstreamFailure")]
struct Failure {
    at: jiff::Timestamp,
    cause: UpstreamError,
    detail: String,
    request_id: String,
}

/// The health of an agent's upstream.
#[derive(Serialize, JsonSchema)]
pub(super) struct UpstreamHealth {
    /// The number of failures since the gateway started, by cause.
    failures: BTreeMap<String, u64>,
    last_failure: Option<Failure>,
    recent: Recent,
}

/// The requests of the last five minutes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RecentRequests")]
struct Recent {
    failures_5m: u64,
    requests_5m: u64,
}

/// The last failure at an agent's upstream.
pub(super) fn last(state: &AdminState, agent: &str) -> Option<LastFailure> {
    let entry = state.admin.decisions.last_failure(agent)?;
    Some(LastFailure { at: entry.at.timestamp(), cause: entry.upstream_error? })
}

impl UpstreamHealth {
    /// The health of an agent's upstream.
    pub(super) fn of(state: &AdminState, agent: &str) -> Self {
        let lately = state.admin.traffic.lately(agent);
        let last = state.admin.decisions.last_failure(agent);
        let last_failure = last.and_then(|entry| {
            let failed = entry.grounds.as_ref().and_then(|grounds| grounds.failed.as_ref());
            Some(Failure {
                at: entry.at.timestamp(),
                cause: entry.upstream_error?,
                detail: failed.and_then(|failed| failed.seen.as_deref()).unwrap_or_default().to_owned(),
                request_id: entry.request_id.to_string(),
            })
        });
        let recent = Recent { failures_5m: lately.failed, requests_5m: lately.went_on() };
        Self { failures: state.admin.traffic.failures(agent), last_failure, recent }
    }
}

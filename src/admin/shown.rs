//! The form of a decision in responses: a line of a list, and with all details. Claims that nobody verified are marked.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Snapshot;
use crate::model::{AuthMethod, Call, Decision, Reason, TokenSaid};
use crate::telemetry::{RequestRecord, UpstreamError};

/// A decision in a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Decision")]
pub(super) struct Shown {
    at: Option<jiff::Timestamp>,
    agent: Option<String>,
    /// How callers of the agent authenticate.
    method: AuthMethod,
    decision: Decision,
    reason: Reason,
    provider: Option<String>,
    request_id: String,
    http_method: String,
    path: String,
    remote: Option<IpAddr>,
    status: Option<u16>,
    upstream_error: Option<UpstreamError>,
    key_id: Option<String>,
    key_name: Option<String>,
    client_id: Option<String>,
    /// What it asked for, at an agent whose messages are read.
    operation: Option<AskedOperation>,
    #[serde(flatten)]
    why: Why,
}

/// What a message asked for, cut to 128 bytes each.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AskedOperation {
    /// The method of an MCP message, absent from a response of the client; or the operation of A2A.
    method: Option<String>,
    /// The first thing that it is about: the name of a tool or a prompt, or the URI of a resource.
    name: Option<String>,
    /// The version of the protocol that the request names.
    version: Option<String>,
}

/// The failed check behind a refusal.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DecisionGrounds")]
struct Why {
    check: Option<String>,
    seen: Option<String>,
    wanted: Option<String>,
    fix: Option<String>,
}

/// A member that can hold an unverified claim.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Claimed {
    Seen,
    ClientId,
    Iss,
    Aud,
    Kid,
}

/// A decision with all details.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WholeDecision")]
pub struct Whole {
    time: jiff::Timestamp,
    request_id: String,
    agent: Option<String>,
    auth_method: AuthMethod,
    method: String,
    path: String,
    remote: Option<IpAddr>,
    decision: Decision,
    reason: Reason,
    status: Option<u16>,
    upstream_error: Option<UpstreamError>,
    provider: Option<String>,
    key_id: Option<String>,
    key_name: Option<String>,
    client_id: Option<String>,
    /// What it asked for, at an agent whose messages are read.
    operation: Option<AskedOperation>,
    #[serde(flatten)]
    why: Why,
    iss: Option<String>,
    aud: Option<String>,
    kid: Option<String>,
    /// The members that hold claims of the caller that were not verified.
    unverified: Vec<Claimed>,
}

impl Shown {
    /// The line of a decision. Names of API keys come from the live configuration.
    pub(super) fn of(entry: &RequestRecord, live: Option<&Snapshot>) -> Self {
        Self {
            at: Some(entry.at.timestamp()),
            agent: entry.agent.as_ref().map(ToString::to_string),
            method: entry.auth_method,
            decision: entry.decision,
            reason: entry.reason,
            provider: entry.provider.as_ref().map(ToString::to_string),
            request_id: entry.request_id.to_string(),
            http_method: entry.http_method.as_ref().map(ToString::to_string).unwrap_or_default(),
            path: entry.path.text().into_owned(),
            remote: entry.remote,
            status: entry.status,
            upstream_error: entry.upstream_error,
            key_id: entry.key_id().map(str::to_owned),
            key_name: key_name(entry, live),
            client_id: entry.client_id().map(str::to_owned),
            operation: entry.call.as_deref().map(AskedOperation::of),
            why: Why::of(entry),
        }
    }
}

impl AskedOperation {
    fn of(call: &Call) -> Self {
        let Call { protocol: _, method, name, version } = call;
        let [method, name, version] = [method, name, version].map(|text| text.as_deref().map(str::to_owned));
        Self { method, name, version }
    }
}

impl Why {
    fn of(entry: &RequestRecord) -> Self {
        let failed = entry.grounds.as_ref().and_then(|grounds| grounds.failed.as_ref());
        Self {
            check: failed.map(|failed| failed.check.clone().into_owned()),
            seen: failed.and_then(|failed| failed.seen.as_deref()).map(str::to_owned),
            wanted: failed.map(|failed| failed.wanted.clone().into_string()),
            fix: failed.map(|failed| failed.fix.clone().into_owned()),
        }
    }
}

impl Whole {
    /// All that is known of a decision. Names of API keys come from the live configuration, if there is one.
    #[must_use]
    pub fn of(entry: &RequestRecord, live: Option<&Snapshot>) -> Self {
        let said = entry.grounds.as_ref().and_then(|grounds| grounds.said.as_ref());
        let word = |part: fn(&TokenSaid) -> &Option<Box<str>>| {
            said.and_then(|said| part(said).as_deref()).map(str::to_owned)
        };
        let shown = Shown::of(entry, live);
        let (iss, aud, kid) = (word(|said| &said.iss), word(|said| &said.aud), word(|said| &said.kid));
        // An authenticated caller's claims are verified: they come from its token or its API key.
        let claims = [
            (Claimed::Seen, shown.why.seen.is_some() && entry.upstream_error.is_none()),
            (Claimed::ClientId, shown.client_id.is_some()),
            (Claimed::Iss, iss.is_some()),
            (Claimed::Aud, aud.is_some()),
            (Claimed::Kid, kid.is_some()),
        ];
        let unverified = claims.into_iter().filter(|(_, is_there)| *is_there && entry.identity.is_none());
        Self {
            time: entry.at.timestamp(),
            request_id: shown.request_id,
            agent: shown.agent,
            auth_method: shown.method,
            method: shown.http_method,
            path: shown.path,
            remote: shown.remote,
            decision: shown.decision,
            reason: shown.reason,
            status: shown.status,
            upstream_error: shown.upstream_error,
            provider: shown.provider,
            key_id: shown.key_id,
            key_name: shown.key_name,
            client_id: shown.client_id,
            operation: shown.operation,
            iss,
            aud,
            kid,
            unverified: unverified.map(|(member, _)| member).collect(),
            why: shown.why,
        }
    }
}

/// The name of the API key of a decision, while the key exists.
fn key_name(entry: &RequestRecord, live: Option<&Snapshot>) -> Option<String> {
    let id = entry.key_id().filter(|_| entry.auth_method == AuthMethod::ApiKey)?;
    live?.api_keys.get(id)?.name().map(str::to_owned)
}

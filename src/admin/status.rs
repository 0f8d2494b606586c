//! `/status`: what needs attention, the live revision, the last rejected change, and the keys of each provider.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::PublicUrl;
use crate::control::{Finding, Outcome};
use crate::idp::ProviderStatus;
use crate::store::StoreKind;

use super::attention::{self, Attention, Seen};
use super::body::Answer;
use super::page::{Nothing, Query};
use super::{SharedState, documents, write};

/// The state of the gateway.
#[derive(Serialize, JsonSchema)]
pub(super) struct Status {
    attention: Vec<Attention>,
    member: Member,
    version: String,
    started_at: jiff::Timestamp,
    live: Live,
    store: Store,
    last_reload: Reload,
    refused: Option<Refused>,
    broken_documents: Vec<documents::Shown>,
    head: Head,
    warnings: Vec<Finding>,
    counts: Counts,
    listeners: Vec<Listener>,
    public_url: Option<String>,
    draining: bool,
    identity_providers: Vec<ProviderStatus>,
}

/// This gateway as a member of a fleet.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ThisMember")]
struct Member {
    name: String,
    boot_id: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LiveRevision")]
struct Live {
    revision: String,
    number: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LastRevision")]
struct Head {
    number: u64,
    by: Option<String>,
    text_is_live: bool,
}

#[derive(Serialize, JsonSchema)]
struct Store {
    kind: StoreKind,
    writable: bool,
    reason: Option<String>,
    place: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LastReload")]
struct Reload {
    at: jiff::Timestamp,
    result: Outcome,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedChange")]
struct Refused {
    at: jiff::Timestamp,
    diagnostics: Vec<Finding>,
}

#[derive(Serialize, JsonSchema)]
struct Counts {
    agents: usize,
    identity_providers: usize,
    api_keys: usize,
}

#[derive(Serialize, JsonSchema)]
struct Listener {
    address: String,
    tls: bool,
}

/// Returns the state of the gateway.
pub(super) async fn show(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Status> {
    let live = state.control().live();
    let status = state.control().status();
    let fleet = state.control().fleet();
    let now = state.admin.clock.now();
    let at = |instant| write::timestamp(instant).unwrap_or_default();
    let overview = fleet.is_shared().then(|| fleet.overview());
    let seen = Seen {
        live: &live,
        status: &status,
        traffic: &state.admin.traffic,
        decisions: &state.admin.decisions,
        fleet: overview.as_ref(),
        redis: state.control().redis_outage(),
        now,
    };
    Answer(Status {
        attention: attention::all(&seen),
        member: Member { name: fleet.my_name().to_owned(), boot_id: fleet.my_boot_id().to_owned() },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: state.admin.started,
        live: Live { revision: live.revision.as_str().to_owned(), number: status.runs.revision },
        store: Store {
            kind: status.store.kind,
            writable: status.store.is_writable(),
            reason: status.store.read_only.clone(),
            place: status.store.place.clone(),
        },
        last_reload: Reload { at: at(status.looked_at), result: status.outcome },
        refused: status
            .refused
            .as_ref()
            .map(|refused| Refused { at: at(refused.at), diagnostics: refused.findings.clone() }),
        broken_documents: status.broken.iter().map(documents::Shown::new).collect(),
        head: Head {
            number: status.head.number,
            by: status.head.by.clone(),
            text_is_live: status.head.text_is_live,
        },
        warnings: status.warnings.clone(),
        counts: Counts {
            agents: live.agents.len(),
            identity_providers: live.providers.len(),
            api_keys: live.api_keys.len(),
        },
        listeners: live
            .server
            .listeners
            .iter()
            .map(|l| Listener { address: l.address.value.to_string(), tls: l.tls.is_some() })
            .collect(),
        public_url: live.public_url.as_ref().map(PublicUrl::to_string),
        draining: (state.admin.is_leaving)(),
        identity_providers: live.providers.values().map(|provider| provider.status(now)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_status_is_shown() {
        assert_eq!(Api::new().logged_out(Method::GET, "/api/v1/status").await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_only_store_is_shown_with_its_reason() {
        let status = Api::new().get("/api/v1/status").await.json();
        assert_eq!(status["store"]["writable"], json!(false));
        assert!(status["store"]["reason"].as_str().unwrap().contains("store"), "{status}");
        assert_eq!(status["counts"], json!({"agents": 3, "identity_providers": 1, "api_keys": 1}));
        assert_eq!(status["listeners"], json!([{"address": "127.0.0.1:8080", "tls": false}]));
        assert_eq!(status["identity_providers"][0]["provider"], json!("corp"));
        assert_eq!((&status["refused"], &status["public_url"]), (&json!(null), &json!(null)));
    }
}

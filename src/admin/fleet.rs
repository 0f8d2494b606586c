//! `/fleet`: the gateways that share the store, as this one sees them.

use std::collections::BTreeMap;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Severity;
use crate::control::{FleetMember, MemberState, Overview};
use crate::store::{RefusedRevision, ReportedFinding, StoreKind, StoreState};

use super::SharedState;
use super::body::Answer;
use super::page::{Nothing, Query};

/// The label that a member has which is there to try things out.
const CANARY: &str = "canary";

/// The fleet. A gateway whose store nobody shares is a fleet of one.
#[derive(Serialize, JsonSchema)]
pub(super) struct Fleet {
    /// The last revision.
    revision: u64,
    store: Store,
    /// In the order of their names.
    members: Vec<Member>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FleetStore")]
struct Store {
    kind: StoreKind,
    state: StoreState,
    store_id: Option<String>,
}

/// A gateway of the fleet.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FleetMember")]
struct Member {
    name: String,
    /// The name of one process: a gateway that starts again has another one.
    boot_id: String,
    version: String,
    /// Those of `server.member`; `canary` is `true` where that is set.
    labels: BTreeMap<String, String>,
    /// The revision that its listeners serve, whole.
    revision: u64,
    hash: String,
    state: MemberState,
    refused: Option<Refused>,
    /// The milliseconds since the member last heard which revision is the last one; null when it never did.
    confirmed_age_ms: Option<u64>,
    ready: bool,
    draining: bool,
}

/// The revision that a member refused, with the first errors.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedByMember")]
struct Refused {
    revision: u64,
    findings: Vec<Finding>,
}

/// An error as the member found it. Its code may be one of a newer version.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MemberDiagnostic")]
struct Finding {
    severity: Severity,
    code: String,
    message: String,
    help: Option<String>,
    resource: Option<String>,
    path: Option<String>,
    file: String,
    line: usize,
    column: usize,
}

/// Returns the members of the fleet.
pub(super) async fn show(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Fleet> {
    Answer(Fleet::new(state.control().fleet().overview()))
}

impl Fleet {
    fn new(overview: Overview) -> Self {
        let Overview { revision, kind, state, why: _, store_id, members } = overview;
        let members = members.into_iter().map(Member::new).collect();
        Self { revision, store: Store { kind, state, store_id }, members }
    }
}

impl Member {
    fn new(shown: FleetMember) -> Self {
        let FleetMember { member, state, confirmed_age_ms, contested: _ } = shown;
        let mut labels = member.labels;
        if member.canary {
            labels.insert(CANARY.to_owned(), true.to_string());
        }
        Self {
            name: member.name,
            boot_id: member.boot_id,
            version: member.version,
            labels,
            revision: member.revision,
            hash: member.hash,
            state,
            refused: member.refused.map(Refused::new),
            confirmed_age_ms,
            ready: member.ready,
            draining: member.draining,
        }
    }
}

impl Refused {
    fn new(refused: RefusedRevision) -> Self {
        let findings = refused.findings.into_iter().map(Finding::new).collect();
        Self { revision: refused.revision, findings }
    }
}

impl Finding {
    fn new(found: ReportedFinding) -> Self {
        let ReportedFinding { code, message, resource, path, line, column } = found;
        Self {
            severity: Severity::Error,
            code,
            message,
            // A report has no room for it.
            help: None,
            file: resource.clone().unwrap_or_default(),
            resource,
            path,
            line,
            column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_fleet_is_shown() {
        assert_eq!(Api::new().logged_out(Method::GET, "/api/v1/fleet").await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_whose_store_nobody_shares_is_a_fleet_of_one() {
        let api = Api::writable();
        let spec = json!({"route": "/n", "upstream": "http://127.0.0.1:9", "auth": {"api_key": {}}});
        assert_eq!(api.create("/api/v1/agents/new", spec).await.status, 201);
        let fleet = api.get("/api/v1/fleet").await.json();
        assert_eq!(fleet["revision"], json!(1), "{fleet}");
        assert_eq!(fleet["store"], json!({"kind": "directory", "state": "ok", "store_id": null}));
        let [member] = fleet["members"].as_array().unwrap().as_slice() else { panic!("{fleet}") };
        assert_eq!((&member["state"], &member["revision"]), (&json!("running"), &json!(1)), "{fleet}");
        assert_eq!((&member["refused"], &member["draining"]), (&json!(null), &json!(false)), "{fleet}");
        let status = api.get("/api/v1/status").await.json();
        assert_eq!(
            (&status["member"]["name"], &status["member"]["boot_id"]),
            (&member["name"], &member["boot_id"])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_says_how_far_it_got_when_it_is_asked_to_wait_for_the_fleet() {
        let api = Api::writable();
        let spec = |route: &str| {
            Some(json!({"route": route, "upstream": "http://127.0.0.1:9", "auth": {"api_key": {}}}))
        };
        let put = async |query: &str, route: &str| {
            api.write(Method::PUT, &format!("/api/v1/agents/refunds{query}"), Some("*"), spec(route)).await
        };
        let answer = put("?wait=fleet&timeout=10s", "/a").await;
        let reached = json!({"revision": 1, "members": 1, "running": 1, "behind": [], "refused": []});
        assert_eq!((answer.status, &answer.json()["fleet"]), (200, &reached), "{}", answer.text());
        let again = put("?wait=fleet", "/a").await;
        assert_eq!((again.status, &again.json()["fleet"]), (200, &reached), "nothing to write, and it runs");
        for query in ["", "?wait=self", "?dry_run=true&wait=fleet"] {
            let answer = put(query, "/b").await;
            assert_eq!((answer.status, answer.json().get("fleet")), (200, None), "{query}");
        }
        for query in [
            "?wait=all",
            "?wait=",
            "?timeout=5s",
            "?wait=fleet&timeout=61s",
            "?wait=fleet&timeout=x",
            "?wait=fleet&timeout=",
            "?wait=fleet&timeout=-1s",
            "?wait=self&timeout=90s",
        ] {
            let answer = put(query, "/c").await;
            assert_eq!((answer.status, answer.code()), (400, "bad_query"), "{query}");
        }
        assert_eq!(
            api.get("/api/v1/agents/refunds").await.json()["route"]["path"],
            json!("/b"),
            "nothing was written"
        );
    }
}

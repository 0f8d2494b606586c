//! `/agents/{name}/targets`: the targets of an agent, and how each stands.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::TargetState;
use crate::routing::Agent;

use super::body::Answer;
use super::SharedState;
use super::named_agent::NamedAgent;
use super::page::{Nothing, Query};

/// A target of an agent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UpstreamTarget")]
pub(super) struct Shown {
    url: String,
    weight: u32,
    zone: Option<String>,
    state: TargetState,
    /// Requests under way there, streams among them.
    in_flight: usize,
    /// The last thing that went wrong there: a cause as in the access log, a status, or what a health check saw.
    last_error: Option<String>,
}

/// The targets of an agent, in the order in which they are written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UpstreamTargets")]
pub(super) struct Items {
    items: Vec<Shown>,
}

/// Returns the targets of an agent, and how each stands.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
    NamedAgent(agent): NamedAgent,
) -> Answer<Items> {
    let now = state.admin.clock.now();
    let Some(targets) = &agent.upstream.targets else {
        let last = state.admin.decisions.last_failure(agent.name.as_str()).and_then(|entry| entry.upstream_error);
        return Answer(Items { items: vec![alone(&agent, last.map(|cause| cause.as_str().to_owned()))] });
    };
    let items = targets.members.iter().map(|member| Shown {
        url: member.url.to_string(),
        weight: member.weight,
        zone: member.zone.as_deref().map(str::to_owned),
        state: targets.state(member, now),
        in_flight: member.target.in_flight(),
        last_error: member.target.standing.last_error().map(|error| error.what.into_owned()),
    });
    Answer(Items { items: items.collect() })
}

/// The one target of an agent of which no state is kept: it takes all requests whatever becomes of them.
fn alone(agent: &Agent, last_error: Option<String>) -> Shown {
    Shown {
        url: agent.upstream.url(),
        weight: 1,
        zone: None,
        state: TargetState::Healthy,
        in_flight: agent.slots.taken(),
        last_error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn an_agent_with_one_upstream_has_one_target() {
        let api = Api::new();
        let answer = api.get("/api/v1/agents/refunds/targets").await;
        assert_eq!(answer.status, 200);
        let items = answer.json()["items"].as_array().unwrap().clone();
        assert_eq!(items.len(), 1);
        for (member, wanted) in [
            ("weight", json!(1)),
            ("zone", json!(null)),
            ("state", json!("healthy")),
            ("in_flight", json!(0)),
        ] {
            assert_eq!(items[0][member], wanted, "{member}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn targets_need_a_credential_and_an_agent_that_exists() {
        let api = Api::new();
        let path = "/api/v1/agents/absent/targets";
        assert_eq!(api.logged_out(Method::GET, path).await.status, 401);
        let answer = api.get(path).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
}

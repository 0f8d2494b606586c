//! `/agents/{name}/targets`: the targets of an agent, how each stands, and which of them takes no new requests.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Instant, TargetOrder, TargetState};
use crate::routing::Agent;

use super::SharedState;
use super::body::{Answer, Json};
use super::caller::Caller;
use super::named_agent::NamedAgent;
use super::page::{Nothing, Query};
use super::problem::{Problem, ProblemCode};

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

/// What a target is told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TargetOrder")]
pub(super) struct Told {
    /// The target, as the `url` of its item says it.
    url: String,
    /// Whether it takes no new requests from now on, or takes them again.
    drain: bool,
}

/// Returns the targets of an agent, and how each stands.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
    NamedAgent(agent): NamedAgent,
) -> Answer<Items> {
    let now = state.admin.clock.now();
    let Some(targets) = &agent.upstream.targets else {
        let last =
            state.admin.decisions.last_failure(agent.name.as_str()).and_then(|entry| entry.upstream_error);
        return Answer(Items { items: vec![alone(&agent, last.map(|cause| cause.as_str().to_owned()))] });
    };
    let all = 0..targets.members.len();
    Answer(Items { items: all.filter_map(|nth| shown(&agent, nth, now)).collect() })
}

/// Drains a target, or takes that back, and returns how it stands then.
pub(super) async fn drain(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Query(Nothing {}): Query<Nothing>,
    NamedAgent(agent): NamedAgent,
    Json(Told { url, drain }): Json<Told>,
) -> Result<Answer<Shown>, Problem> {
    let absent = || Problem::not_found(&format!("target {url:?} of agent {:?}", agent.name.as_str()));
    let Some(targets) = &agent.upstream.targets else {
        return Err(if url == agent.upstream.url() { is_the_only_one() } else { absent() });
    };
    let nth = targets.members.iter().position(|member| *member.url == *url);
    let (nth, member) = nth.and_then(|nth| Some((nth, targets.members.get(nth)?))).ok_or_else(absent)?;
    let order = if drain { TargetOrder::Drain } else { TargetOrder::Undrain };
    let now = state.admin.clock.now();
    state.control().order_target(&caller.who(), &agent.name, member, order, now);
    shown(&agent, nth, now).map(Answer).ok_or_else(absent)
}

fn is_the_only_one() -> Problem {
    let detail = "the agent has one upstream of which no state is kept, and nothing else that could take its requests; write it \
                  under `targets` to drain it all the same";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::Invalid, detail)
}

/// The target of this index.
fn shown(agent: &Agent, nth: usize, now: Instant) -> Option<Shown> {
    let targets = agent.upstream.targets.as_ref()?;
    let member = targets.members.get(nth)?;
    Some(Shown {
        url: member.url.to_string(),
        weight: member.weight,
        zone: member.zone.as_deref().map(str::to_owned),
        state: targets.state(member, now),
        in_flight: member.target.in_flight(),
        last_error: member.target.standing.last_error().map(|error| error.what.into_owned()),
    })
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
    async fn the_one_upstream_of_an_agent_is_not_drained() {
        let api = Api::new();
        let url = api.get("/api/v1/agents/refunds/targets").await.json()["items"][0]["url"].clone();
        for (name, url, status, code) in [
            ("refunds", url, 422, "invalid"),
            ("refunds", json!("http://192.0.2.1:9"), 404, "not_found"),
            ("absent", json!("http://192.0.2.1:9"), 404, "not_found"),
        ] {
            let path = format!("/api/v1/agents/{name}/targets/drain");
            let answer = api.write(Method::POST, &path, None, Some(json!({"url": url, "drain": true}))).await;
            assert_eq!((answer.status, answer.code()), (status, code), "{name} {url}");
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

//! `/agents/{name}/streams`: listing the streams under way at an agent, and ending them.

use axum::Extension;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::Which;
use crate::model::{Instant, StreamKind};
use crate::routing::ends_now;

use super::SharedState;
use super::body::Answer;
use super::caller::Caller;
use super::named_agent::NamedAgent;
use super::page::{Nothing, Query};
use super::problem::Problem;

/// Which stream.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct One {
    /// The id of the stream; without it, all streams of the agent end.
    id: Option<u64>,
}

/// A stream under way.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunningStream")]
pub(super) struct Shown {
    id: u64,
    kind: StreamKind,
    /// The name of the identity provider whose token began it; absent for an API key, and where anybody may call.
    provider: Option<String>,
    sub: Option<String>,
    client_id: Option<String>,
    key_id: Option<String>,
    began: jiff::Timestamp,
    age_seconds: u64,
    /// When the caller's credential expires.
    expires_at: Option<jiff::Timestamp>,
    /// When the gateway ends the stream for it; null: it does not.
    ends_at: Option<jiff::Timestamp>,
    request_id: String,
    path: String,
}

/// The streams of an agent, oldest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunningStreams")]
pub(super) struct Items {
    items: Vec<Shown>,
}

/// How many streams were told to end.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EndedStreams")]
pub(super) struct Ended {
    ended: usize,
}

/// Returns the streams of an agent, oldest first.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
    NamedAgent(agent): NamedAgent,
) -> Answer<Items> {
    let now = state.admin.clock.now();
    let streams = state.control().streams(&agent.name);
    let items = streams.iter().map(|stream| {
        let facts = &stream.facts;
        let caller = facts.caller.as_deref();
        Shown {
            id: stream.id,
            kind: facts.kind,
            provider: facts.provider.as_ref().map(ToString::to_string),
            sub: caller.and_then(|caller| caller.sub.clone()),
            client_id: caller.and_then(|caller| caller.client_id.clone()),
            key_id: caller.and_then(|caller| caller.key_id.clone()),
            began: facts.began.timestamp(),
            age_seconds: now.since(facts.began).as_secs(),
            expires_at: facts.expires_at.map(Instant::timestamp),
            ends_at: ends_now(facts, &agent).map(Instant::timestamp),
            request_id: facts.request_id.to_string(),
            path: facts.path.to_string(),
        }
    });
    Answer(Items { items: items.collect() })
}

/// Ends one stream, or all of the agent.
pub(super) async fn end(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Query(One { id }): Query<One>,
    NamedAgent(agent): NamedAgent,
) -> Result<Answer<Ended>, Problem> {
    let which = id.map_or(Which::All, Which::One);
    let ended = state.control().end_streams(&caller.who(), &agent.name, which);
    if let (Some(id), 0) = (id, ended) {
        return Err(Problem::not_found(&format!("running stream {id} of agent {:?}", agent.name.as_str())));
    }
    Ok(Answer(Ended { ended }))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;

    #[tokio::test(start_paused = true)]
    async fn streams_need_a_credential_and_an_agent_that_exists() {
        let api = Api::new();
        for method in [Method::GET, Method::DELETE] {
            let path = "/api/v1/agents/absent/streams";
            assert_eq!(api.logged_out(method.clone(), path).await.status, 401);
            let answer = api.write(method.clone(), path, None, None).await;
            assert_eq!((answer.status, answer.code()), (404, "not_found"), "{method}");
        }
    }
}

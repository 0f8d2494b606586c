//! `/agents/{name}/card`: the card that is served for an agent that speaks A2A, beside the agent's own.

use axum::extract::State;
use axum::http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{CardSignature, CardSource};
use crate::routing::{CARD_PATHS, CardState};

use super::SharedState;
use super::agent_url::Reached;
use super::agents::find;
use super::body::Answer;
use super::page::{Name, Nothing, Query};
use super::problem::Problem;
use super::write::timestamp;

/// What clients get of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CardServing")]
enum Serving {
    /// The card.
    Served,
    /// 503: the agent has given none yet.
    Absent,
    /// 502: the agent's card is one that must not be served.
    Refused,
}

/// The card of an agent that speaks A2A.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AgentCard")]
pub(super) struct Card {
    /// What people give to their client.
    client_url: String,
    /// Where the card is served.
    urls: Vec<String>,
    state: Serving,
    source: CardSource,
    signature: Option<CardSignature>,
    /// When the agent's own card last came or was confirmed; absent for a card from a file.
    fetched_at: Option<jiff::Timestamp>,
    /// Whether the last fetch failed, so that what is served is of before.
    is_stale: bool,
    /// Why it failed.
    failure: Option<String>,
    /// What is to be looked at in what was made of the agent's card.
    warnings: Vec<String>,
    /// The text that is served; absent while none is.
    served: Option<String>,
    /// The text that last came from the agent; absent for a card from a file.
    upstream: Option<String>,
}

/// Shows the card of an agent; 404 for one that has none.
pub(super) async fn show(
    State(state): State<SharedState>,
    headers: HeaderMap,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Answer<Card>, Problem> {
    let live = state.control().live();
    let agent = find(&live, &name)?;
    let Some(a2a) = agent.protocol.a2a() else {
        return Err(Problem::not_found(&format!("a card of agent {name:?}, which does not speak A2A")));
    };
    let reached = Reached::of(&live, agent, &headers);
    let (card, seen) = (a2a.card.get(), a2a.seen.get());
    let (state, served) = match &*card {
        CardState::Served(served) => (Serving::Served, Some(served)),
        CardState::Absent => (Serving::Absent, None),
        CardState::Refused => (Serving::Refused, None),
    };
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    let shown = served.map(|served| match served.fixed() {
        Some(card) => text(&card.body),
        None => text(&served.under(&reached.url(&agent.route.path)).body),
    });
    Ok(Answer(Card {
        client_url: reached.client(agent),
        urls: CARD_PATHS.map(|path| reached.url(&format!("{}{path}", agent.route.path))).to_vec(),
        state,
        source: a2a.plan.source(),
        signature: served.map(|served| served.signature),
        fetched_at: seen.at.and_then(timestamp),
        is_stale: served.is_some() && seen.failure.is_some(),
        failure: seen.failure.as_deref().map(str::to_owned),
        warnings: seen.warnings.to_vec(),
        served: shown,
        upstream: seen.upstream.as_deref().map(text),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    #[tokio::test]
    async fn an_agent_that_speaks_a2a_has_a_card_and_no_other_has() {
        let api = Api::writable();
        let path = "/api/v1/agents/helper";
        let spec = json!({"route": "/helper", "upstream": "http://127.0.0.1:1", "auth": "public", "protocol": "a2a"});
        assert_eq!(api.create(path, spec).await.status, 201);
        let agent = api.get(path).await.json();
        assert_eq!(agent["client_url"], json!("http://127.0.0.1:8080/helper/"));
        assert_eq!(agent["protocol"], json!("a2a"));
        let card = api.get(&format!("{path}/card")).await.json();
        for (member, wanted) in [
            ("client_url", json!("http://127.0.0.1:8080/helper/")),
            (
                "urls",
                json!([
                    "http://127.0.0.1:8080/helper/.well-known/agent-card.json",
                    "http://127.0.0.1:8080/helper/.well-known/agent.json"
                ]),
            ),
            ("state", json!("absent")),
            ("source", json!("rewrite")),
            ("signature", json!(null)),
            ("is_stale", json!(false)),
            ("fetched_at", json!(null)),
            ("served", json!(null)),
            ("upstream", json!(null)),
        ] {
            assert_eq!(card[member], wanted, "{member}");
        }
        for agent in ["refunds", "open", "absent"] {
            let answer = api.get(&format!("/api/v1/agents/{agent}/card")).await;
            assert_eq!((answer.status, answer.code()), (404, "not_found"), "{agent}");
        }
        assert_eq!(api.logged_out(Method::GET, &format!("{path}/card")).await.status, 401);
    }
}

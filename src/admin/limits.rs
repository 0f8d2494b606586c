//! `/agents/{name}/limits`: the limits of an agent, and how full they are.

use std::sync::Arc;
use std::time::Instant as Tick;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::gate::{self, LimitUsage};

use super::body::Answer;
use super::page::{Name, Nothing, Query};
use super::problem::Problem;
use super::{SharedState, agents};

/// The limits of an agent: first those of all agents, then its own, then those of its identity providers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LimitUsages")]
pub(super) struct Items {
    items: Vec<LimitUsage>,
}

/// Returns the limits of an agent, and how full they are at this gateway.
pub(super) async fn list(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Answer<Items>, Problem> {
    let agent = Arc::clone(agents::find(&state.control().live(), &name)?);
    // It looks at every bucket that there is.
    let looked = tokio::task::spawn_blocking(move || gate::limit_usage(&agent, Tick::now())).await;
    let items = looked.map_err(|_| Problem::unavailable("the limits could not be read"))?;
    Ok(Answer(Items { items }))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    const LIMITS: &str =
        "limits: [{ name: guesses, per: address, scope: everywhere, rate: 20/1m, count: failed }]\n";

    #[tokio::test(start_paused = true)]
    async fn limits_need_a_credential_and_an_agent_that_exists() {
        let api = Api::new();
        let path = "/api/v1/agents/absent/limits";
        assert_eq!(api.logged_out(Method::GET, path).await.status, 401);
        let answer = api.get(path).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_without_limits_has_none() {
        let answer = Api::new().get("/api/v1/agents/refunds/limits").await;
        assert_eq!((answer.status, answer.json()), (200, json!({"items": []})));
    }

    #[tokio::test(start_paused = true)]
    async fn each_limit_says_where_it_stands_and_what_it_permits() {
        let api = Api::with_top(LIMITS);
        let items = api.get("/api/v1/agents/refunds/limits").await.json()["items"].clone();
        let wanted = json!([{
            "name": "guesses", "place": "top", "provider": null, "per": "address", "scope": "everywhere",
            "count": "failed", "enforcement": "enforce", "counting": "local_share",
            "rate": {"count": 20, "window_seconds": 60, "burst": 20}, "concurrent": null, "quota": null,
            "members": 1, "most": 20, "buckets": "all_agents", "in_use": 0, "exhausted": 0, "fullest": [],
            "allowed": 0, "limited": 0, "shadow_limited": 0,
        }]);
        assert_eq!(items, wanted);
    }
}

//! `/agents/{name}/refused-callers`: who is refused most often. A caller is called what the access log calls it, and a claim
//! that nobody verified names nobody.

use std::net::IpAddr;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Snapshot;
use crate::model::Reason;
use crate::telemetry::{CallerName, RefusedCaller};

use super::body::Answer;
use super::page::{Name, Nothing, Query};
use super::problem::Problem;
use super::{SharedState, agents};

/// A caller that was refused: the holder of an API key (`key_id`), whoever a verified token names (`provider`, `sub`,
/// `client_id`), or where nothing was proven an `address`. All of them are null where not even that is known.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedCaller")]
pub(super) struct Shown {
    /// The name of the identity provider whose token it is.
    provider: Option<String>,
    sub: Option<String>,
    client_id: Option<String>,
    key_id: Option<String>,
    /// The name of the API key, while it exists.
    key_name: Option<String>,
    /// An address of IPv4, or the first one of a /64 of IPv6.
    address: Option<IpAddr>,
    /// How often it was refused at least.
    at_least: u64,
    /// How often it was refused at most; more than `at_least` where many others were refused.
    at_most: u64,
    /// Why, the last time.
    last_reason: Reason,
    /// When, the last time.
    last_at: jiff::Timestamp,
    /// The request that was refused last.
    last_request_id: String,
}

/// The callers that were refused most often, the first one the most; at most ten.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedCallers")]
pub(super) struct Items {
    /// Since when refusals are counted here.
    since: jiff::Timestamp,
    items: Vec<Shown>,
}

/// Returns the callers of an agent that were refused most often in the last half hour to hour.
pub(super) async fn list(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Answer<Items>, Problem> {
    let live = state.control().live();
    let agent = agents::find(&live, &name)?;
    let (since, callers) =
        state.admin.decisions.refused_callers(agent.name.as_str(), state.admin.clock.now());
    let items = callers.into_iter().map(|caller| Shown::of(caller, &live)).collect();
    Ok(Answer(Items { since: since.timestamp(), items }))
}

impl Shown {
    fn of(caller: RefusedCaller, live: &Snapshot) -> Self {
        let mut shown = Self {
            provider: None,
            sub: None,
            client_id: None,
            key_id: None,
            key_name: None,
            address: None,
            at_least: caller.at_least,
            at_most: caller.at_most,
            last_reason: caller.reason,
            last_at: caller.at.timestamp(),
            last_request_id: caller.request_id.to_string(),
        };
        match caller.name {
            CallerName::ApiKey(id) => {
                shown.key_name = key_name(&id, live);
                shown.key_id = Some(id.into());
            }
            CallerName::Token { provider, sub, client_id } => {
                shown.provider = provider.map(|provider| provider.to_string());
                (shown.sub, shown.client_id) = (sub.map(Into::into), client_id.map(Into::into));
            }
            CallerName::Address(address) => shown.address = Some(address),
            CallerName::Unknown => {}
        }
        shown
    }
}

fn key_name(id: &str, live: &Snapshot) -> Option<String> {
    live.api_keys.get(id)?.name().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Api, NOW};
    use axum::http::Method;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn refused_callers_need_a_credential_and_an_agent_that_exists() {
        let api = Api::new();
        let path = "/api/v1/agents/absent/refused-callers";
        assert_eq!(api.logged_out(Method::GET, path).await.status, 401);
        let answer = api.get(path).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_was_refused_before_the_start() {
        let answer = Api::new().get("/api/v1/agents/refunds/refused-callers").await.json();
        let since: jiff::Timestamp = answer["since"].as_str().unwrap().parse().unwrap();
        assert_eq!((since.as_second(), &answer["items"]), (i64::try_from(NOW).unwrap(), &json!([])));
    }
}

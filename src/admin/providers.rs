//! `/identity-providers`: listing, showing and deleting identity providers. Saving one is in `provider_changes`.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::{Snapshot, hide_passwords};
use crate::events::EventStatus;
use crate::idp::ProviderStatus;
use crate::model::{ProviderName, ResourceId, ResourceKind};

use super::body::Answer;
use super::caller::Caller;
use super::changes::remove;
use super::managed_by::ManagedBy;
use super::page::{self, LARGEST, Name, Nothing, Page, Query};
use super::precondition::IfMatch;
use super::problem::Problem;
use super::provider_users::Users;
use super::write;
use super::write_query::Write;
use super::{AdminState, SharedState};

/// Agents named per provider at most, so that one page stays small; the rest is counted.
const NAMED: usize = 20;

/// Which providers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// The page size.
    #[schemars(range(min = 1, max = LARGEST))]
    limit: Option<usize>,
    /// `next` of the previous page.
    after: Option<String>,
    /// Only those with this text in their name or issuer.
    q: Option<String>,
}

/// The health of an identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Health {
    /// Its source confirmed its keys.
    Ok,
    /// Its keys are usable, but its source did not confirm them.
    Stale,
    /// It has no usable key.
    Failing,
    /// Its keys have not been fetched yet.
    Waiting,
}

/// An identity provider in a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderSummary")]
pub(super) struct Summary {
    name: String,
    issuer: String,
    source: String,
    managed_by: ManagedBy,
    used_by: Vec<String>,
    used_by_total: usize,
    health: Health,
    keys: usize,
}

/// An identity provider with all details.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderDetail")]
pub(super) struct Detail {
    #[serde(flatten)]
    summary: Summary,
    etag: String,
    file: String,
    /// As it is written. A file written by hand can hold a number where text is expected.
    #[schemars(with = "Map<String, Value>")]
    spec: Value,
    status: ProviderStatus,
    /// Its security events, where it has `events`.
    events: Option<EventStatus>,
}

/// Returns one page of the providers, in the order of names.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(list): Query<List>,
) -> Result<Answer<Page<Summary>>, Problem> {
    let limit = page::limit(list.limit)?;
    let wanted = list.q.map(|q| q.to_lowercase()).unwrap_or_default();
    let live = state.control().live();
    let users = Users::of(&live);
    let about = |text: &str| text.to_lowercase().contains(&wanted);
    let all = live.providers.iter().filter(|(name, provider)| {
        wanted.is_empty() || about(name.as_str()) || about(provider.spec().issuer.as_str())
    });
    let page = page::cut(
        all,
        |(name, _)| name.as_str(),
        list.after.as_deref(),
        limit,
        |(name, _)| summary(&state, &live, &users, name),
    );
    Ok(Answer(page.flatten()))
}

fn summary(state: &AdminState, live: &Snapshot, users: &Users<'_>, name: &ProviderName) -> Option<Summary> {
    let status = live.providers.get(name)?.status(state.admin.clock.now());
    let used_by = users.of_provider(name);
    let id = ResourceId::new(ResourceKind::IdentityProvider, name.as_str());
    Some(Summary {
        name: name.to_string(),
        managed_by: ManagedBy::of(id.is_some_and(|id| live.is_stored(&id))),
        used_by: used_by.iter().take(NAMED).map(|name| (*name).to_owned()).collect(),
        used_by_total: used_by.len(),
        health: Health::of(status.usable, status.tried, status.confirmed && status.last_error.is_none()),
        keys: status.keys.len(),
        issuer: status.issuer,
        source: status.source,
    })
}

impl Health {
    const fn of(usable: bool, tried: bool, confirmed: bool) -> Self {
        match (usable, tried, confirmed) {
            (true, _, true) => Self::Ok,
            (true, _, false) => Self::Stale,
            (false, true, _) => Self::Failing,
            (false, false, _) => Self::Waiting,
        }
    }
}

/// Returns one provider, with its tag.
pub(super) async fn show(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let live = state.control().live();
    let (known, provider) = live.providers.get_key_value(name.as_str()).ok_or_else(|| not_found(&name))?;
    let mut written = live.written(&id(&name)?).ok_or_else(|| not_found(&name))?;
    hide_passwords(&mut written.spec);
    let summary = summary(&state, &live, &Users::of(&live), known).ok_or_else(|| not_found(&name))?;
    let tag = write::etag(&written.tag);
    let detail = Detail {
        summary,
        etag: written.tag,
        file: written.path.display().to_string(),
        spec: written.spec,
        status: provider.status(state.admin.clock.now()),
        events: live.events.get(known).map(|receiver| receiver.status()),
    };
    Ok(write::with_tag(Answer(detail).into_response(), tag))
}

pub(super) fn not_found(name: &str) -> Problem {
    Problem::not_found(&format!("identity provider {name:?}"))
}

fn id(name: &str) -> Result<ResourceId, Problem> {
    ResourceId::new(ResourceKind::IdentityProvider, name).ok_or_else(|| not_found(name))
}

/// Deletes a provider; 409 while an agent accepts it.
pub(super) async fn delete(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    IfMatch(expect): IfMatch,
) -> Result<Response, Problem> {
    remove(&state, &caller, id(&name)?, expect, query).await
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use super::Health;
    use axum::http::Method;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_provider_is_shown_or_changed() {
        let api = Api::new();
        for (method, path) in [
            (Method::GET, "/api/v1/identity-providers"),
            (Method::GET, "/api/v1/identity-providers/corp"),
            (Method::PUT, "/api/v1/identity-providers/corp"),
            (Method::DELETE, "/api/v1/identity-providers/corp"),
        ] {
            assert_eq!(api.logged_out(method, path).await.status, 401, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_tag_changes_nothing() {
        let api = Api::writable();
        let spec = json!({"issuer": "https://other.example"});
        for (method, body) in [(Method::PUT, Some(spec)), (Method::DELETE, None)] {
            let answer =
                api.write(method.clone(), "/api/v1/identity-providers/corp", Some("\"stale\""), body).await;
            assert_eq!((answer.status, answer.code()), (412, "precondition_failed"), "{method}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_is_shown_with_its_users_and_the_state_of_its_keys() {
        let api = Api::new();
        let provider = api.get("/api/v1/identity-providers/corp").await.json();
        for (member, wanted) in [
            ("issuer", json!("https://idp.example.com")),
            ("used_by", json!(["refunds"])),
            ("used_by_total", json!(1)),
            ("source", json!("jwks_uri http://127.0.0.1:1/keys")),
        ] {
            assert_eq!(provider[member], wanted, "{member}");
        }
        assert_eq!(provider["status"]["provider"], json!("corp"));
        // Nothing serves its keys; whether the first fetch has already failed is a race.
        assert!(["waiting", "failing"].contains(&provider["health"].as_str().unwrap()), "{provider}");
        let list = api.get("/api/v1/identity-providers?q=IDP.example").await.json();
        assert_eq!((list["total"].clone(), list["items"][0]["name"].clone()), (json!(1), json!("corp")));
        assert_eq!(api.get("/api/v1/identity-providers/absent").await.status, 404);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_is_deleted_only_when_no_agent_accepts_it() {
        let api = Api::writable();
        let path = "/api/v1/identity-providers/corp";
        let used = api.write(Method::DELETE, path, Some("*"), None).await;
        assert_eq!((used.status, used.code(), &used.json()["agents"]), (409, "in_use", &json!(["refunds"])));
        assert_eq!(api.write(Method::DELETE, "/api/v1/agents/refunds", Some("*"), None).await.status, 200);
        assert_eq!(api.write(Method::DELETE, path, Some("*"), None).await.status, 200);
        assert_eq!(api.get(path).await.status, 404);
    }

    #[test]
    fn health_is_one_word() {
        for (usable, tried, confirmed, wanted) in [
            (true, true, true, Health::Ok),
            (true, true, false, Health::Stale),
            (true, false, false, Health::Stale),
            (false, true, true, Health::Failing),
            (false, true, false, Health::Failing),
            (false, false, false, Health::Waiting),
        ] {
            assert_eq!(Health::of(usable, tried, confirmed), wanted);
        }
    }
}

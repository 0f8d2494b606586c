//! `/api-keys`: listing and showing API keys. Only the id and the hash of a key are known here, and the hash is not
//! shown. Changes of keys are in `key_changes`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::authn::KEY_PREFIX;
use crate::config::{self, Snapshot, Written};
use crate::model::{AgentName, Instant, ResourceId, ResourceKind};

use super::body::Answer;
use super::managed_by::ManagedBy;
use super::page::{self, LARGEST, Name, Nothing, Page, Query};
use super::problem::Problem;
use super::{AdminState, SharedState, write};

/// Which keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// Only of this agent.
    #[schemars(regex(pattern = AgentName::PATTERN))]
    agent: Option<String>,
    /// The page size.
    #[schemars(range(min = 1, max = LARGEST))]
    limit: Option<usize>,
    /// `next` of the previous page.
    after: Option<String>,
}

/// Whether an API key is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum KeyState {
    Active,
    Expired,
    Revoked,
}

/// An API key, without its text and its hash.
#[derive(Serialize, JsonSchema)]
pub(super) struct ApiKey {
    id: String,
    agent: String,
    name: Option<String>,
    masked: String,
    state: KeyState,
    created_at: Option<jiff::Timestamp>,
    expires_at: Option<jiff::Timestamp>,
    revoked_at: Option<jiff::Timestamp>,
    last_used_at: Option<jiff::Timestamp>,
    managed_by: ManagedBy,
    etag: String,
}

/// What is shown of a key, one that is made just now among them.
pub(super) struct Facts<'k> {
    pub(super) agent: &'k AgentName,
    pub(super) name: Option<&'k str>,
    pub(super) created_at: Option<jiff::Timestamp>,
    pub(super) expires_at: Option<jiff::Timestamp>,
    pub(super) revoked_at: Option<jiff::Timestamp>,
    pub(super) last_used: Option<Instant>,
}

impl<'k> From<&'k config::ApiKey> for Facts<'k> {
    fn from(key: &'k config::ApiKey) -> Self {
        Self {
            agent: key.agent(),
            name: key.name(),
            created_at: key.created_at(),
            expires_at: key.expires_at(),
            revoked_at: key.revoked_at(),
            last_used: key.last_used.at(),
        }
    }
}

impl ApiKey {
    /// The key as it is shown at `now`; `etag` is the version of its file.
    pub(super) fn new(id: &str, key: &Facts<'_>, etag: String, stored: bool, now: Instant) -> Self {
        Self {
            id: id.to_owned(),
            agent: key.agent.to_string(),
            name: key.name.map(str::to_owned),
            masked: format!("{KEY_PREFIX}{id}_…"),
            state: state(key.expires_at, key.revoked_at, now),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used.and_then(write::timestamp),
            managed_by: ManagedBy::of(stored),
            etag,
        }
    }
}

/// Returns one page of the keys, in the order of ids.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(list): Query<List>,
) -> Result<Answer<Page<ApiKey>>, Problem> {
    let limit = page::limit(list.limit)?;
    let wanted = list.agent.as_deref().map(page::agent).transpose()?;
    let live = state.control().live();
    let of_agent = |key: &config::ApiKey| wanted.as_ref().is_none_or(|agent| agent == key.agent());
    let all = live.api_keys.iter().filter(|key| of_agent(key));
    let page = page::cut(
        all,
        |key| key.id(),
        list.after.as_deref(),
        limit,
        |key| shown(&state, &live, key.id(), key),
    );
    Ok(Answer(page.flatten()))
}

/// Returns one key, with its tag.
pub(super) async fn show(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let live = state.control().live();
    let key = live.api_keys.get(&name).and_then(|key| shown(&state, &live, &name, key));
    let key = key.ok_or_else(|| not_found(&name))?;
    let tag = write::etag(&key.etag);
    Ok(write::with_tag(Answer(key).into_response(), tag))
}

fn shown(state: &AdminState, live: &Snapshot, name: &str, key: &config::ApiKey) -> Option<ApiKey> {
    let written = live.written(&id(name).ok()?)?;
    let now = state.admin.clock.now();
    let shown = ApiKey::new(name, &key.into(), written.tag, written.stored, now);
    // A denied key is refused, also where its own text says nothing of that.
    let denied = live.denials.of_api_key(name, now).map(|_| KeyState::Revoked);
    Some(ApiKey { state: denied.unwrap_or(shown.state), ..shown })
}

/// A key of the live configuration, and its text. 404 when there is none.
pub(super) fn find<'s>(live: &'s Snapshot, name: &str) -> Result<(&'s config::ApiKey, Written), Problem> {
    let key = live.api_keys.get(name).ok_or_else(|| not_found(name))?;
    let written = live.written(&id(name)?).ok_or_else(|| not_found(name))?;
    Ok((key, written))
}

/// The resource id of a key. 404 when no key can have the name.
pub(super) fn id(name: &str) -> Result<ResourceId, Problem> {
    ResourceId::new(ResourceKind::ApiKey, name).ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> Problem {
    Problem::not_found(&format!("API key {name:?}"))
}

fn state(expires_at: Option<jiff::Timestamp>, revoked_at: Option<jiff::Timestamp>, now: Instant) -> KeyState {
    match (has_passed(revoked_at, now), has_passed(expires_at, now)) {
        (true, _) => KeyState::Revoked,
        (false, true) => KeyState::Expired,
        (false, false) => KeyState::Active,
    }
}

/// Whether there is a timestamp, and it is not in the future.
pub(super) fn has_passed(at: Option<jiff::Timestamp>, now: Instant) -> bool {
    let now = i64::try_from(now.unix()).unwrap_or(i64::MAX);
    at.is_some_and(|at| at.as_second() <= now)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use super::*;
    use axum::http::{Method, header};
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_key_is_shown_or_changed() {
        let api = Api::new();
        for (method, path) in [
            (Method::GET, "/api/v1/api-keys"),
            (Method::POST, "/api/v1/api-keys"),
            (Method::GET, "/api/v1/api-keys/Yq3Zk81b"),
            (Method::POST, "/api/v1/api-keys/Yq3Zk81b/revoke"),
            (Method::POST, "/api/v1/api-keys/Yq3Zk81b/rotate"),
            (Method::DELETE, "/api/v1/api-keys/Yq3Zk81b"),
        ] {
            assert_eq!(api.logged_out(method, path).await.status, 401, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_tag_changes_nothing() {
        let api = Api::writable();
        let rotate = json!({"overlap": "1h"});
        for (method, path, body) in [
            (Method::POST, "/revoke", None),
            (Method::POST, "/rotate", Some(rotate)),
            (Method::DELETE, "", None),
        ] {
            let path = format!("/api/v1/api-keys/Yq3Zk81b{path}");
            let stale = api.write(method.clone(), &path, Some("\"stale\""), body.clone()).await;
            assert_eq!((stale.status, stale.code()), (412, "precondition_failed"), "{path}");
            assert_eq!(api.write(method, &path, None, body).await.status, 428, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_shown_without_its_hash() {
        let api = Api::new();
        let answer = api.get("/api/v1/api-keys/Yq3Zk81b").await;
        let key = answer.json();
        assert_eq!(answer.headers[header::ETAG], format!("\"{}\"", key["etag"].as_str().unwrap()));
        for (member, wanted) in [
            ("agent", json!("partner")),
            ("name", json!("ci")),
            ("masked", json!("pck_Yq3Zk81b_…")),
            ("state", json!("active")),
            ("expires_at", json!("2027-01-01T00:00:00Z")),
            ("revoked_at", json!(null)),
        ] {
            assert_eq!(key[member], wanted, "{member}");
        }
        assert!(!answer.text().contains("sha256"), "{key}");
        let list = api.get("/api/v1/api-keys?agent=partner").await.json();
        assert_eq!(list["total"], json!(1));
        assert_eq!(api.get("/api/v1/api-keys?agent=refunds").await.json()["total"], json!(0));
        assert_eq!(api.get("/api/v1/api-keys/AAAAAAAA").await.status, 404);
    }

    #[test]
    fn a_key_that_is_revoked_and_expired_is_shown_as_revoked() {
        let at = |second| Some(jiff::Timestamp::from_second(second).unwrap());
        for (expires, revoked, wanted) in [
            (None, None, KeyState::Active),
            (at(101), at(101), KeyState::Active),
            (at(100), None, KeyState::Expired),
            (at(50), at(100), KeyState::Revoked),
            (None, at(1), KeyState::Revoked),
        ] {
            assert_eq!(state(expires, revoked, Instant::from_unix(100)), wanted, "{expires:?} {revoked:?}");
        }
    }
}

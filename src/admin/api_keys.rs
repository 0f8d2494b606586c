//! `/api-keys`: who may call an agent with a key. Of a key only its id and its hash are known here, and the hash is
//! not shown. How keys come and go is in `key_changes`.

use std::collections::HashSet;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Snapshot;
use crate::control::{Managed, Written};
use crate::model::{Instant, ResourceId, ResourceKind};
use crate::routing::Authenticator;

use super::agents::managed_by;
use super::body::Answer;
use super::page::{self, Name, Nothing, Page, Query};
use super::problem::Problem;
use super::{Desk, Room, write};

/// Which keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    agent: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

/// A key that is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// The id inside the key.
    pub(super) id: String,
    /// The agent that it opens.
    pub(super) agent: String,
}

/// A key as it is shown.
#[derive(Serialize)]
pub(super) struct ApiKey {
    id: String,
    agent: String,
    name: Option<String>,
    masked: String,
    state: &'static str,
    expires_at: Option<jiff::Timestamp>,
    revoked_at: Option<jiff::Timestamp>,
    last_used_at: Option<jiff::Timestamp>,
    managed_by: &'static str,
    etag: String,
}

/// Every key, in the order of ids.
pub(super) fn known(room: &Room) -> Vec<Known> {
    let live = room.control().live();
    let mut keys = Vec::new();
    for agent in live.agents.values() {
        if let Authenticator::ApiKey(policy) = &agent.authenticator {
            let agent = agent.name.as_str();
            keys.extend(policy.keys.keys().map(|id| Known { id: id.clone(), agent: agent.to_owned() }));
        }
    }
    let dormant = dormant(room, &live, &keys);
    keys.extend(dormant);
    keys.sort_by(|a, b| a.id.cmp(&b.id));
    keys
}

/// Stored keys whose agent takes no keys at the moment.
fn dormant(room: &Room, live: &Snapshot, awake: &[Known]) -> Vec<Known> {
    let awake: HashSet<&str> = awake.iter().map(|key| key.id.as_str()).collect();
    let stored = live.sources.iter().filter_map(|source| source.entry.as_ref());
    stored
        .filter(|id| id.kind() == ResourceKind::ApiKey && !awake.contains(id.name()))
        .filter_map(|id| {
            let written = room.control().written(id)?;
            Some(Known { id: id.name().to_owned(), agent: text(&written.spec, "agent")? })
        })
        .collect()
}

fn text(spec: &Value, member: &str) -> Option<String> {
    spec.get(member)?.as_str().map(str::to_owned)
}

fn date(spec: &Value, member: &str) -> Option<jiff::Timestamp> {
    spec.get(member)?.as_str()?.parse().ok()
}

/// Lists them.
pub(super) async fn list(
    State(desk): State<Desk>,
    Query(list): Query<List>,
) -> Result<Answer<Page<ApiKey>>, Problem> {
    let limit = page::limit(list.limit)?;
    let all =
        known(&desk).into_iter().filter(|key| list.agent.as_ref().is_none_or(|agent| *agent == key.agent));
    let page = page::cut(all, |key| key.id.as_str(), list.after.as_deref(), limit, |key| shown(&desk, &key));
    Ok(Answer(page.flatten()))
}

/// Shows one.
pub(super) async fn show(
    State(desk): State<Desk>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let (known, _) = find(&desk, &name)?;
    let key = shown(&desk, &known).ok_or_else(|| nothing(&name))?;
    let tag = write::etag(&key.etag);
    Ok(write::with_tag(Answer(key).into_response(), tag))
}

/// A key and what was written of it.
pub(super) fn find(room: &Room, name: &str) -> Result<(Known, Written), Problem> {
    let id = id(name)?;
    let known = known(room).into_iter().find(|key| key.id == name).ok_or_else(|| nothing(name))?;
    let written = room.control().written(&id).ok_or_else(|| nothing(name))?;
    Ok((known, written))
}

/// The name of a key as a resource.
pub(super) fn id(name: &str) -> Result<ResourceId, Problem> {
    ResourceId::new(ResourceKind::ApiKey, name).ok_or_else(|| nothing(name))
}

fn nothing(name: &str) -> Problem {
    Problem::not_found(&format!("API key {name:?}"))
}

/// The key as it is shown.
fn shown(room: &Room, key: &Known) -> Option<ApiKey> {
    let written = room.control().written(&id(&key.id).ok()?)?;
    Some(from_spec(room, key, &written.spec, written.etag, written.managed))
}

/// The key that `spec` describes.
pub(super) fn from_spec(room: &Room, key: &Known, spec: &Value, etag: String, managed: Managed) -> ApiKey {
    let (expires_at, revoked_at) = times(room, key, spec);
    ApiKey {
        id: key.id.clone(),
        agent: key.agent.clone(),
        name: text(spec, "name"),
        masked: format!("pck_{}_…", key.id),
        state: state(expires_at, revoked_at, room.admin.clock.now()),
        expires_at,
        revoked_at,
        last_used_at: last_used(room, key).and_then(write::moment),
        managed_by: managed_by(managed == Managed::Store),
        etag,
    }
}

/// When the key ends. What is written may be a reference to the environment; what runs knows better then.
pub(super) fn times(
    room: &Room,
    key: &Known,
    spec: &Value,
) -> (Option<jiff::Timestamp>, Option<jiff::Timestamp>) {
    let live = room.control().live();
    let record = live.agents.get(key.agent.as_str()).and_then(|agent| match &agent.authenticator {
        Authenticator::ApiKey(policy) => policy.keys.get(&key.id),
        Authenticator::OAuth(_) | Authenticator::Public => None,
    });
    let at =
        |member, running: Option<Instant>| date(spec, member).or_else(|| running.and_then(write::moment));
    let (expires, revoked) = record.map_or((None, None), |r| (r.expires_at, r.revoked_at));
    (at("expires_at", expires), at("revoked_at", revoked))
}

fn state(
    expires_at: Option<jiff::Timestamp>,
    revoked_at: Option<jiff::Timestamp>,
    now: Instant,
) -> &'static str {
    let now = i64::try_from(now.unix()).unwrap_or(i64::MAX);
    let passed = |at: Option<jiff::Timestamp>| at.is_some_and(|at| at.as_second() <= now);
    match (passed(revoked_at), passed(expires_at)) {
        (true, _) => "revoked",
        (false, true) => "expired",
        (false, false) => "active",
    }
}

/// When a caller last came in with it, since this gateway started.
fn last_used(_room: &Room, _key: &Known) -> Option<Instant> {
    None
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
        let api = Api::new();
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
    fn a_key_is_revoked_before_it_is_expired() {
        let at = |second| Some(jiff::Timestamp::from_second(second).unwrap());
        for (expires, revoked, wanted) in [
            (None, None, "active"),
            (at(101), at(101), "active"),
            (at(100), None, "expired"),
            (at(50), at(100), "revoked"),
            (None, at(1), "revoked"),
        ] {
            assert_eq!(state(expires, revoked, Instant::from_unix(100)), wanted, "{expires:?} {revoked:?}");
        }
    }
}

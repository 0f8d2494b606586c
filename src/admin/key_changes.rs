//! Changes of API keys: creating (the key is shown once), revoking, rotating with an overlap, deleting.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::authn::ApiKeyText;
use crate::config::Code;
use crate::control::{Edit, Edited, Expect, Reached, To, Wanted};
use crate::model::{AgentName, Digest, Secret, check_label};
use crate::routing::Authenticator;

use super::api_keys::{self, ApiKey, Facts};
use super::body::{Answer, Json};
use super::caller::Caller;
use super::changes::remove;
use super::key_times::{DURATION, SHORTEST_LIFE, bounds, duration, end_of_successor, expiry};
use super::page::Name;
use super::precondition::IfMatch;
use super::problem::Problem;
use super::write;
use super::write_query::Write;
use super::{AdminState, SharedState};

/// How long the old key stays valid after a rotation without `overlap`: time for a deployment of its client.
const OVERLAP: Duration = Duration::from_secs(3600);

/// The API key to create.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewApiKey")]
pub(super) struct Create {
    #[schemars(regex(pattern = AgentName::PATTERN))]
    agent: String,
    #[schemars(length(min = 1, max = 200))]
    name: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
    #[schemars(regex(pattern = DURATION), extend("x-duration" = bounds(SHORTEST_LIFE)), example = "30d")]
    expires_in: Option<String>,
}

/// How an API key is to be rotated.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RotateApiKey")]
pub(super) struct Rotate {
    /// How long the old key stays valid; default 1h.
    #[schemars(regex(pattern = DURATION), extend("x-duration" = bounds(Duration::ZERO)), example = "1h")]
    overlap: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
    #[schemars(regex(pattern = DURATION), extend("x-duration" = bounds(SHORTEST_LIFE)), example = "30d")]
    expires_in: Option<String>,
}

/// A new API key: the only response that shows its text.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CreatedApiKey")]
pub(super) struct Created {
    #[serde(flatten)]
    shown: ApiKey,
    #[serde(rename = "key", serialize_with = "in_the_clear")]
    text: Secret,
    dry_run: bool,
    /// How far it got, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    fleet: Option<Reached>,
}

/// The API key that replaces another.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RotatedApiKey")]
pub(super) struct Rotated {
    #[serde(flatten)]
    created: Created,
    replaces: String,
    old_expires_at: jiff::Timestamp,
}

fn in_the_clear<S: Serializer>(text: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.expose_secret())
}

/// A new key with its text, not yet written.
struct Fresh {
    id: String,
    text: Secret,
    agent: AgentName,
    name: Option<String>,
    digest: Digest,
    created_at: Option<jiff::Timestamp>,
    expires_at: Option<jiff::Timestamp>,
}

impl Fresh {
    fn make(
        agent: &AgentName,
        name: Option<&str>,
        created_at: Option<jiff::Timestamp>,
        expires_at: Option<jiff::Timestamp>,
    ) -> Result<Self, Problem> {
        let (id, text) = ApiKeyText::generate()
            .ok_or_else(|| Problem::unavailable("the system gives no random numbers"))?;
        let digest = Digest::of(text.expose_secret().as_bytes());
        let (agent, name) = (agent.clone(), name.map(str::to_owned));
        Ok(Self { id, text, agent, name, digest, created_at, expires_at })
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            agent: &self.agent,
            name: self.name.as_deref(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: None,
            last_used: None,
        }
    }

    /// The change that adds the key.
    fn wanted(&self) -> Result<Wanted, Problem> {
        let mut spec = Map::new();
        spec.insert("agent".into(), self.agent.as_str().into());
        if let Some(name) = &self.name {
            spec.insert("name".into(), name.as_str().into());
        }
        spec.insert("sha256".into(), self.digest.to_hex().into());
        for (member, at) in [("created_at", self.created_at), ("expires_at", self.expires_at)] {
            spec.extend(at.map(|at| (member.to_owned(), at.to_string().into())));
        }
        Ok(Wanted { id: api_keys::id(&self.id)?, expect: Expect::Absent, to: To::Json(Value::Object(spec)) })
    }

    /// The only response that shows the text of a key.
    async fn answer<T: Serialize>(
        self,
        state: &AdminState,
        edited: &Edited,
        query: Write,
        body: impl FnOnce(Created) -> T,
    ) -> Result<Response, Problem> {
        let id = api_keys::id(&self.id)?;
        let tag = edited.tags.iter().find(|(other, _)| *other == id).and_then(|(_, tag)| tag.clone());
        let etag = tag.unwrap_or_default();
        let shown = ApiKey::new(&self.id, &self.facts(), etag.clone(), true, state.admin.clock.now());
        let fleet = write::reached(state, edited, query).await;
        let created = Created { shown, text: self.text, dry_run: query.dry_run, fleet };
        let mut response = (StatusCode::CREATED, Answer(body(created))).into_response();
        if let (false, Ok(place)) =
            (query.dry_run, HeaderValue::from_str(&format!("/api/v1/api-keys/{}", self.id)))
        {
            response.headers_mut().insert(header::LOCATION, place);
        }
        Ok(write::with_tag(response, write::etag(&etag)))
    }
}

/// Creates a key.
pub(super) async fn create(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    query: Write,
    Json(wanted): Json<Create>,
) -> Result<Response, Problem> {
    // Another member may have written the agent a moment ago.
    state.control().catch_up().await?;
    let agent = takes_keys(&state, &wanted.agent)?;
    let name = wanted.name.as_deref().map(named).transpose()?;
    let expires_at = expiry(&state, wanted.expires_at.as_deref(), wanted.expires_in.as_deref())?;
    let fresh = Fresh::make(&agent, name, write::timestamp(state.admin.clock.now()), expires_at)?;
    let edit = Edit {
        who: caller.who(),
        what: format!("create api_keys/{} for agents/{agent}", fresh.id),
        wanted: vec![fresh.wanted()?],
        dry_run: query.dry_run,
        force: query.force,
    };
    let edited = state.control().edit(edit).await?;
    fresh.answer(&state, &edited, query, |created| created).await
}

/// The agent that a key is for. An agent without `auth: api_key` is an error: its callers could not use the key, and
/// would not learn why.
fn takes_keys(state: &AdminState, agent: &str) -> Result<AgentName, Problem> {
    let live = state.control().live();
    match live.agents.get(agent).map(|agent| (&agent.authenticator, &agent.name)) {
        Some((Authenticator::ApiKey(_), name)) => Ok(name.clone()),
        Some(_) => {
            let message = "this agent takes no API keys; deploy it with `auth: { api_key: {} }` first";
            Err(Problem::invalid("/agent", Code::WrongAgent, message))
        }
        None => Err(Problem::invalid("/agent", Code::UnknownAgent, "there is no such agent")),
    }
}

fn named(name: &str) -> Result<&str, Problem> {
    check_label(name).map(|()| name).map_err(|why| Problem::invalid("/name", Code::BadLabel, why))
}

/// Revokes a key now.
pub(super) async fn revoke(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    IfMatch(expect): IfMatch,
) -> Result<Response, Problem> {
    state.control().catch_up().await?;
    let live = state.control().live();
    let (key, written) = api_keys::find(&live, &name)?;
    let now = state.admin.clock.now();
    let mut spec = written.spec;
    // Revoking twice keeps the first timestamp, which an investigation relies on.
    if !api_keys::has_passed(key.revoked_at(), now) {
        set(&mut spec, "revoked_at", write::timestamp(now).unwrap_or_default());
    }
    let expect = pinned(expect, written.tag);
    let wanted = Wanted { id: api_keys::id(&name)?, expect, to: To::Json(spec) };
    Ok(write::one(&state, &caller, "revoke", wanted, query).await?.answer(StatusCode::OK))
}

fn set(spec: &mut Value, member: &str, at: jiff::Timestamp) {
    if let Value::Object(members) = spec {
        members.insert(member.to_owned(), at.to_string().into());
    }
}

/// Replaces `If-Match: *` by the tag of the text that was read, so that the write does not undo a change in between.
fn pinned(expect: Expect, read: String) -> Expect {
    if expect == Expect::Present { Expect::Tags(vec![read]) } else { expect }
}

/// Creates a key for the same agent, and sets the end of the old one to the end of the overlap.
pub(super) async fn rotate(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    IfMatch(expect): IfMatch,
    Json(wanted): Json<Rotate>,
) -> Result<Response, Problem> {
    state.control().catch_up().await?;
    let live = state.control().live();
    let (key, written) = api_keys::find(&live, &name)?;
    let agent = takes_keys(&state, key.agent().as_str())?;
    let overlap = wanted.overlap.as_deref().map(|text| duration("/overlap", text)).transpose()?;
    let overlap = overlap.unwrap_or(OVERLAP);
    let now = state.admin.clock.now();
    if api_keys::has_passed(key.revoked_at(), now) || api_keys::has_passed(key.expires_at(), now) {
        let message = "a key that is revoked or has expired cannot be rotated; create a new one";
        return Err(Problem::invalid("", Code::OutOfRange, message));
    }
    let asked = expiry(&state, wanted.expires_at.as_deref(), wanted.expires_in.as_deref())?;
    let ends = match asked {
        Some(asked) => Some(asked),
        None => end_of_successor((key.created_at(), key.expires_at()), overlap, now)?,
    };
    let fresh = Fresh::make(&agent, key.name(), write::timestamp(now), ends)?;
    let end = write::timestamp(now.plus(overlap)).unwrap_or(jiff::Timestamp::MAX);
    let end = key.expires_at().map_or(end, |old| old.min(end));
    let mut spec = written.spec;
    set(&mut spec, "expires_at", end);
    let id = api_keys::id(&name)?;
    let old = Wanted { id: id.clone(), expect: pinned(expect, written.tag), to: To::Json(spec) };
    let edit = Edit {
        who: caller.who(),
        what: format!("rotate {id}: replaced by api_keys/{}", fresh.id),
        wanted: vec![fresh.wanted()?, old],
        dry_run: query.dry_run,
        force: query.force,
    };
    let edited = state.control().edit(edit).await?;
    let rotated = |created| Rotated { created, replaces: name, old_expires_at: end };
    fresh.answer(&state, &edited, query, rotated).await
}

/// Deletes a key.
pub(super) async fn delete(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    IfMatch(expect): IfMatch,
) -> Result<Response, Problem> {
    remove(&state, &caller, api_keys::id(&name)?, expect, query).await
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::{Method, header};
    use serde_json::{Value, json};

    async fn create(api: &Api, body: Value) -> (u16, Value) {
        let answer = api.write(Method::POST, "/api/v1/api-keys", None, Some(body)).await;
        (answer.status, answer.json())
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_for_an_agent_with_api_keys_is_created_and_shown_once() {
        let api = Api::writable();
        let body = json!({"agent": "partner", "name": "<b>ci</b>", "expires_in": "30d"});
        let answer = api.write(Method::POST, "/api/v1/api-keys", None, Some(body)).await;
        let key = answer.json();
        assert_eq!(answer.status, 201, "{key}");
        let id = key["id"].as_str().unwrap();
        assert_eq!(answer.headers[header::LOCATION], format!("/api/v1/api-keys/{id}"));
        assert!(key["key"].as_str().unwrap().starts_with(&format!("pck_{id}_")));
        assert_eq!(key["expires_at"], "2023-12-14T22:13:20Z");
        assert_eq!((&key["state"], &key["name"]), (&json!("active"), &json!("<b>ci</b>")));
    }

    #[tokio::test(start_paused = true)]
    async fn an_invalid_key_is_not_created_and_the_error_has_a_pointer() {
        let api = Api::writable();
        for (body, path) in [
            (json!({"agent": "refunds"}), "/agent"),
            (json!({"agent": "open"}), "/agent"),
            (json!({"agent": "absent"}), "/agent"),
            (json!({"agent": "partner", "name": ""}), "/name"),
            (json!({"agent": "partner", "name": "a\u{7}"}), "/name"),
            (json!({"agent": "partner", "name": "safe\u{202e}gnp.exe"}), "/name"),
            (json!({"agent": "partner", "name": "x".repeat(201)}), "/name"),
            (json!({"agent": "partner", "expires_at": "2020-01-01T00:00:00Z"}), "/expires_at"),
            (json!({"agent": "partner", "expires_at": "tomorrow"}), "/expires_at"),
            (json!({"agent": "partner", "expires_in": "0s"}), "/expires_in"),
            (json!({"agent": "partner", "expires_in": "99999d"}), "/expires_in"),
            (
                json!({"agent": "partner", "expires_in": "1d", "expires_at": "2030-01-01T00:00:00Z"}),
                "/expires_in",
            ),
            (json!({"agent": "partner", "sha256": "00"}), "/sha256"),
            (json!({}), ""),
        ] {
            let (status, answer) = create(&api, body.clone()).await;
            assert_eq!((status, &answer["diagnostics"][0]["path"]), (422, &json!(path)), "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_writable_store_no_key_is_created() {
        let (status, answer) = create(&Api::new(), json!({"agent": "partner"})).await;
        assert_eq!((status, &answer["code"]), (409, &json!("read_only")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rotated_key_keeps_its_end_and_the_old_one_ends_after_the_overlap() {
        let api = Api::writable();
        let path = "/api/v1/api-keys/Yq3Zk81b/rotate";
        let answer = api.write(Method::POST, path, Some("*"), Some(json!({"overlap": "1h"}))).await;
        let key = answer.json();
        assert_eq!(answer.status, 201, "{key}");
        assert_eq!(key["replaces"], "Yq3Zk81b");
        assert_eq!(key["old_expires_at"], "2023-11-14T23:13:20Z");
        assert_eq!(key["expires_at"], "2027-01-01T00:00:00Z");
        for body in [json!({"overlap": "soon"}), json!({"overlap": "1h", "x": 1})] {
            let answer = api.write(Method::POST, path, Some("*"), Some(body)).await;
            assert_eq!(answer.status, 422);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_rotation_overlaps_for_an_hour() {
        for body in [json!({}), json!({"overlap": null})] {
            let api = Api::writable();
            let path = "/api/v1/api-keys/Yq3Zk81b/rotate";
            let answer = api.write(Method::POST, path, Some("*"), Some(body)).await;
            let key = answer.json();
            assert_eq!(
                (answer.status, &key["old_expires_at"]),
                (201, &json!("2023-11-14T23:13:20Z")),
                "{key}"
            );
            assert_eq!(key["created_at"], "2023-11-14T22:13:20Z");
        }
    }
}

//! `/revisions`: the history of changes, and rolling back.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Code, Snapshot};
use crate::control::{self, Action, Expect, RollBack, diff};
use crate::model::{ResourceId, ResourceKind};
use crate::store::{self, Change, Record};

use super::body::{Answer, MaybeJson};
use super::caller::Caller;
use super::page::{self, LARGEST, Name, Nothing, Query};
use super::precondition::IfMatch;
use super::problem::{Problem, ProblemCode};
use super::write::{self, Written};
use super::write_query::Write;
use super::{AdminState, SharedState};

/// Which revisions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// The page size.
    #[schemars(range(min = 1, max = LARGEST))]
    limit: Option<usize>,
    /// `next` of the previous page.
    #[schemars(range(max = u64::MAX))]
    before: Option<u64>,
    /// Only revisions that changed this resource.
    #[schemars(regex(pattern = ResourceId::PATTERN))]
    resource: Option<String>,
    /// Only the revision that the commit of this id made: the `commit` of `outcome_unknown`.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    commit: Option<String>,
}

/// One page of revisions, newest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RevisionPage")]
pub(super) struct Revisions {
    items: Vec<Summary>,
    next: Option<u64>,
    /// The number of the last revision.
    head: u64,
}

/// A revision without what was changed.
#[derive(Serialize, JsonSchema)]
struct About {
    number: u64,
    at: jiff::Timestamp,
    who: String,
    what: String,
    /// The id of the commit, in a store that a fleet shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

/// A revision in a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RevisionSummary")]
struct Summary {
    #[serde(flatten)]
    about: About,
    changes: Vec<Changed>,
}

/// A revision with the texts of its changes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revision")]
pub(super) struct Detail {
    #[serde(flatten)]
    about: About,
    changes: Vec<Rewritten>,
}

/// The change of one resource.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
struct Changed {
    resource: String,
    action: Action,
    /// Whether the live configuration has the text that the change led to.
    live: bool,
}

/// The change of one resource, with its text before and after.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangeWithTexts")]
struct Rewritten {
    #[serde(flatten)]
    changed: Changed,
    from: Option<String>,
    to: Option<String>,
    diff: String,
}

/// The part of a revision to roll back; everything without `resource`.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RollBack")]
pub(super) struct Part {
    #[schemars(regex(pattern = "^(agents|identity_providers|limits)/[A-Za-z0-9-]{1,63}$"))]
    resource: Option<String>,
}

/// Returns one page of the revisions, newest first.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(list): Query<List>,
) -> Result<Response, Problem> {
    let limit = page::limit(list.limit)?;
    let only = list.resource.as_deref().map(|text| {
        ResourceId::parse(text)
            .ok_or_else(|| Problem::bad_query("`resource` names one, such as agents/refunds"))
    });
    if let Some(commit) = list.commit {
        return made_by(&state, commit).await;
    }
    let head = state.control().status().head.number;
    // One record more than the page holds tells whether there is a next page.
    let query = store::Query { before: list.before, limit: limit + 1, only: only.transpose()? };
    let mut records = state.control().history(query).await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| record.number);
    let live = state.control().live();
    let items = records.iter().map(|record| Summary::new(record, &live)).collect();
    let answer = Answer(Revisions { items, next, head }).into_response();
    Ok(write::with_tag(answer, write::etag(&format!("r{head}"))))
}

/// The page with the one revision that a commit made, or without.
async fn made_by(state: &AdminState, commit: String) -> Result<Response, Problem> {
    let found = state.control().committed(commit).await?;
    let head = state.control().status().head.number;
    let live = state.control().live();
    let items = found.iter().map(|record| Summary::new(record, &live)).collect();
    Ok(Answer(Revisions { items, next: None, head }).into_response())
}

/// Returns one revision, with the texts before and after.
pub(super) async fn show(
    State(state): State<SharedState>,
    Name(number): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Answer<Detail>, Problem> {
    let record = state.control().record(parse(&number)?).await?.ok_or_else(|| not_found(&number))?;
    Ok(Answer(Detail::new(&record, &state.control().live())))
}

fn parse(number: &str) -> Result<u64, Problem> {
    number.parse().map_err(|_| not_found(number))
}

fn not_found(number: &str) -> Problem {
    Problem::not_found(&format!("revision {number:?}"))
}

impl About {
    fn new(record: &Record) -> Self {
        let commit = &record.commit;
        Self {
            number: record.number,
            at: commit.at,
            who: commit.who.clone(),
            what: commit.what.clone(),
            commit: record.id.clone(),
        }
    }
}

impl Summary {
    fn new(record: &Record, live: &Snapshot) -> Self {
        let changes = record.commit.changes.iter().map(|change| Changed::new(change, live)).collect();
        Self { about: About::new(record), changes }
    }
}

impl Detail {
    fn new(record: &Record, live: &Snapshot) -> Self {
        let changes = record.commit.changes.iter().map(|change| Rewritten::new(change, live)).collect();
        Self { about: About::new(record), changes }
    }
}

impl Changed {
    fn new(change: &Change, live: &Snapshot) -> Self {
        let runs = live.source_of(&change.id).map(|source| &*source.text) == change.to.as_deref();
        Self { resource: change.id.to_string(), action: Action::of(change), live: runs }
    }
}

impl Rewritten {
    fn new(change: &Change, live: &Snapshot) -> Self {
        // The text of an API key holds its hash, which the API never shows.
        let shown = change.id.kind() != ResourceKind::ApiKey;
        let text = |text: &Option<String>| {
            text.as_deref().filter(|_| shown).map(|text| control::shown(&change.id, text))
        };
        Self {
            changed: Changed::new(change, live),
            diff: diff(&change.id, change.from.as_deref(), change.to.as_deref()),
            from: text(&change.from),
            to: text(&change.to),
        }
    }
}

/// Restores agents, providers and limits to their state right after a revision. API keys stay: a rollback must not revive a
/// revoked one.
pub(super) async fn roll_back(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(number): Name,
    query: Write,
    IfMatch(expect): IfMatch,
    MaybeJson(part): MaybeJson<Part>,
) -> Result<Response, Problem> {
    let only = part.resource.as_deref().map(|text| {
        let known = ResourceId::parse(text).filter(|id| id.kind() != ResourceKind::ApiKey);
        known.ok_or_else(|| {
            let message =
                "`resource` names an agent, an identity provider or a limit, such as agents/refunds";
            Problem::invalid("/resource", Code::BadName, message)
        })
    });
    let only = only.transpose()?;
    let expect_head = match &expect {
        Expect::Tags(tags) => Some(head(tags)?),
        Expect::Absent | Expect::Present | Expect::Anything => None,
    };
    let back = RollBack {
        number: parse(&number)?,
        only: only.clone(),
        expect_head,
        who: caller.who(),
        dry_run: query.dry_run,
        force: query.force,
    };
    let edited = state.control().roll_back(back).await?;
    let fleet = write::reached(&state, &edited, query).await;
    Ok(Written::new(edited, only.as_ref(), query.dry_run).reached(fleet).answer(StatusCode::OK))
}

fn head(tags: &[String]) -> Result<u64, Problem> {
    let only = if let [tag] = tags { tag.strip_prefix('r') } else { None };
    only.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let detail = "`If-Match` here takes the ETag of the list of revisions, such as \"r7\"";
        Problem::new(StatusCode::PRECONDITION_FAILED, ProblemCode::PreconditionFailed, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::{Method, header};
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_history_is_shown_or_undone() {
        let api = Api::new();
        for (method, path) in [
            (Method::GET, "/api/v1/revisions"),
            (Method::GET, "/api/v1/revisions/1"),
            (Method::POST, "/api/v1/revisions/1/rollback"),
        ] {
            assert_eq!(api.logged_out(method, path).await.status, 401, "{path}");
        }
    }

    /// Three revisions: an agent is created, then changed, then gets a key.
    async fn api() -> Api {
        let api = Api::writable();
        let spec =
            |route: &str| json!({"route": route, "upstream": "http://127.0.0.1:9", "auth": {"api_key": {}}});
        assert_eq!(api.create("/api/v1/agents/new", spec("/a")).await.status, 201);
        let changed = api.write(Method::PUT, "/api/v1/agents/new", Some("*"), Some(spec("/b"))).await;
        assert_eq!(changed.status, 200);
        let key = api.write(Method::POST, "/api/v1/api-keys", None, Some(json!({"agent": "new"}))).await;
        assert_eq!(key.status, 201);
        api
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_head_is_not_rolled_back() {
        let api = api().await;
        let path = "/api/v1/revisions/1/rollback";
        for (tag, wanted) in [(Some("\"r1\""), 412), (Some("\"nonsense\""), 412), (None, 428)] {
            assert_eq!(api.write(Method::POST, path, tag, None).await.status, wanted, "{tag:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rollback_restores_agents_and_leaves_keys_alone() {
        let api = api().await;
        let path = "/api/v1/revisions/1/rollback";
        let back =
            api.write(Method::POST, path, Some("\"r3\""), Some(json!({"resource": "agents/new"}))).await;
        assert_eq!((back.status, &back.json()["revision"]), (200, &json!(4)), "{}", back.text());
        assert_eq!(api.get("/api/v1/agents/new").await.json()["route"]["path"], json!("/a"));
        assert_eq!(api.get("/api/v1/api-keys?agent=new").await.json()["total"], json!(1));
        assert_eq!(
            api.write(Method::POST, "/api/v1/revisions/99/rollback", Some("*"), None).await.status,
            404
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_history_is_shown_newest_first_and_texts_only_of_one_revision() {
        let api = api().await;
        let answer = api.get("/api/v1/revisions?limit=2").await;
        let list = answer.json();
        assert_eq!(answer.headers[header::ETAG], "\"r3\"");
        assert_eq!(
            (&list["items"][0]["number"], &list["next"], &list["head"]),
            (&json!(3), &json!(2), &json!(3))
        );
        assert_eq!(
            list["items"][1]["changes"],
            json!([{"resource": "agents/new", "action": "updated", "live": true}])
        );
        assert_eq!(list["items"][1]["who"], json!("token from 127.0.0.1"));
        let one = api.get("/api/v1/revisions/2").await.json();
        let change = &one["changes"][0];
        assert!(
            change["from"].as_str().unwrap().contains("/a") && change["to"].as_str().unwrap().contains("/b")
        );
        assert!(change["diff"].as_str().unwrap().contains("-route: /a\n+route: /b\n"), "{change}");
        for path in ["9", "x", "-1", "18446744073709551616"] {
            assert_eq!(api.get(&format!("/api/v1/revisions/{path}")).await.status, 404, "{path}");
        }
        let only = api.get("/api/v1/revisions?resource=agents/new").await.json();
        assert_eq!(only["items"].as_array().unwrap().len(), 2);
        assert_eq!(api.get("/api/v1/revisions?resource=nonsense").await.status, 400);
    }

    #[tokio::test(start_paused = true)]
    async fn the_hash_of_a_key_is_not_in_the_history() {
        let api = api().await;
        let answer = api.get("/api/v1/revisions/3").await;
        let change = &answer.json()["changes"][0];
        assert_eq!(
            (&change["action"], &change["from"], &change["to"]),
            (&json!("created"), &json!(null), &json!(null))
        );
        let text = answer.text();
        let hash = text.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 64);
        assert_eq!(hash, None, "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn api_keys_cannot_be_rolled_back() {
        let api = Api::writable();
        for resource in ["api_keys/Yq3Zk81b", "agents/", "x", "agents/../x"] {
            let body = Some(json!({"resource": resource}));
            let answer = api.write(Method::POST, "/api/v1/revisions/1/rollback", Some("*"), body).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{resource}");
        }
    }
}

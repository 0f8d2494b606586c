//! `/limits`: listing, showing, saving and deleting the limits of the callers of every agent. How full the limits of one
//! agent are is in `limits`.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::{GlobalLimit, Snapshot};
use crate::gate::{LimitQuota, LimitRate, Permits};
use crate::limits::Counting;
use crate::model::{Enforcement, ResourceId, ResourceKind};
use crate::routing::{Counts, LimitScope};

use super::SharedState;
use super::body::{Answer, Anything};
use super::caller::Caller;
use super::changes::{bad_name, remove, replace};
use super::managed_by::ManagedBy;
use super::page::{self, LARGEST, Name, Nothing, Page, Query};
use super::precondition::{IfMatch, Precondition};
use super::problem::Problem;
use super::write;
use super::write_query::Write;

/// Which limits.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// The page size.
    #[schemars(range(min = 1, max = LARGEST))]
    limit: Option<usize>,
    /// `next` of the previous page.
    after: Option<String>,
    /// Only those with this text in their name, or in what they count by.
    q: Option<String>,
}

/// A limit of the callers of every agent in a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LimitSummary")]
pub(super) struct Summary {
    name: String,
    managed_by: ManagedBy,
    /// What it counts by: `principal`, `client_id`, `api_key`, `address`, `agent`, or `claim:` with the name of a claim.
    per: String,
    scope: LimitScope,
    count: Counts,
    enforcement: Enforcement,
    counting: Counting,
    /// The rate that is written; null for any other limit.
    rate: Option<LimitRate>,
    /// The requests under way that are written; null for any other limit.
    concurrent: Option<u32>,
    /// The quota that is written; null for any other limit.
    quota: Option<LimitQuota>,
}

/// A limit of the callers of every agent with all details.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LimitDetail")]
pub(super) struct Detail {
    #[serde(flatten)]
    summary: Summary,
    etag: String,
    file: String,
    /// As it is written, without its name. A file written by hand can hold a number where text is expected.
    #[schemars(with = "Map<String, Value>")]
    spec: Value,
}

/// Returns one page of the limits, in the order of names.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(list): Query<List>,
) -> Result<Answer<Page<Summary>>, Problem> {
    let limit = page::limit(list.limit)?;
    let wanted = list.q.map(|q| q.to_lowercase()).unwrap_or_default();
    let live = state.control().live();
    let about = |text: &str| text.to_lowercase().contains(&wanted);
    let all = live.global_limits.iter();
    let all = all.filter(|limit| about(&limit.name.value) || about(&limit.per.value.to_string()));
    let after = list.after.as_deref();
    let page = page::cut(all, |limit| &*limit.name.value, after, limit, |limit| summary(&live, limit));
    Ok(Answer(page))
}

fn summary(live: &Snapshot, limit: &GlobalLimit) -> Summary {
    let id = ResourceId::new(ResourceKind::Limit, &limit.name.value);
    let permits = limit.measure().map(Permits::from);
    let Permits { rate, concurrent, quota } =
        permits.unwrap_or(Permits { rate: None, concurrent: None, quota: None });
    Summary {
        name: limit.name.value.to_string(),
        managed_by: ManagedBy::of(id.is_some_and(|id| live.is_stored(&id))),
        per: limit.per.value.to_string(),
        scope: limit.scope.value,
        count: limit.count,
        enforcement: limit.enforcement,
        counting: limit.counting(),
        rate,
        concurrent,
        quota,
    }
}

/// Returns one limit, with its tag.
pub(super) async fn show(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let live = state.control().live();
    let at = live.global_limits.binary_search_by(|limit| (*limit.name.value).cmp(&name));
    let limit = at.ok().and_then(|at| live.global_limits.get(at)).ok_or_else(|| not_found(&name))?;
    let written = live.written(&id(&name)?).ok_or_else(|| not_found(&name))?;
    let tag = write::etag(&written.tag);
    let detail = Detail {
        summary: summary(&live, limit),
        etag: written.tag,
        file: written.path.display().to_string(),
        spec: written.spec,
    };
    Ok(write::with_tag(Answer(detail).into_response(), tag))
}

/// Saves a limit. What was spent of it stays spent.
pub(super) async fn put(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    Precondition(expect): Precondition,
    Anything(spec): Anything,
) -> Result<Response, Problem> {
    let id = ResourceId::new(ResourceKind::Limit, name).ok_or_else(bad_name)?;
    replace(&state, &caller, id, expect, spec, query).await
}

/// Deletes a limit, and what was spent of it.
pub(super) async fn delete(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    IfMatch(expect): IfMatch,
) -> Result<Response, Problem> {
    remove(&state, &caller, id(&name)?, expect, query).await
}

fn not_found(name: &str) -> Problem {
    Problem::not_found(&format!("limit {name:?}"))
}

fn id(name: &str) -> Result<ResourceId, Problem> {
    ResourceId::new(ResourceKind::Limit, name).ok_or_else(|| not_found(name))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::{Method, header};
    use serde_json::{Value, json};

    const PATH: &str = "/api/v1/limits/guesses";

    fn guesses(rate: &str) -> Value {
        json!({"per": "address", "scope": "everywhere", "rate": rate, "count": "failed"})
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_limit_is_shown_or_changed() {
        let api = Api::new();
        for (method, path) in [
            (Method::GET, "/api/v1/limits"),
            (Method::GET, PATH),
            (Method::PUT, PATH),
            (Method::DELETE, PATH),
        ] {
            assert_eq!(api.logged_out(method, path).await.status, 401, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_created_shown_changed_and_deleted() {
        let api = Api::writable();
        let made = api.create(PATH, guesses("20/1m")).await;
        assert_eq!(
            (made.status, &made.json()["resource"]),
            (201, &json!("limits/guesses")),
            "{}",
            made.text()
        );
        let shown = api.get(PATH).await;
        assert_eq!(shown.headers[header::ETAG], made.headers[header::ETAG]);
        let limit = shown.json();
        for (member, wanted) in [
            ("name", json!("guesses")),
            ("managed_by", json!("store")),
            ("per", json!("address")),
            ("scope", json!("everywhere")),
            ("count", json!("failed")),
            ("enforcement", json!("enforce")),
            ("counting", json!("local_share")),
            ("rate", json!({"count": 20, "window_seconds": 60, "burst": 20})),
            ("concurrent", json!(null)),
            ("quota", json!(null)),
            ("spec", guesses("20/1m")),
        ] {
            assert_eq!(limit[member], wanted, "{member}");
        }
        let used = api.get("/api/v1/agents/open/limits").await.json();
        assert_eq!(
            (&used["items"][0]["name"], &used["items"][0]["place"]),
            (&json!("guesses"), &json!("top"))
        );

        let tag = format!("\"{}\"", limit["etag"].as_str().unwrap());
        let changed = api.write(Method::PUT, PATH, Some(&tag), Some(guesses("30/1m"))).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert!(changed.json()["diff"].as_str().unwrap().contains("+rate: 30/1m"), "{}", changed.text());
        for method in [Method::PUT, Method::DELETE] {
            let stale = api.write(method, PATH, Some(&tag), Some(guesses("40/1m"))).await;
            assert_eq!((stale.status, stale.code()), (412, "precondition_failed"));
        }
        let list = api.get("/api/v1/limits?q=ADDR").await.json();
        assert_eq!((&list["total"], &list["items"][0]["rate"]["count"]), (&json!(1), &json!(30)), "{list}");
        assert_eq!(api.get("/api/v1/limits?q=other").await.json()["total"], json!(0));

        let back = Some(json!({"resource": "limits/guesses"}));
        let back = api.write(Method::POST, "/api/v1/revisions/1/rollback", Some("*"), back).await;
        assert_eq!(back.status, 200, "{}", back.text());
        assert_eq!(api.get(PATH).await.json()["rate"]["count"], json!(20));
        assert_eq!(api.write(Method::DELETE, PATH, Some("*"), None).await.status, 200);
        assert_eq!(api.get(PATH).await.status, 404);
        assert_eq!(api.write(Method::DELETE, PATH, Some("*"), None).await.status, 404);
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_limit_can_be_is_said_with_its_place() {
        let api = Api::writable();
        for (path, spec, code, pointer) in [
            (PATH, json!({"per": "address", "scope": "agent"}), "limit-measure", ""),
            (PATH, json!({"per": "adress", "scope": "agent", "rate": "1/1m"}), "bad-word", "/per"),
            (
                PATH,
                json!({"name": "x", "per": "agent", "scope": "agent", "rate": "1/1m"}),
                "unknown-field",
                "/name",
            ),
            (
                "/api/v1/limits/Guesses",
                json!({"per": "agent", "scope": "agent", "rate": "1/1m"}),
                "bad-name",
                "",
            ),
            ("/api/v1/limits/a_b", guesses("1/1m"), "bad-name", ""),
            (PATH, json!([]), "wrong-type", ""),
        ] {
            let answer = api.create(path, spec.clone()).await;
            let found = answer.json();
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{spec}: {found}");
            let found = &found["diagnostics"][0];
            assert_eq!((&found["code"], &found["path"]), (&json!(code), &json!(pointer)), "{spec}: {found}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_the_file_is_shown_and_left_to_the_file() {
        let api = Api::with_top("limits: [{ name: guesses, per: address, scope: agent, concurrent: 4 }]\n");
        let limit = api.get(PATH).await.json();
        assert_eq!((&limit["managed_by"], &limit["concurrent"]), (&json!("file"), &json!(4)), "{limit}");
        assert_eq!(limit["spec"], json!({"per": "address", "scope": "agent", "concurrent": 4}));
        let refused = api.write(Method::PUT, PATH, Some("*"), Some(guesses("1/1m"))).await;
        assert_eq!(refused.status, 409, "{}", refused.text());
    }
}

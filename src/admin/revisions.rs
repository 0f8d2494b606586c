//! `/revisions`: what was changed, by whom, and going back.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use similar::TextDiff;

use crate::control::{Expect, RollBack};
use crate::model::{ResourceId, ResourceKind};
use crate::store::{self, Change, Record};

use super::Desk;
use super::body::{Answer, MaybeJson};
use super::caller::Caller;
use super::page::{self, Name, Nothing, Query, Write};
use super::precondition::IfMatch;
use super::problem::Problem;
use super::write::{self, Written};

/// Which revisions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    limit: Option<usize>,
    before: Option<u64>,
    resource: Option<String>,
}

#[derive(Serialize)]
struct Revisions {
    items: Vec<Item>,
    next: Option<u64>,
    head: u64,
}

/// One revision.
#[derive(Serialize)]
pub(super) struct Item {
    number: u64,
    at: jiff::Timestamp,
    who: String,
    what: String,
    changes: Vec<Changed>,
}

/// What became of one resource.
#[derive(Serialize)]
struct Changed {
    resource: String,
    action: &'static str,
    #[serde(flatten)]
    texts: Option<Texts>,
}

/// How it was written before and after.
#[derive(Serialize)]
struct Texts {
    from: Option<String>,
    to: Option<String>,
    diff: String,
}

/// Which part to take back.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    resource: Option<String>,
}

/// Lists them, the newest first.
pub(super) async fn list(State(desk): State<Desk>, Query(list): Query<List>) -> Result<Response, Problem> {
    let limit = page::limit(list.limit)?;
    let only = list.resource.as_deref().map(|text| {
        ResourceId::parse(text)
            .ok_or_else(|| Problem::bad_query("`resource` names one, such as agents/refunds"))
    });
    let head = desk.control().status().head;
    // One more than is shown says whether there is a next page.
    let query = store::Query { before: list.before, limit: limit + 1, only: only.transpose()? };
    let mut records = desk.control().history(query).await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| record.number);
    let items = records.iter().map(|record| item(record, false)).collect();
    let answer = Answer(Revisions { items, next, head }).into_response();
    Ok(write::with_tag(answer, write::etag(&format!("r{head}"))))
}

/// Shows one, with the texts.
pub(super) async fn show(
    State(desk): State<Desk>,
    Name(number): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Answer<Item>, Problem> {
    let record = desk.control().record(parse(&number)?).await?.ok_or_else(|| nothing(&number))?;
    Ok(Answer(item(&record, true)))
}

fn parse(number: &str) -> Result<u64, Problem> {
    number.parse().map_err(|_| nothing(number))
}

fn nothing(number: &str) -> Problem {
    Problem::not_found(&format!("revision {number:?}"))
}

fn item(record: &Record, whole: bool) -> Item {
    let commit = &record.commit;
    Item {
        number: record.number,
        at: commit.at,
        who: commit.who.clone(),
        what: commit.what.clone(),
        changes: commit.changes.iter().map(|change| changed(change, whole)).collect(),
    }
}

fn changed(change: &Change, whole: bool) -> Changed {
    let action = match (&change.from, &change.to) {
        (None, _) => "created",
        (_, None) => "deleted",
        _ => "updated",
    };
    // The text of an API key holds its hash, which is of no use to a reader.
    let shown = change.id.kind() != ResourceKind::ApiKey;
    let text = |text: &Option<String>| text.clone().filter(|_| shown);
    let texts = whole.then(|| {
        let (from, to) = (text(&change.from), text(&change.to));
        Texts { diff: diff(&change.id, from.as_deref(), to.as_deref()), from, to }
    });
    Changed { resource: change.id.to_string(), action, texts }
}

/// The difference as a unified diff; empty for texts that are not shown.
fn diff(id: &ResourceId, from: Option<&str>, to: Option<&str>) -> String {
    let name =
        |side: &str, text: Option<&str>| text.map_or("/dev/null".to_owned(), |_| format!("{side}/{id}"));
    TextDiff::from_lines(from.unwrap_or_default(), to.unwrap_or_default())
        .unified_diff()
        .header(&name("a", from), &name("b", to))
        .to_string()
}

/// Makes agents and providers what they were right after a revision.
pub(super) async fn roll_back(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Name(number): Name,
    Query(query): Query<Write>,
    IfMatch(expect): IfMatch,
    MaybeJson(part): MaybeJson<Part>,
) -> Result<Response, Problem> {
    let only = part.resource.as_deref().map(|text| {
        let known = ResourceId::parse(text).filter(|id| id.kind() != ResourceKind::ApiKey);
        known.ok_or_else(|| {
            let message = "`resource` names an agent or an identity provider, such as agents/refunds";
            Problem::invalid("/resource", "bad-name", message)
        })
    });
    let only = only.transpose()?;
    let expect_head = match &expect {
        Expect::Tag(tag) => Some(head(tag)?),
        Expect::Absent | Expect::Present | Expect::Anything => None,
    };
    let back = RollBack {
        number: parse(&number)?,
        only: only.clone(),
        expect_head,
        who: caller.who(),
        dry_run: query.dry_run,
    };
    let edited = desk.control().roll_back(back).await?;
    Ok(Written::new(edited, only.as_ref(), query.dry_run).answer(StatusCode::OK))
}

fn head(tag: &str) -> Result<u64, Problem> {
    tag.strip_prefix('r').and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let detail = "`If-Match` here takes the ETag of the list of revisions, such as \"r7\"";
        Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
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

    #[tokio::test(start_paused = true)]
    async fn a_stale_head_is_not_rolled_back() {
        let api = Api::writable();
        let path = "/api/v1/revisions/1/rollback";
        for (tag, wanted) in [(Some("\"r1\""), 412), (Some("\"nonsense\""), 412), (None, 428)] {
            assert_eq!(api.write(Method::POST, path, tag, None).await.status, wanted, "{tag:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_history_is_shown_newest_first_and_texts_only_of_one_revision() {
        let api = Api::writable();
        let answer = api.get("/api/v1/revisions?limit=2").await;
        let list = answer.json();
        assert_eq!(answer.headers[header::ETAG], "\"r3\"");
        assert_eq!(
            (&list["items"][0]["number"], &list["next"], &list["head"]),
            (&json!(3), &json!(2), &json!(3))
        );
        assert_eq!(list["items"][1]["changes"], json!([{"resource": "agents/refunds", "action": "updated"}]));
        let one = api.get("/api/v1/revisions/2").await.json();
        let change = &one["changes"][0];
        assert_eq!((&change["from"], &change["to"]), (&json!("route: /a\n"), &json!("route: /b\n")));
        let diff = "--- a/agents/refunds\n+++ b/agents/refunds\n@@ -1 +1 @@\n-route: /a\n+route: /b\n";
        assert_eq!(change["diff"], diff);
        for path in ["9", "x", "-1", "18446744073709551616"] {
            assert_eq!(api.get(&format!("/api/v1/revisions/{path}")).await.status, 404, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_hash_of_a_key_is_not_in_the_history() {
        let api = Api::writable();
        let answer = api.get("/api/v1/revisions/3").await;
        let change = &answer.json()["changes"][0];
        assert_eq!(
            (&change["action"], &change["to"], &change["diff"]),
            (&json!("created"), &json!(null), &json!(""))
        );
        assert!(!answer.text().contains("sha256"));
    }

    #[tokio::test(start_paused = true)]
    async fn only_agents_and_providers_go_back() {
        let api = Api::writable();
        for resource in ["api_keys/Yq3Zk81b", "agents/", "x", "agents/../x"] {
            let body = Some(json!({"resource": resource}));
            let answer = api.write(Method::POST, "/api/v1/revisions/1/rollback", Some("*"), body).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{resource}");
        }
    }
}

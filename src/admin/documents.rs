//! `/documents`: restores a file of the store that is broken on disk. The gateway runs the last good text meanwhile.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Code;
use crate::control::{Broken, Finding, Restore};
use crate::model::ResourceId;

use super::body::Json;
use super::caller::Caller;
use super::problem::Problem;
use super::write::Written;
use super::write_query::Write;
use super::{SharedState, write};

/// The document to restore.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Restore")]
pub(super) struct Which {
    #[schemars(regex(pattern = ResourceId::PATTERN))]
    resource: String,
}

/// A document that is broken on disk.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BrokenDocument")]
pub(super) struct Shown {
    resource: Option<String>,
    file: String,
    since: jiff::Timestamp,
    diagnostics: Vec<Finding>,
    last_good_revision: Option<u64>,
    restorable: bool,
}

impl Shown {
    pub(super) fn new(broken: &Broken) -> Self {
        Self {
            resource: broken.resource.as_ref().map(ToString::to_string),
            file: broken.file.display().to_string(),
            since: write::timestamp(broken.since).unwrap_or_default(),
            diagnostics: broken.findings.clone(),
            last_good_revision: broken.last_good_revision,
            restorable: broken.restorable,
        }
    }
}

/// Puts the last good text of a broken document back on disk.
pub(super) async fn restore(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    query: Write,
    Json(which): Json<Which>,
) -> Result<Response, Problem> {
    let id = ResourceId::parse(&which.resource).ok_or_else(|| {
        let message =
            "`resource` names an agent, an identity provider, an API key or a limit, such as agents/refunds";
        Problem::invalid("/resource", Code::BadName, message)
    })?;
    let restore = Restore { id: id.clone(), who: caller.who(), dry_run: query.dry_run };
    let edited = state.control().restore(restore).await?;
    let fleet = write::reached(&state, &edited, query).await;
    Ok(Written::new(edited, Some(&id), query.dry_run).reached(fleet).answer(StatusCode::OK))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::{Value, json};

    const PATH: &str = "/api/v1/documents/restore";

    async fn restore(api: &Api, resource: &str) -> (u16, Value) {
        let answer = api.write(Method::POST, PATH, None, Some(json!({"resource": resource}))).await;
        (answer.status, answer.json())
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_nothing_is_restored() {
        assert_eq!(Api::new().logged_out(Method::POST, PATH).await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_document_is_listed_and_its_last_good_text_restored() {
        let api = Api::writable();
        let good = std::fs::read_to_string(api.file("agents/refunds")).unwrap();
        assert_eq!(restore(&api, "agents/refunds").await.0, 404, "it is not broken");
        std::fs::write(api.file("agents/refunds"), "route: /x\nscope: 1\n").unwrap();
        assert_eq!(api.write(Method::POST, "/api/v1/reload", None, None).await.status, 422);
        let status = api.get("/api/v1/status").await.json();
        let broken = &status["broken_documents"][0];
        assert_eq!(
            (&broken["resource"], &broken["restorable"]),
            (&json!("agents/refunds"), &json!(true)),
            "{status}"
        );
        assert!(broken["diagnostics"][0]["message"].is_string(), "{broken}");

        let (status, back) = restore(&api, "agents/refunds").await;
        assert_eq!(
            (status, &back["revision"], &back["resource"]),
            (200, &json!(1), &json!("agents/refunds")),
            "{back}"
        );
        assert_eq!(std::fs::read_to_string(api.file("agents/refunds")).unwrap(), good);
        let status = api.get("/api/v1/status").await.json();
        assert_eq!((&status["broken_documents"], &status["refused"]), (&json!([]), &Value::Null), "{status}");
        for (resource, wanted) in [("agents/absent", 404), ("agents", 422), ("nothing/a", 422)] {
            assert_eq!(restore(&api, resource).await.0, wanted, "{resource}");
        }
    }
}

//! `/reload`: reads the configuration again, as SIGHUP does, and returns the result.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::{Finding, Outcome};

use super::SharedState;
use super::body::Answer;
use super::page::{Nothing, Query};
use super::problem::Problem;

/// The result of a reload.
#[derive(Serialize, JsonSchema)]
pub(super) struct Reloaded {
    result: Outcome,
    revision: String,
    warnings: Vec<Finding>,
}

/// Reloads the configuration.
pub(super) async fn run(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Answer<Reloaded>, Problem> {
    let reloaded = state.control().reload().await?;
    Ok(Answer(Reloaded {
        result: reloaded.outcome,
        revision: state.control().live().revision.as_str().to_owned(),
        warnings: reloaded.warnings,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_nothing_is_reloaded() {
        assert_eq!(Api::new().logged_out(Method::POST, "/api/v1/reload").await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reload_without_a_change_returns_unchanged() {
        let answer = Api::new().write(Method::POST, "/api/v1/reload", None, None).await;
        assert_eq!((answer.status, answer.json()["result"].as_str()), (200, Some("unchanged")));
    }
}

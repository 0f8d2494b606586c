//! `/traffic`: rates of decisions over the last minutes.

use axum::extract::State;

use crate::telemetry::Overview;

use super::SharedState;
use super::body::Answer;
use super::page::{Nothing, Query};

/// Returns the overview of all agents.
pub(super) async fn show(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Overview> {
    Answer(state.admin.traffic.overview())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_traffic_is_shown() {
        let api = Api::new();
        assert_eq!(api.logged_out(Method::GET, "/api/v1/traffic").await.status, 401);
        assert_eq!(api.get("/api/v1/traffic").await.status, 200);
    }
}

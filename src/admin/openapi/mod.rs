//! The OpenAPI 3.1 document of the API.

use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::body::Answer;

/// Shows it.
pub(super) async fn show() -> Response {
    Answer(json!({})).into_response()
}

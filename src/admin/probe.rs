//! `/identity-providers:probe`: what an issuer says of itself, before it is saved.

use axum::extract::State;
use serde::Deserialize;

use crate::control::{self, Probe, ProbeRequest};

use super::Desk;
use super::body::{Answer, Json};
use super::page::{Nothing, Query};
use super::problem::Problem;

/// The longest URL that is looked at, in bytes.
const LONGEST: usize = 2048;

/// Where to look.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    issuer: String,
    jwks_uri: Option<String>,
    #[serde(default)]
    insecure_http: bool,
}

/// Looks. What is wrong with the provider is part of the answer.
pub(super) async fn run(
    State(_desk): State<Desk>,
    Query(Nothing {}): Query<Nothing>,
    Json(question): Json<Question>,
) -> Result<Answer<Probe>, Problem> {
    for (pointer, text) in [("/issuer", Some(&question.issuer)), ("/jwks_uri", question.jwks_uri.as_ref())] {
        let good = |text: &String| (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control);
        if !text.is_none_or(good) {
            let message = format!("a URL of 1 to {LONGEST} characters is wanted");
            return Err(Problem::invalid(pointer, "bad-url", message));
        }
    }
    let Question { issuer, jwks_uri, insecure_http } = question;
    Ok(Answer(control::probe(ProbeRequest { issuer, jwks_uri, insecure_http }).await))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    const PATH: &str = "/api/v1/identity-providers:probe";

    #[tokio::test]
    async fn without_a_credential_nothing_is_fetched() {
        assert_eq!(Api::new().logged_out(Method::POST, PATH).await.status, 401);
    }

    #[tokio::test]
    async fn only_a_url_is_probed() {
        let api = Api::new();
        for body in [
            json!({"issuer": ""}),
            json!({"issuer": "x".repeat(3000)}),
            json!({"issuer": "https://a\u{0}"}),
            json!({"issuer": "https://a", "jwks_uri": ""}),
            json!({"issuer": "https://a", "insecure": true}),
        ] {
            assert_eq!(api.write(Method::POST, PATH, None, Some(body.clone())).await.status, 422, "{body}");
        }
    }
}

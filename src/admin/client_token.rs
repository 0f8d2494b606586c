//! `/identity-providers/{name}/token`: fetches a token with the client credentials grant (RFC 6749 section 4.4) to try
//! an agent with. Neither the secret nor the token is kept or logged.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::idp::{ClientAuthentication, Token, TokenRequest, client_token};
use crate::model::Secret;

use super::SharedState;
use super::body::{Answer, Json, secret};
use super::page::{Name, Nothing, Query};
use super::problem::{Problem, ProblemCode};

/// A token request with the client credentials grant.
// Holds a secret, so it cannot be printed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientTokenQuestion")]
pub(super) struct Question {
    client_id: String,
    #[serde(deserialize_with = "secret")]
    client_secret: Secret,
    scope: Option<String>,
    audience: Option<String>,
    resource: Option<String>,
    #[serde(default)]
    authentication: ClientAuthentication,
}

/// Sends the token request to the provider.
pub(super) async fn run(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
    Json(question): Json<Question>,
) -> Result<Answer<Token>, Problem> {
    let live = state.control().live();
    let not_found = || Problem::not_found(&format!("identity provider {name:?}"));
    let provider = live.providers.get(name.as_str()).ok_or_else(not_found)?;
    let request = TokenRequest {
        client_id: question.client_id,
        client_secret: question.client_secret,
        scope: question.scope,
        audience: question.audience,
        resource: question.resource,
        authentication: question.authentication,
    };
    let token = client_token(provider, request).await;
    token.map(Answer).map_err(|error| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NotAccepted, error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    const PATH: &str = "/api/v1/identity-providers/corp/token";

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_token_is_fetched() {
        assert_eq!(Api::new().logged_out(Method::POST, PATH).await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_of_another_shape_is_refused_without_its_secret() {
        let api = Api::new();
        for body in [
            json!({"client_id": "a", "client_secret": ["hunter2"]}),
            json!({"client_id": "a", "client_secret": "hunter2", "authentication": "digest"}),
            json!({"client_id": "a", "client_secret": "hunter2", "grant_type": "password"}),
            json!({"client_secret": "hunter2"}),
        ] {
            let answer = api.write(Method::POST, PATH, None, Some(body.clone())).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{body}");
            assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        }
        let body = json!({"client_id": "a", "client_secret": "b"});
        let absent =
            api.write(Method::POST, "/api/v1/identity-providers/absent/token", None, Some(body)).await;
        assert_eq!(absent.status, 404);
    }
}

//! `/identity-providers:probe`: fetches the metadata and keys of an issuer before it is saved.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::config::Code;
use crate::idp::{self, Probe, ProbeRequest};

use super::body::{Answer, Json};
use super::page::{Nothing, Query};
use super::problem::Problem;

/// The longest URL, in bytes: what browsers and servers commonly accept.
const LONGEST: usize = 2048;

/// The issuer to probe.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProbeQuestion")]
pub(super) struct Question {
    #[schemars(length(min = 1, max = LONGEST))]
    issuer: String,
    #[schemars(url, length(max = LONGEST))]
    jwks_uri: Option<String>,
    #[serde(default)]
    insecure_http: bool,
}

/// Probes the issuer. Problems of the provider are part of the response, not errors.
pub(super) async fn run(
    Query(Nothing {}): Query<Nothing>,
    Json(question): Json<Question>,
) -> Result<Answer<Probe>, Problem> {
    let good =
        (1..=LONGEST).contains(&question.issuer.len()) && !question.issuer.chars().any(char::is_control);
    if !good {
        let message = format!("an issuer of 1 to {LONGEST} characters is wanted");
        return Err(Problem::invalid("/issuer", Code::BadIssuer, message));
    }
    let jwks_uri = question.jwks_uri.map(|text| {
        let url = Url::parse(&text).ok().filter(|_| text.len() <= LONGEST);
        url.ok_or_else(|| Problem::invalid("/jwks_uri", Code::BadUrl, "this is no URL"))
    });
    let request = ProbeRequest {
        issuer: question.issuer,
        jwks_uri: jwks_uri.transpose()?,
        insecure_http: question.insecure_http,
    };
    Ok(Answer(idp::probe(&request).await))
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

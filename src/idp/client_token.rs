//! Fetches a token for the console's test page with the client credentials grant (RFC 6749 section 4.4). Neither the
//! credentials nor the token are kept or logged.

use http::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use super::Provider;
use super::client_authentication::basic;
use super::probe::token_endpoint;
use super::source::options_of;
use crate::model::Secret;
use crate::net::{Fetcher, Form, FormResponse, Limits};

/// How the client authenticates at the token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// HTTP Basic.
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the body.
    Post,
}

/// A token request, and the credentials of its client.
#[derive(Debug)]
pub struct TokenRequest {
    /// `client_id`
    pub client_id: String,
    /// `client_secret`
    pub client_secret: Secret,
    /// Scopes, separated by spaces (RFC 6749 section 3.3).
    pub scope: Option<String>,
    /// `audience`, a parameter of some providers that no RFC defines for this grant.
    pub audience: Option<String>,
    /// `resource` (RFC 8707 section 2).
    pub resource: Option<String>,
    /// How the client authenticates.
    pub authentication: ClientAuthentication,
}

/// The provider's token response (RFC 6749 section 5.1).
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ClientToken")]
pub struct Token {
    /// The access token.
    #[schemars(extend("format" = "password"))]
    pub access_token: String,
    /// The type of the token, such as `Bearer`.
    #[serde(default)]
    pub token_type: Option<String>,
    /// The lifetime of the token, in seconds.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// The granted scopes, when they differ from the requested ones.
    #[serde(default)]
    pub scope: Option<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token endpoint is not known or did not respond.
    #[error("{0}")]
    Unreachable(String),
    /// The provider's error response (RFC 6749 section 5.2), or a response without a token.
    #[error("the provider answered {status}: {error}")]
    Refused {
        /// The status of the response.
        status: u16,
        /// `error` and `error_description`, without control characters, at most 500 characters.
        error: String,
    },
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Fetches a token from the token endpoint that the metadata of `provider` names.
///
/// # Errors
/// When the endpoint cannot be found or reached, or does not return a token.
pub async fn client_token(provider: &Provider, request: TokenRequest) -> Result<Token, TokenError> {
    let spec = provider.spec();
    let unreachable = TokenError::Unreachable;
    let endpoint = token_endpoint(spec).await.map_err(unreachable)?;
    let endpoint = endpoint.ok_or_else(|| unreachable("its metadata names no token endpoint".to_owned()))?;
    let fetcher =
        Fetcher::new(&options_of(spec), Limits::default()).map_err(|e| unreachable(e.to_string()))?;
    let (form, authorization) = written(&request);
    let form = Form { body: form, authorization, accept: None };
    let FormResponse { status, body, .. } =
        fetcher.post_form(&endpoint, form).await.map_err(|e| unreachable(e.to_string()))?;
    if status.is_success() {
        let refused = |_| TokenError::Refused {
            status: status.as_u16(),
            error: "its answer holds no access_token".to_owned(),
        };
        return serde_json::from_slice(&body).map_err(refused);
    }
    let error = match serde_json::from_slice::<Refusal>(&body) {
        Ok(refusal) => match refusal.error_description {
            Some(description) => format!("{}: {description}", refusal.error),
            None => refusal.error,
        },
        Err(_) => "it says no more".to_owned(),
    };
    let error = error.chars().filter(|c| !c.is_control()).take(500).collect();
    Err(TokenError::Refused { status: status.as_u16(), error })
}

/// The form, and the `Authorization` field when the client authenticates with it.
fn written(request: &TokenRequest) -> (String, Option<HeaderValue>) {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    let optional =
        [("scope", &request.scope), ("audience", &request.audience), ("resource", &request.resource)];
    for (name, value) in optional {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    let secret = request.client_secret.expose_secret();
    let authorization = match request.authentication {
        ClientAuthentication::Post => {
            form.append_pair("client_id", &request.client_id).append_pair("client_secret", secret);
            None
        }
        ClientAuthentication::Basic => basic(&request.client_id, secret),
    };
    (form.finish(), authorization)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sent_by_the_chosen_method_only() {
        let request = |authentication| TokenRequest {
            client_id: "a:b".to_owned(),
            client_secret: Secret::new("s&c".to_owned()),
            scope: Some("x y".to_owned()),
            audience: None,
            resource: Some("urn:r".to_owned()),
            authentication,
        };
        let (form, header) = written(&request(ClientAuthentication::Basic));
        assert_eq!(form, "grant_type=client_credentials&scope=x+y&resource=urn%3Ar");
        // a%3Ab:s%26c
        assert_eq!(header.unwrap(), "Basic YSUzQWI6cyUyNmM=");
        let (form, header) = written(&request(ClientAuthentication::Post));
        assert!(form.ends_with("&client_id=a%3Ab&client_secret=s%26c"), "{form}");
        assert_eq!(header, None);
    }
}

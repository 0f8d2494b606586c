//! `/agents/{name}/client-check`: whether clients find their way from the URL that people give them to a token. The gateway
//! asks the identity provider as clients do; nothing is kept.

mod findings;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::Code;
use crate::idp::{AuthorizationServer, authorization_server};
use crate::routing::Authenticator;

use super::SharedState;
use super::agents::find;
use super::body::{Answer, Json};
use super::discovery::Clients;
use super::page::{Name, Nothing, Query};
use super::problem::{Problem, ProblemCode};

/// The longest URL, in bytes: what browsers and servers commonly accept.
const LONGEST: usize = 2048;

/// What to check.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientCheckQuestion")]
pub(super) struct Question {
    /// The URL that people gave to their client; the one that they should give when it is absent.
    #[serde(default)]
    #[schemars(url, length(min = 1, max = LONGEST))]
    url: Option<String>,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ClientCheckTopic")]
#[serde(rename_all = "snake_case")]
enum Topic {
    /// The metadata names the URL that the client has, letter by letter.
    Resource,
    /// Clients outside of this network can reach the URL.
    Reach,
    /// A token that is issued for this URL is accepted.
    Audience,
    /// The token is sent as `Authorization: Bearer`.
    Credential,
    /// A client in a browser may call, and read the challenge.
    Page,
    /// The metadata of the first identity provider can be read.
    AuthorizationServer,
    /// It names the issuer that the agent names.
    Issuer,
    /// It names PKCE with S256.
    Pkce,
    /// Clients can introduce themselves.
    Registration,
    /// It knows the scopes that clients are told to ask for.
    Scopes,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ClientCheckResult")]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// As every client needs it.
    Ok,
    /// Some clients stop here.
    Warn,
    /// All clients stop here.
    Bad,
    /// It could not be checked.
    Unknown,
}

/// One check.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ClientCheckRow")]
struct Row {
    topic: Topic,
    outcome: Outcome,
    /// What was found.
    found: String,
    /// How to fix it.
    help: Option<String>,
}

impl Row {
    fn ok(topic: Topic, found: impl Into<String>) -> Self {
        Self { topic, outcome: Outcome::Ok, found: found.into(), help: None }
    }

    fn new(topic: Topic, outcome: Outcome, found: impl Into<String>, help: &str) -> Self {
        Self { topic, outcome, found: found.into(), help: Some(help.to_owned()) }
    }
}

/// The result for one URL.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientCheck")]
pub(super) struct Checked {
    url: String,
    /// The name of the identity provider that clients choose, which is the first.
    identity_provider: String,
    /// Its issuer, as the metadata of the agent names it.
    issuer: String,
    /// Where its metadata was found.
    metadata_url: Option<String>,
    rows: Vec<Row>,
}

/// Checks the way of clients to a token for the agent. Its problems are part of the response, not errors.
pub(super) async fn run(
    State(state): State<SharedState>,
    headers: HeaderMap,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
    Json(question): Json<Question>,
) -> Result<Answer<Checked>, Problem> {
    let live = state.control().live();
    let agent = find(&live, &name)?;
    let Authenticator::OAuth(policy) = &agent.authenticator else {
        let detail = "clients fetch tokens for agents with `auth.oauth` alone";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NotAccepted, detail));
    };
    let clients = Clients::new(&live, agent, &headers);
    let url = question.url.unwrap_or_else(|| clients.reached.client(agent));
    let given = Url::parse(&url).ok().filter(|given| url.len() <= LONGEST && given.has_host());
    let given = given.ok_or_else(|| Problem::invalid("/url", Code::BadUrl, "this is no URL"))?;
    let Some(first) = policy.providers.first() else {
        return Err(Problem::not_found("an identity provider of the agent"));
    };
    let spec = first.spec();
    let server = authorization_server(spec).await;
    let rows = findings::of_agent(&clients, policy, &url, &given)
        .into_iter()
        .chain(findings::of_provider(agent, spec.issuer.as_str(), server.as_ref().map_err(String::as_str)))
        .collect();
    Ok(Answer(Checked {
        url,
        identity_provider: spec.name.to_string(),
        issuer: spec.issuer.to_string(),
        metadata_url: server.ok().map(|AuthorizationServer { metadata_url, .. }| metadata_url),
        rows,
    }))
}

#[cfg(test)]
mod tests;

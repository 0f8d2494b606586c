//! The message of a question to `/explain`: pasted whole, or made of a method and a name as a client would send it.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{Code, Snapshot};
use crate::gate;
use crate::protocol::ResourceForm;
use crate::protocol::mcp::NoSample;
use crate::routing::Agent;

use super::agent_url::Reached;
use super::problem::Problem;

/// An operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExplainedOperation")]
pub(super) struct Asked {
    /// The method of MCP, such as `tools/call`, or the operation of A2A, such as `SendMessage`.
    method: String,
    /// The name of the tool or the prompt, or the URI of the resource, where the method has one.
    #[serde(default)]
    name: Option<String>,
}

/// The method of a request that carries a message.
pub(super) const METHOD: &Method = &Method::POST;

/// The message of a question, if it has one. An operation gets the headers that a client would send with it, as far as
/// `headers` do not have them.
pub(super) fn message(
    agent: &Agent,
    operation: Option<&Asked>,
    pasted: Option<String>,
    headers: &mut HeaderMap,
) -> Result<Option<Bytes>, Problem> {
    match (operation, pasted) {
        (None, pasted) => Ok(pasted.map(Bytes::from)),
        (Some(_), Some(_)) => {
            let message = "write the message, or the operation, and not both";
            Err(Problem::invalid("/message", Code::DuplicateValue, message))
        }
        (Some(Asked { method, name }), None) => {
            gate::message_for(agent, method, name.as_deref(), headers).map(Some).map_err(|no| {
                let (pointer, code) = match no {
                    NoSample::NameMissing => ("/operation/name", Code::MissingField),
                    NoSample::NoName => ("/operation/name", Code::UnknownField),
                    NoSample::Reference | NoSample::Method => ("/operation/method", Code::BadMethod),
                };
                Problem::invalid(pointer, code, no.to_string())
            })
        }
    }
}

/// Where a message of this agent goes, if nobody says otherwise.
#[must_use]
pub fn message_path(agent: &Agent) -> String {
    let path = agent.forms().path(ResourceForm::ENDPOINT);
    if path.is_empty() { "/".to_owned() } else { path }
}

/// The URL of the agent's metadata in a challenge to a request at this path. Where no public URL is written it names the
/// first listener.
#[must_use]
pub fn told_metadata_url(live: &Snapshot, agent: &Agent, path: &str) -> Option<String> {
    let forms = agent.forms();
    Some(Reached::of(live, agent, &HeaderMap::new()).challenged(&forms.path(forms.told(path))))
}

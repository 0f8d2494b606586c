//! The decision with a record of every check, for an operator who holds the credential. Nothing is forwarded, counted
//! or remembered.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;

use crate::authz::{Line, Transcript};
use crate::model::{Decision, Purpose, Reason, Request};
use crate::routing::{Agent, Authenticator};

use super::{Evidence, Step, Verdict, decide};

/// What was decided, and how it came to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// What it would count as.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The status of the answer; 200 when the request would pass.
    pub status: u16,
    /// For which agent.
    pub agent: String,
    /// The provider of the token, once the agent accepts it.
    pub provider: Option<String>,
    /// The checks in the order in which they were made.
    pub checks: Vec<Line>,
}

impl Explanation {
    /// Whether the caller has proven itself. In shadow, a request also passes when it has not.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.decision == Decision::Allow
    }
}

/// Decides with the keys that the gateway holds now.
#[must_use]
pub fn explain(agent: &Arc<Agent>, request: &Request<'_>) -> Explanation {
    let request = &Request { purpose: Purpose::Explain, ..request.clone() };
    let (verdict, transcript) = settled(|evidence, transcript| decide(agent, request, evidence, transcript));
    Explanation {
        decision: verdict.decision,
        reason: verdict.reason,
        status: if verdict.permit.is_some() { 200 } else { verdict.reason.status() },
        agent: agent.name.to_string(),
        provider: agent.provider_name(verdict.provider).map(ToString::to_string),
        checks: transcript.lines,
    }
}

/// Calls `ask` until it decides. An explanation fetches nothing, so every need is unavailable.
pub(super) fn settled(mut ask: impl FnMut(&Evidence, &mut Transcript) -> Step) -> (Verdict, Transcript) {
    let mut evidence = Evidence::default();
    loop {
        let mut transcript = Transcript::default();
        match ask(&evidence, &mut transcript) {
            Step::Decided(verdict) => return (verdict, transcript),
            Step::Needs(need) => evidence.give_up(&need),
        }
    }
}

/// Why a text cannot be presented to an agent as a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The agent is public and reads no credential.
    #[error("agent `{0}` is public: it reads no credential")]
    Public(String),
    /// A header cannot carry the text.
    #[error("it holds control or non-ASCII bytes")]
    NoHeader,
}

/// The header in which the agent reads a credential, with `text`, trimmed, behind the agent's scheme.
///
/// # Errors
/// When the agent is public, or a header cannot carry the text.
pub fn credential(agent: &Agent, text: &str) -> Result<(HeaderName, HeaderValue), CredentialError> {
    let (name, scheme) = match &agent.authenticator {
        Authenticator::OAuth(policy) => (&policy.header, &policy.scheme),
        Authenticator::ApiKey(policy) => (&policy.header, &policy.scheme),
        Authenticator::Public => return Err(CredentialError::Public(agent.name.to_string())),
    };
    let gap = if scheme.as_str().is_empty() { "" } else { " " };
    let value = format!("{}{gap}{}", scheme.as_str(), text.trim());
    let mut value = HeaderValue::from_str(&value).map_err(|_| CredentialError::NoHeader)?;
    value.set_sensitive(true);
    Ok((name.clone(), value))
}

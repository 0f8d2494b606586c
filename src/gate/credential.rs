//! Where an agent reads a credential: the header that holds one, for questions that give a credential alone.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::DPOP;
use crate::routing::{Agent, Authenticator};

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

/// The header in which the agent reads a credential, with `text`, trimmed, behind the agent's scheme; behind `DPoP`, where
/// `others` have a proof and the agent looks at it.
///
/// # Errors
/// When the agent is public, or a header cannot carry the text.
pub fn credential(
    agent: &Agent,
    text: &str,
    others: &HeaderMap,
) -> Result<(HeaderName, HeaderValue), CredentialError> {
    let (name, scheme) = match &agent.authenticator {
        Authenticator::OAuth(policy) if policy.bound_tokens.dpop().is_some() && others.contains_key(DPOP) => {
            (&policy.header, "DPoP")
        }
        Authenticator::OAuth(policy) => (&policy.header, policy.scheme.as_str()),
        Authenticator::ApiKey(policy) => (&policy.header, policy.scheme.as_str()),
        Authenticator::Public => return Err(CredentialError::Public(agent.name.to_string())),
    };
    let gap = if scheme.is_empty() { "" } else { " " };
    let value = format!("{scheme}{gap}{}", text.trim());
    let mut value = HeaderValue::from_str(&value).map_err(|_| CredentialError::NoHeader)?;
    value.set_sensitive(true);
    Ok((name.clone(), value))
}

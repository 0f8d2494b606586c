//! What the answer to a refused caller says of the agent's credential: the challenge that the RFCs ask for (RFC 6750
//! section 3), and where a credential belongs. Nothing here says more than the caller may know.

use std::borrow::Cow;

use http::HeaderValue;

use crate::model::{OAuthError, Reason, Refusal};
use crate::routing::{Agent, Authenticator};

/// The value of `WWW-Authenticate` for a refusal at an agent, where it has one.
#[must_use]
pub fn challenge(reason: Reason, agent: &Agent) -> Option<HeaderValue> {
    let name = &agent.name;
    let text = match &agent.authenticator {
        Authenticator::Public => return None,
        Authenticator::ApiKey(_) => format!("ApiKey realm=\"{name}\""),
        Authenticator::OAuth(_) => match (reason, reason.oauth_error()) {
            (Reason::KeysUnavailable | Reason::ClaimMismatch, _) => return None,
            (_, None) => format!("Bearer realm=\"{name}\""),
            (_, Some(OAuthError::InsufficientScope)) => {
                let scopes: Vec<&str> = agent.rules.scopes.listed().collect();
                format!(
                    "Bearer realm=\"{name}\", error=\"insufficient_scope\", scope=\"{}\"",
                    scopes.join(" ")
                )
            }
            (Reason::TokenExpired, Some(error)) => format!(
                "Bearer realm=\"{name}\", error=\"{}\", error_description=\"The access token expired\"",
                error.as_str()
            ),
            (_, Some(error)) => format!("Bearer realm=\"{name}\", error=\"{}\"", error.as_str()),
        },
    };
    HeaderValue::from_str(&text).ok()
}

/// What the caller reads. A caller without any key learns in which header it belongs: that is no secret, and callers
/// look for it.
#[must_use]
pub fn detail(reason: Reason, agent: &Agent) -> Cow<'static, str> {
    match (reason, &agent.authenticator) {
        (Reason::ApiKeyMissing, Authenticator::ApiKey(policy)) => {
            format!("This agent asks for an API key in the header {}.", policy.header).into()
        }
        _ => Refusal::Decided(reason).detail().into(),
    }
}

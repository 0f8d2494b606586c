//! The challenge in the response to a refused request (RFC 9110 section 11.6.1, RFC 6750 section 3), and the sentence that
//! the client reads. Neither says more than a client may know.

use std::borrow::Cow;

use http::HeaderValue;

use crate::model::{OAuthError, Reason, Refusal};
use crate::routing::{Agent, Authenticator};

/// The value of `WWW-Authenticate` for a refusal at an agent; `None` where another credential would change nothing.
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
                let scopes: Vec<&str> = agent.entry.rules.scopes.listed().collect();
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
    // Names, codes and scopes are visible ASCII, so the text is always a header value.
    HeaderValue::from_str(&text).ok()
}

/// The sentence for the client. A client without an API key learns the name of the header: that is no secret, and the
/// standard challenge has no place for it.
#[must_use]
pub fn detail(reason: Reason, agent: &Agent) -> Cow<'static, str> {
    match (reason, &agent.authenticator) {
        (Reason::ApiKeyMissing, Authenticator::ApiKey(policy)) => {
            format!("This agent asks for an API key in the header {}.", policy.header).into()
        }
        _ => Refusal::Decided(reason).detail().into(),
    }
}

//! Refusals on the wire: one body for every refusal of the same class, with the challenge that the RFCs ask
//! for (RFC 6750 section 3, RFC 9457). Nothing here says more than the caller may know.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorType};
use serde::Serialize;

use crate::model::{OAuthError, Reason, RequestId};
use crate::routing::{Agent, Authenticator};

/// How long a caller should wait when the provider's keys cannot be had, in seconds.
const KEYS_RETRY: &str = "5";
/// How long a caller should wait when the agent has as many requests as it may have, in seconds.
const BUSY_RETRY: &str = "1";

/// An answer of ours that is an error.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    detail: Cow<'static, str>,
    error: Option<OAuthError>,
    challenge: Option<HeaderValue>,
    retry_after: Option<&'static str>,
    allow: Option<HeaderValue>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    request_id: &'a str,
}

impl Problem {
    /// An error that is not a decision about a credential.
    pub(super) const fn plain(status: u16, detail: &'static str) -> Self {
        Self {
            status,
            detail: Cow::Borrowed(detail),
            error: None,
            challenge: None,
            retry_after: None,
            allow: None,
        }
    }

    /// A request with a method other than these.
    pub(super) fn method(allow: HeaderValue) -> Self {
        let problem = Self::plain(405, "This method is not allowed.");
        Self { allow: Some(allow), ..problem }
    }

    /// The agent has as many requests under way as it may have.
    pub(super) fn busy() -> Self {
        let busy = Self::plain(503, "The agent is busy. Try again later.");
        Self { retry_after: Some(BUSY_RETRY), ..busy }
    }

    /// The refusal that a reason calls for.
    pub(super) fn refusal(reason: Reason, agent: Option<&Agent>) -> Self {
        Self {
            status: reason.status(),
            detail: explained(reason, agent),
            error: reason.oauth_error(),
            challenge: agent.and_then(|agent| challenge(reason, agent)),
            retry_after: (reason == Reason::KeysUnavailable).then_some(KEYS_RETRY),
            allow: None,
        }
    }

    /// The status of the answer.
    pub(super) const fn status(&self) -> u16 {
        self.status
    }

    /// Writes the answer.
    pub(super) async fn send(
        &self,
        session: &mut Session,
        request_id: &RequestId,
        extra: Vec<(HeaderName, HeaderValue)>,
    ) -> pingora::Result<()> {
        let body = request_id.with_text(|id| self.body(id));
        let mut head = ResponseHeader::build(self.status, Some(8 + extra.len()))?;
        head.insert_header(header::CONTENT_TYPE, "application/problem+json")?;
        head.insert_header(header::CONTENT_LENGTH, body.len().to_string())?;
        head.insert_header(header::CACHE_CONTROL, "no-store")?;
        head.insert_header("X-Request-Id", header_value(request_id)?)?;
        if let Some(challenge) = &self.challenge {
            head.insert_header("WWW-Authenticate", challenge.clone())?;
        }
        if let Some(seconds) = self.retry_after {
            head.insert_header("Retry-After", seconds)?;
        }
        if let Some(methods) = &self.allow {
            head.insert_header(header::ALLOW, methods.clone())?;
        }
        for (name, value) in extra {
            head.append_header(name, value)?;
        }
        let without_body = session.req_header().method == Method::HEAD;
        session.write_response_header(Box::new(head), without_body).await?;
        if !without_body {
            session.write_response_body(Some(Bytes::from(body)), true).await?;
        }
        Ok(())
    }

    fn body(&self, request_id: &str) -> Vec<u8> {
        let status = http::StatusCode::from_u16(self.status).ok();
        serde_json::to_vec(&Body {
            r#type: "about:blank",
            title: status.and_then(|s| s.canonical_reason()).unwrap_or("Error"),
            status: self.status,
            detail: &self.detail,
            error: self.error.map(OAuthError::as_str),
            request_id,
        })
        .unwrap_or_default()
    }
}

/// A request's id as the value of a header.
pub(super) fn header_value(id: &RequestId) -> pingora::Result<HeaderValue> {
    let value = id.with_text(HeaderValue::from_str);
    value.map_err(|_| Error::explain(ErrorType::InternalError, "a request id is no header value").into_in())
}

/// Who sends no key at all is told where it belongs: that is no secret, and callers look for it.
fn explained(reason: Reason, agent: Option<&Agent>) -> Cow<'static, str> {
    match (reason, agent.map(|agent| &agent.authenticator)) {
        (Reason::ApiKeyMissing, Some(Authenticator::ApiKey(policy))) => {
            format!("This agent asks for an API key in the header {}.", policy.header).into()
        }
        _ => detail(reason).into(),
    }
}

/// Vague on purpose: all refusals of one class read the same.
const fn detail(reason: Reason) -> &'static str {
    match reason {
        Reason::Ok => "",
        Reason::NoRoute => "Nothing is served at this address.",
        Reason::TokenMissing => "This agent asks for an access token.",
        Reason::MultipleTokens => "The request must carry exactly one credential.",
        Reason::TokenMalformed
        | Reason::TokenTooLarge
        | Reason::AlgNotAllowed
        | Reason::TypMismatch
        | Reason::IssuerUnknown
        | Reason::IssuerNotAllowed
        | Reason::ExpMissing
        | Reason::TokenExpired
        | Reason::NotYetValid
        | Reason::LifetimeTooLong
        | Reason::AudienceMismatch
        | Reason::BindingRequired
        | Reason::KeyUnknown
        | Reason::SignatureInvalid => "The access token is not valid for this agent.",
        Reason::ScopeMissing | Reason::ClaimMismatch => "The access token does not permit this.",
        Reason::KeysUnavailable => "Access tokens cannot be checked at the moment. Try again later.",
        Reason::ApiKeyMissing => "This agent asks for an API key.",
        Reason::ApiKeyInvalid | Reason::ApiKeyExpired | Reason::ApiKeyRevoked => {
            "The API key is not valid for this agent."
        }
    }
}

fn challenge(reason: Reason, agent: &Agent) -> Option<HeaderValue> {
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

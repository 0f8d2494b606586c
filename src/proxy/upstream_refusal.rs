//! An agent's own 401 or 403 to a request that the gateway has let pass. Its challenge would send the client for a token
//! of the agent's, which the gateway would remove in turn.

use http::{StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::{Error, ErrorType};

use crate::routing::{Agent, UpstreamChallenge};

/// Pingora's error for an agent that asks for the credential that the gateway has removed.
pub(super) const UNAUTHORIZED: ErrorType = ErrorType::Custom("upstream_unauthorized");

/// Takes the agent's challenge out of the head of its refusal.
///
/// # Errors
/// [`UNAUTHORIZED`] where the agent asks for a credential: the client has one, and no other would help.
pub(super) fn replace(head: &mut ResponseHeader, agent: &Agent) -> pingora::Result<()> {
    let is_unauthorized = head.status == StatusCode::UNAUTHORIZED;
    if !is_unauthorized && head.status != StatusCode::FORBIDDEN {
        return Ok(());
    }
    match agent.upstream_challenge {
        UpstreamChallenge::Pass => Ok(()),
        UpstreamChallenge::Replace if is_unauthorized && agent.removes_credential() => {
            Err(Error::explain(UNAUTHORIZED, "the agent answers 401").into_up())
        }
        UpstreamChallenge::Replace => {
            head.remove_header(&header::WWW_AUTHENTICATE);
            Ok(())
        }
    }
}

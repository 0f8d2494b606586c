//! What is known of one request, for everybody who writes requests down: the ring of decisions gets it when the request is
//! decided, the access log when it has ended.
//!
//! That of an allowed request is made without an allocation; the others own what they need.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Version};

use crate::model::{
    AgentName, AuthMethod, CacheLabel, Call, Decision, Digest, EndedBy, Grounds, Identity, Instant,
    Possession, ProviderName, Reason, RequestId,
};

use super::path_text::PathText;
use super::upstream_error::UpstreamError;

/// One request, with its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// When it came; of a request that waited for keys, when it was decided.
    pub at: Instant,
    /// Its id, as responses show it.
    pub request_id: RequestId,
    /// The agent that it reached; absent when there is none.
    pub agent: Option<AgentName>,
    /// Its method; absent when its head could not be read.
    pub http_method: Option<Method>,
    /// Its path, without the query.
    pub path: PathText,
    /// The client's address.
    pub remote: Option<IpAddr>,
    /// How callers of the agent prove themselves.
    pub auth_method: AuthMethod,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The provider of the token, once the agent accepts it.
    pub provider: Option<ProviderName>,
    /// The proven caller.
    pub identity: Option<Arc<Identity>>,
    /// What the token cache said.
    pub cache: CacheLabel,
    /// What it has shown of what its token is bound to.
    pub possession: Possession,
    /// What its message says, at an agent with rules by operation.
    pub call: Option<Arc<Call>>,
    /// The limit that refused it, or would have.
    pub limit: Option<Arc<str>>,
    /// The status of the response, once it is known.
    pub status: Option<u16>,
    /// Why the agent gave no answer, or no whole one.
    pub upstream_error: Option<UpstreamError>,
    /// What the refusal, or the failure, rests on.
    pub grounds: Option<Arc<Grounds>>,
}

impl RequestRecord {
    /// A request that reached no agent, and of which nothing else is known.
    #[must_use]
    pub fn unrouted(at: Instant, request_id: RequestId) -> Self {
        Self {
            at,
            request_id,
            agent: None,
            http_method: None,
            path: PathText::default(),
            remote: None,
            auth_method: AuthMethod::None,
            decision: Decision::Deny,
            reason: Reason::NoRoute,
            provider: None,
            identity: None,
            cache: CacheLabel::Off,
            possession: Possession::NOT_JUDGED,
            call: None,
            limit: None,
            status: None,
            upstream_error: None,
            grounds: None,
        }
    }

    /// The key that proved the caller, or that of the refused caller where it is known.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.identity.as_ref()?.key_id.as_deref()
    }

    /// The caller's client: the proven one, else what the token said.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        let proven = self.identity.as_ref().and_then(|identity| identity.client_id.as_deref());
        proven.or_else(|| self.grounds.as_ref()?.said.as_ref()?.client_id.as_deref())
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.path.bytes()
            + self.call.as_deref().map_or(0, Call::bytes)
            + self.grounds.as_deref().map_or(0, Grounds::bytes)
    }
}

impl EndedRequest {
    /// The version of HTTP, as logs and spans write it.
    #[must_use]
    pub const fn http_version(&self) -> &'static str {
        match self.version {
            Version::HTTP_09 => "0.9",
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            Version::HTTP_3 => "3",
            _ => "1.1",
        }
    }
}

/// A request that has ended.
#[derive(Debug)]
pub struct EndedRequest {
    /// What is known of it.
    pub record: RequestRecord,
    /// The version of HTTP that the client spoke.
    pub version: Version,
    /// How long it took.
    pub took: Duration,
    /// How long the agent took to the head of its answer.
    pub upstream_took: Option<Duration>,
    /// How often it was tried to reach the agent.
    pub upstream_attempts: u32,
    /// The SHA-256 of the client's certificate.
    pub client_certificate: Option<Digest>,
    /// The status of gRPC with which a call was refused.
    pub grpc_status: Option<u8>,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the response's body.
    pub bytes_out: u64,
    /// What ended the response's stream, where neither the agent nor the client did.
    pub ended_by: Option<EndedBy>,
}

//! Why a request that went on got no answer of its agent, or no whole one: a closed list, in the words of the access
//! log, the metrics and the record of decisions.
//!
//! What it is recognised by is for `proxy`. `docs/ACCESS_LOG.md` explains each.

use schemars::JsonSchema;
use serde::Serialize;

/// The cause of an answer that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamError {
    /// The name has no address.
    NameNotResolved,
    /// Nothing listens there.
    ConnectRefused,
    /// The unix socket is not there.
    SocketNotFound,
    /// The system does not let this process connect.
    ConnectDenied,
    /// No connection within `connect_timeout`.
    ConnectTimeout,
    /// The network knows no way.
    NoRouteToHost,
    /// Any other failure to connect.
    ConnectFailed,
    /// A TLS handshake that failed for a reason that is none of the following.
    TlsHandshakeFailed,
    /// A TLS handshake that took longer than `connect_timeout`.
    TlsHandshakeTimeout,
    /// The certificate has expired.
    TlsCertificateExpired,
    /// The certificate is not valid yet.
    TlsCertificateNotYetValid,
    /// The certificate is for other names.
    TlsNameMismatch,
    /// The certificate leads to no authority that is trusted.
    TlsUnknownIssuer,
    /// The other side does not speak TLS.
    NotTls,
    /// The certificate is rejected for any other reason.
    TlsCertificateInvalid,
    /// No head of an answer within `response_timeout`.
    ReadTimeout,
    /// An answer or a tunnel was silent for `stream_idle_timeout`.
    StreamIdle,
    /// The agent took nothing of the request.
    WriteTimeout,
    /// The connection broke while it was in use.
    ConnectionLost,
    /// The agent closed before it had answered.
    ConnectionClosed,
    /// What came is not HTTP.
    InvalidResponse,
    /// The agent broke HTTP/2, or reset the stream.
    Http2Error,
    /// The agent answered 401 to a request whose credential the gateway has checked and removed.
    UpstreamUnauthorized,
    /// The agent named its session in a way that no client could repeat.
    SessionIdInvalid,
    /// The agent sent a list that cannot be read in one way only, or is too long.
    ListUnreadable,
    /// `max_in_flight` is reached.
    TooManyInFlight,
    /// All targets of the agent drain.
    Draining,
    /// The process has no descriptor left.
    NoDescriptors,
    /// Anything else.
    Failed,
}

impl UpstreamError {
    /// Every cause.
    pub const ALL: [Self; 29] = [
        Self::NameNotResolved,
        Self::ConnectRefused,
        Self::SocketNotFound,
        Self::ConnectDenied,
        Self::ConnectTimeout,
        Self::NoRouteToHost,
        Self::ConnectFailed,
        Self::TlsHandshakeFailed,
        Self::TlsHandshakeTimeout,
        Self::TlsCertificateExpired,
        Self::TlsCertificateNotYetValid,
        Self::TlsNameMismatch,
        Self::TlsUnknownIssuer,
        Self::NotTls,
        Self::TlsCertificateInvalid,
        Self::ReadTimeout,
        Self::StreamIdle,
        Self::WriteTimeout,
        Self::ConnectionLost,
        Self::ConnectionClosed,
        Self::InvalidResponse,
        Self::Http2Error,
        Self::UpstreamUnauthorized,
        Self::SessionIdInvalid,
        Self::ListUnreadable,
        Self::TooManyInFlight,
        Self::Draining,
        Self::NoDescriptors,
        Self::Failed,
    ];

    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NameNotResolved => "name_not_resolved",
            Self::ConnectRefused => "connect_refused",
            Self::SocketNotFound => "socket_not_found",
            Self::ConnectDenied => "connect_denied",
            Self::ConnectTimeout => "connect_timeout",
            Self::NoRouteToHost => "no_route_to_host",
            Self::ConnectFailed => "connect_failed",
            Self::TlsHandshakeFailed => "tls_handshake_failed",
            Self::TlsHandshakeTimeout => "tls_handshake_timeout",
            Self::TlsCertificateExpired => "tls_certificate_expired",
            Self::TlsCertificateNotYetValid => "tls_certificate_not_yet_valid",
            Self::TlsNameMismatch => "tls_name_mismatch",
            Self::TlsUnknownIssuer => "tls_unknown_issuer",
            Self::NotTls => "not_tls",
            Self::TlsCertificateInvalid => "tls_certificate_invalid",
            Self::ReadTimeout => "read_timeout",
            Self::StreamIdle => "stream_idle",
            Self::WriteTimeout => "write_timeout",
            Self::ConnectionLost => "connection_lost",
            Self::ConnectionClosed => "connection_closed",
            Self::InvalidResponse => "invalid_response",
            Self::Http2Error => "http2_error",
            Self::UpstreamUnauthorized => "upstream_unauthorized",
            Self::SessionIdInvalid => "session_id_invalid",
            Self::ListUnreadable => "list_unreadable",
            Self::TooManyInFlight => "too_many_in_flight",
            Self::Draining => "draining",
            Self::NoDescriptors => "no_descriptors",
            Self::Failed => "failed",
        }
    }

    /// The cause of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }

    /// What an operator can do about it.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::SocketNotFound => "start the agent, or correct the path of the socket in `upstream`",
            Self::ConnectDenied => "give this process the right to connect to the agent's socket",
            Self::ConnectRefused => "nothing listens there: start the agent, or correct `upstream`",
            Self::ConnectTimeout | Self::NoRouteToHost | Self::ConnectFailed => {
                "the agent's host cannot be reached: check the network between, and `upstream`"
            }
            Self::NameNotResolved => {
                "check the host name in `upstream`, and the name servers of this machine"
            }
            Self::TlsCertificateExpired => "renew the agent's certificate",
            Self::TlsCertificateNotYetValid => "compare the clocks of agent and gateway",
            Self::TlsNameMismatch => "write a name into `upstream` that stands in the agent's certificate",
            Self::TlsUnknownIssuer => {
                "name the agent's authority in `ca_file` of `upstream`, or send the whole chain"
            }
            Self::NotTls => "write `http://` into `upstream`, or the port that speaks TLS",
            Self::TlsCertificateInvalid | Self::TlsHandshakeFailed | Self::TlsHandshakeTimeout => {
                "check the agent's certificate, and what listens at that port"
            }
            Self::ReadTimeout => "find out why the agent is slow, or raise `response_timeout` of `upstream`",
            Self::WriteTimeout => "the agent does not take the request's body: find out why",
            Self::ConnectionLost | Self::ConnectionClosed => {
                "the agent closed the connection before its answer was whole: look into its log"
            }
            Self::InvalidResponse | Self::Http2Error => {
                "the agent does not speak HTTP as it should: look into its log"
            }
            Self::UpstreamUnauthorized => {
                "give the agent a credential of the gateway's own with `set_headers` of `upstream`, or let it trust the \
                 gateway; `upstream_challenge: pass` hands its 401 to the caller"
            }
            Self::SessionIdInvalid => {
                "let the agent send one `Mcp-Session-Id` of 1 to 512 characters of visible ASCII"
            }
            Self::ListUnreadable => {
                "let the agent send lists as plain JSON, without a content coding and no member twice, or raise `mcp.max_list`"
            }
            Self::TooManyInFlight => "the agent is slow, or `max_in_flight` of the agent is too low",
            Self::Draining => {
                "let one of the agent's targets take requests again, in the console or over the API"
            }
            Self::NoDescriptors => "raise the limit of open files of this process",
            Self::StreamIdle | Self::Failed => {
                "look into the log of the agent and of this gateway at that moment"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_word_and_its_own_place_in_the_list() {
        for (i, cause) in UpstreamError::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, i, "{cause:?} is out of order");
            assert_eq!(UpstreamError::named(cause.as_str()), Some(cause));
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
        assert_eq!(UpstreamError::named("broken"), None);
    }
}

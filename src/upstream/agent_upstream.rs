//! The upstream of an agent: scheme, endpoint or targets, timeouts and trust.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::client_certificate::ClientCertificate;
use super::endpoint::Endpoint;
use super::member::Member;
use super::protocol::UpstreamProtocol;
use super::set_headers::SetHeaders;
use super::targets::Targets;
use super::trust::Trust;

/// The upstream of one agent.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Host and port, or socket; of several targets that of the first.
    pub endpoint: Arc<Endpoint>,
    /// The targets, where there are several or the state of the one is kept.
    pub targets: Option<Arc<Targets>>,
    /// How it is spoken to.
    pub protocol: UpstreamProtocol,
    /// TLS, when the URL says https.
    pub tls: Option<UpstreamTls>,
    /// `host[:port]` of its URL.
    pub authority: HeaderValue,
    /// The `Host` that it gets.
    pub host: UpstreamHost,
    /// Headers that it gets with every request, set last.
    pub set_headers: SetHeaders,
    /// The path of the URL, without a trailing slash: the prefix of every request path.
    pub base_path: String,
    /// The time for a connection, TLS included.
    pub connect_timeout: Duration,
    /// The time from the end of the request to the head of the response.
    pub response_timeout: Duration,
    /// How long a response or a tunnel may be silent; `None` = for ever.
    pub stream_idle_timeout: Option<Duration>,
    /// How long a kept connection may be idle and still be reused.
    pub idle_timeout: Duration,
}

impl Upstream {
    /// The target of that index, where there are targets.
    #[must_use]
    pub fn member(&self, index: usize) -> Option<&Member> {
        self.targets.as_ref()?.members.get(index)
    }

    /// Its URL, for messages; of several targets that of the first.
    #[must_use]
    pub fn url(&self) -> String {
        if let Some(path) = &self.endpoint.socket {
            let colon = if self.base_path.is_empty() { "" } else { ":" };
            return format!("unix:{path}{colon}{}", self.base_path);
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        if self.endpoint.is_service {
            return format!("srv+{scheme}://{}{}", self.endpoint.host, self.base_path);
        }
        format!("{scheme}://{}{}", self.authority.to_str().unwrap_or_default(), self.base_path)
    }
}

/// The `Host` of requests to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamHost {
    /// Always this: its own authority, or the name in the configuration.
    Fixed(HeaderValue),
    /// The client's `Host`.
    Preserve,
}

/// The verification of the upstream's certificate.
#[derive(Debug, Clone)]
pub struct UpstreamTls {
    /// The name that its certificate must have.
    pub server_name: String,
    /// The authorities to trust instead of the system's; `None` = the system's.
    pub trust: Option<Trust>,
    /// The certificate that is shown to it, if any.
    pub certificate: Option<ClientCertificate>,
}

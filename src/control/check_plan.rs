//! What the active checks of a target ask, and on which way: another one is another task.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::net::{Direct, FetchError, Fetcher, Limits, Speaks};
use crate::routing::Agent;
use crate::upstream::{Health, Member, Target, UpstreamProtocol};

/// What is asked.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) health: Health,
    pub(super) url: Url,
    host: HeaderValue,
    authorities: Option<Vec<Vec<u8>>>,
    identity: Option<Vec<u8>>,
    speaks: Speaks,
}

impl Plan {
    /// What an agent wants to have asked of a target of its own; `None` of one that no URL can name.
    pub(super) fn of(agent: &Agent, member: &Member, health: &Health) -> Option<Self> {
        let upstream = &agent.upstream;
        let (tls, authority) = (upstream.tls.as_ref(), member.authority.to_str().ok()?);
        let text = match tls {
            Some(tls) if member.server_name.is_none() => {
                // The name that is verified is that of the URL, and the addresses are known without it.
                let authority = member.target.endpoint.authority_of(&tls.server_name);
                format!("https://{authority}{}", health.path)
            }
            Some(_) => format!("https://{authority}{}", health.path),
            None => format!("http://{authority}{}", health.path),
        };
        Some(Self {
            url: Url::parse(&text).ok()?,
            host: health.host.clone().unwrap_or_else(|| member.host.clone()),
            health: health.clone(),
            authorities: tls.and_then(|tls| tls.trust.as_ref()).map(|trust| trust.certificates.to_vec()),
            identity: tls.and_then(|tls| tls.certificate.as_ref()).map(|shown| shown.pem().to_vec()),
            speaks: match upstream.protocol {
                UpstreamProtocol::Auto | UpstreamProtocol::H1 => Speaks::Http1,
                UpstreamProtocol::H2 => Speaks::Http2,
                UpstreamProtocol::H2c => Speaks::Http2Plain,
            },
        })
    }

    /// What asks one address of a target, or its present ones where none is named.
    pub(super) fn fetcher(&self, target: &Target, at: Option<SocketAddr>) -> Result<Fetcher, FetchError> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, self.host.clone());
        let endpoint = Arc::clone(&target.endpoint);
        let way = Direct {
            addresses: Arc::new(move || at.map_or_else(|| endpoint.addresses(), |at| vec![at])),
            socket: target.endpoint.socket.as_deref().map(Into::into),
            authorities: self.authorities.clone(),
            identity: self.identity.clone(),
            speaks: self.speaks,
            headers,
        };
        let timeout = self.health.timeout;
        Fetcher::direct(way, Limits { connect: timeout, total: timeout, body: 0 })
    }
}

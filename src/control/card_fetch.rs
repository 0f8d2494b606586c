//! One fetch of an agent's card, on the way that requests to the agent take.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::HOST;
use url::Url;

use crate::net::{Direct, FetchError, Fetched, Fetcher, Limits, Speaks};
use crate::protocol::a2a::card::CARD_BYTES;
use crate::routing::{Agent, CARD_PATHS};
use crate::upstream::{Upstream, UpstreamHost, UpstreamProtocol};

/// The longest fetch: the agent is near, and its card is a document that it has at hand.
const TOTAL: Duration = Duration::from_secs(5);
/// The longest time until the connection stands, as for other documents (`net::Limits`).
const CONNECT: Duration = Duration::from_secs(2);

/// Where a card comes from: that of another place is not the agent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    upstream: String,
    paths: [String; 2],
}

impl Place {
    /// The paths at the upstream to which requests for the card would be forwarded.
    pub(super) fn of(agent: &Agent) -> Self {
        let base = &agent.upstream.base_path;
        let route = &agent.route;
        let paths = CARD_PATHS.map(|name| {
            let asked = format!("{}{name}", route.path);
            format!("{base}{}", route.forwarded(&asked))
        });
        Self { upstream: agent.upstream.url(), paths }
    }
}

/// What came of a fetch.
#[derive(Debug)]
pub(super) enum Got {
    /// A card.
    Card(Vec<u8>),
    /// The card is what it was.
    Unchanged,
}

/// The fetcher of one agent's card.
pub(super) struct CardFetch {
    fetcher: Fetcher,
    urls: Vec<Url>,
    /// The URL and the entity tag of the last card.
    known: Option<(Url, String)>,
}

impl CardFetch {
    pub(super) fn new(agent: &Agent) -> Result<Self, FetchError> {
        let upstream = &agent.upstream;
        let limits =
            Limits { connect: CONNECT.min(upstream.connect_timeout), total: TOTAL, body: CARD_BYTES };
        let urls = Place::of(agent).paths.iter().filter_map(|path| url(upstream, path)).collect();
        Ok(Self { fetcher: Fetcher::direct(way(upstream), limits)?, urls, known: None })
    }

    /// Asks at the place of the card, and where it has none, at the place of before.
    pub(super) async fn get(&mut self) -> Result<Got, FetchError> {
        let mut last = FetchError::Setup { cause: "the upstream has no URL for its card".to_owned() };
        for url in &self.urls {
            let etag = self.known.as_ref().filter(|(at, _)| at == url).map(|(_, etag)| etag.as_str());
            match self.fetcher.fetch(url, etag).await {
                Ok(Fetched::NotModified { .. }) => return Ok(Got::Unchanged),
                Ok(Fetched::Document(document)) => {
                    self.known = document.etag.map(|etag| (url.clone(), etag));
                    return Ok(Got::Card(document.body.to_vec()));
                }
                Err(error @ FetchError::Status { .. }) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Forgets the last card, so that the next fetch brings it again.
    pub(super) fn forget(&mut self) {
        self.known = None;
    }
}

/// The URL of a path at the upstream. Its host is the name that the certificate must have.
fn url(upstream: &Upstream, path: &str) -> Option<Url> {
    let text = match &upstream.tls {
        Some(tls) => format!("https://{}{path}", tls_authority(upstream, &tls.server_name)?),
        None => format!("http://{}{path}", upstream.authority.to_str().ok()?),
    };
    Url::parse(&text).ok()
}

/// Where a URL leads whose host is the name that is verified. The addresses are known without it.
fn tls_authority(upstream: &Upstream, server_name: &str) -> Option<String> {
    if upstream.endpoint.host == server_name {
        return upstream.authority.to_str().ok().map(str::to_owned);
    }
    Some(upstream.endpoint.authority_of(server_name))
}

fn way(upstream: &Upstream) -> Direct {
    let mut headers = HeaderMap::new();
    let host = match &upstream.host {
        UpstreamHost::Fixed(host) => host,
        UpstreamHost::Preserve => &upstream.authority,
    };
    headers.insert(HOST, host.clone());
    upstream.set_headers.set(&mut headers);
    let endpoint = Arc::clone(&upstream.endpoint);
    let trust = upstream.tls.as_ref().and_then(|tls| tls.trust.as_ref());
    let certificate = upstream.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
    Direct {
        addresses: Arc::new(move || endpoint.addresses()),
        socket: upstream.endpoint.socket.as_deref().map(Into::into),
        authorities: trust.map(|trust| trust.certificates.to_vec()),
        identity: certificate.map(|certificate| certificate.pem().to_vec()),
        speaks: match upstream.protocol {
            UpstreamProtocol::Auto | UpstreamProtocol::H1 => Speaks::Http1,
            UpstreamProtocol::H2 => Speaks::Http2,
            UpstreamProtocol::H2c => Speaks::Http2Plain,
        },
        headers,
    }
}

//! Fetches from the upstream of an agent, on the way that its requests take: its addresses or its socket, its trust, and the
//! headers that it is given. No proxy is used, and plain HTTP is what the operator wrote.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::FetchError;
use super::fetcher::{Fetcher, Limits, builder, deepest};
use super::proxy::{Egress, EgressProxy};

/// The way to an upstream.
pub struct Direct {
    /// Its present addresses; the port is that of the URL, where it has one.
    pub addresses: Arc<dyn Fn() -> Vec<SocketAddr> + Send + Sync>,
    /// Its unix socket, if it is at one.
    pub socket: Option<PathBuf>,
    /// The authorities, in DER, that may issue its certificate; `None` = those of the system.
    pub authorities: Option<Vec<Vec<u8>>>,
    /// The certificate that is shown to it, with its key, in PEM.
    pub identity: Option<Vec<u8>>,
    /// What is spoken there.
    pub speaks: Speaks,
    /// The headers of each request.
    pub headers: HeaderMap,
}

/// The version of HTTP that is spoken to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 over TLS.
    Http2,
    /// HTTP/2 in plain text, with prior knowledge.
    Http2Plain,
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Fetcher {
    /// A client for one upstream.
    ///
    /// # Errors
    /// When one of the authorities is no certificate.
    pub fn direct(way: Direct, limits: Limits) -> Result<Self, FetchError> {
        let setup = |error: reqwest::Error| FetchError::Setup { cause: deepest(&error) };
        let mut headers = way.headers;
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let client = builder(limits).default_headers(headers).dns_resolver(Known(way.addresses));
        let mut client = match way.speaks {
            Speaks::Http1 => client.http1_only(),
            Speaks::Http2 | Speaks::Http2Plain => client.http2_prior_knowledge(),
        };
        if let Some(authorities) = way.authorities {
            let read = |der: &Vec<u8>| reqwest::Certificate::from_der(der);
            let all: Result<Vec<_>, _> = authorities.iter().map(read).collect();
            client = client.tls_certs_only(all.map_err(setup)?);
        }
        if let Some(identity) = way.identity {
            client = client.identity(reqwest::Identity::from_pem(&identity).map_err(setup)?);
        }
        if let Some(socket) = way.socket {
            client = client.unix_socket(socket);
        }
        let egress = Arc::new(Egress::new(&EgressProxy::Direct, |_| None));
        Ok(Self::of(client.build().map_err(setup)?, limits, egress))
    }
}

/// Resolves every name to the addresses that are known already.
struct Known(Arc<dyn Fn() -> Vec<SocketAddr> + Send + Sync>);

impl Resolve for Known {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = (self.0)();
        let host = name.as_str().to_owned();
        Box::pin(async move {
            if addresses.is_empty() {
                let cause = "the upstream's name has no address".to_owned();
                return Err(FetchError::Unresolved { host, cause }.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Fetched;
    use crate::net::fixtures::{Loopback, answer, install_tls};
    use url::Url;

    #[tokio::test]
    async fn an_upstream_is_fetched_from_at_its_addresses_with_its_headers() {
        install_tls();
        let server = Loopback::start(|_| answer("200 OK", "", "{}")).await;
        let address: SocketAddr = server.url("/").socket_addrs(|| None).unwrap()[0];
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("agents.internal"));
        headers.insert("x-agent-key", HeaderValue::from_static("k"));
        let way = |addresses: Vec<SocketAddr>| Direct {
            addresses: Arc::new(move || addresses.clone()),
            socket: None,
            authorities: None,
            identity: None,
            speaks: Speaks::Http1,
            headers: headers.clone(),
        };
        let fetcher = Fetcher::direct(way(vec![address]), Limits::default()).unwrap();
        let url = Url::parse(&format!("http://up.example:{}/card", server.port())).unwrap();
        assert!(matches!(fetcher.fetch(&url, None).await, Ok(Fetched::Document(_))));
        let head = server.heads().concat().to_lowercase();
        for wanted in
            ["get /card ", "host: agents.internal\r\n", "x-agent-key: k\r\n", "accept: application/json\r\n"]
        {
            assert!(head.contains(wanted), "{wanted} in {head}");
        }
        let nowhere = Fetcher::direct(way(Vec::new()), Limits::default()).unwrap();
        let error = nowhere.fetch(&url, None).await.unwrap_err();
        assert!(error.to_string().contains("no address"), "{error}");
    }
}

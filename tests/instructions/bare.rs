//! A bare Pingora proxy in the place of the gateway: what is not the gateway's own share of a request.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::proxy::{ProxyHttp, Session, http_proxy};
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;

use super::house::House;

impl House<()> {
    /// A bare Pingora proxy before an agent.
    pub(crate) fn bare() -> Self {
        Self::of(|address| ((), http_proxy(&Arc::new(ServerConf::default()), Bare(address))))
    }
}

/// A proxy that does nothing but proxy.
struct Bare(SocketAddr);

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut Self::CTX) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.0, false, String::new())))
    }
}

//! A Pingora proxy that does nothing but proxy: what the gateway is measured against.
//!
//! `bare_proxy LISTEN UPSTREAM [TLS_LISTEN CERTIFICATE KEY]`, addresses with a port, files in PEM. One worker thread and
//! the system's allocator, as Pingora comes; the pool holds as many connections as the load has.

use std::net::SocketAddr;

use async_trait::async_trait;
use pingora::listeners::tls::TlsSettings;
use pingora::prelude::{HttpPeer, ProxyHttp, Result, Session, http_proxy_service};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;

struct Bare {
    upstream: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut Self::CTX) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.upstream, false, String::new())))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(upstream)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bare_proxy LISTEN UPSTREAM [TLS_LISTEN CERTIFICATE KEY]".into());
    };
    // Fails only when there is one already.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let conf = ServerConf { threads: 1, upstream_keepalive_pool_size: 256, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let mut service = http_proxy_service(&server.configuration, Bare { upstream: upstream.parse()? });
    service.add_tcp(&listen);
    if let (Some(listen), Some(certificate), Some(key)) =
        (arguments.next(), arguments.next(), arguments.next())
    {
        let mut settings = TlsSettings::intermediate(&certificate, &key)?;
        settings.enable_h2();
        service.add_tls_with_settings(&listen, None, settings);
    }
    server.add_service(service);
    server.run_forever();
}

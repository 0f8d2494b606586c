//! The well-behaved client; one that keeps no rule is in `raw`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificate::NAME;

/// One client for a whole test: its connections are kept alive. It follows no redirects and knows no proxy.
pub fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let make = || {
        install_tls();
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        builder.timeout(Duration::from_secs(30)).build().expect("a client")
    };
    CLIENT.get_or_init(make).clone()
}

/// Makes sure that this process has a TLS library. One that another test has installed serves as well.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A TLS connection over this socket to a gateway with this certificate (PEM), on which HTTP/2 was agreed.
pub async fn over_tls(tcp: TcpStream, certificate: &str) -> TlsStream<TcpStream> {
    install_tls();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")).expect("a root");
    let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(NAME).expect("a name");
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.expect("a handshake");
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    tls
}

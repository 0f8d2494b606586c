//! A certificate that signs itself, and the client that trusts it.

use std::net::SocketAddr;

use crate::client::install_tls;

/// The name in [`Certificate::generate`].
pub const NAME: &str = "gateway.test";

/// A certificate with its private key, both in PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate.
    pub pem: String,
    /// The private key.
    pub key: String,
}

impl Certificate {
    /// A new one for `gateway.test`.
    pub fn generate() -> Self {
        Self::for_name(NAME)
    }

    /// A new one for this name.
    pub fn for_name(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
        Self { pem: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// A client of its own that trusts it at this port of loopback, and the beginning of its URLs. ALPN decides for
    /// HTTP/2, where it is offered.
    pub fn client(&self, port: u16) -> (reqwest::Client, String) {
        self.client_of(port, reqwest::Client::builder())
    }

    /// The same, which speaks HTTP/2 and nothing else.
    pub fn http2(&self, port: u16) -> (reqwest::Client, String) {
        self.client_of(port, reqwest::Client::builder().http2_prior_knowledge())
    }

    fn client_of(&self, port: u16, builder: reqwest::ClientBuilder) -> (reqwest::Client, String) {
        install_tls();
        let root = reqwest::Certificate::from_pem(self.pem.as_bytes()).expect("a certificate");
        let builder = builder.no_proxy().tls_certs_only([root]);
        let client =
            builder.resolve(NAME, SocketAddr::from(([127, 0, 0, 1], port))).build().expect("a client");
        (client, format!("https://{NAME}:{port}"))
    }
}

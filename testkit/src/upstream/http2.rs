//! The echo agent over TLS: HTTP/2 where ALPN agrees on it, else as without TLS.

use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, server};
use http::{Request, Response};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::{Book, Seen, echo};
use crate::certificate::Certificate;
use crate::client::install_tls;

/// The TLS of an agent with this certificate.
pub(crate) fn acceptor(certificate: &Certificate) -> TlsAcceptor {
    acceptor_for(certificate, &[])
}

/// The same for clients with one of these certificates alone, where there are some.
pub(crate) fn acceptor_for(certificate: &Certificate, clients: &[&Certificate]) -> TlsAcceptor {
    install_tls();
    let chain = vec![CertificateDer::from_pem_slice(certificate.pem.as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).expect("a key");
    let builder = ServerConfig::builder();
    let builder = if clients.is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for client in clients {
            roots.add(CertificateDer::from_pem_slice(client.pem.as_bytes()).expect("PEM")).expect("a root");
        }
        builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder(roots.into()).build().expect("a verifier"),
        )
    };
    let mut config = builder.with_single_cert(chain, key).expect("they belong together");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// Serves one connection.
pub(super) async fn serve(accepts: Accept<TcpStream>, book: Arc<Book>) -> Option<()> {
    let stream = accepts.await.ok()?;
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return super::serve(BufReader::new(stream), &book).await;
    }
    let mut connection = server::handshake(stream).await.ok()?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted.ok()?;
        tokio::spawn(answer(request, respond, Arc::clone(&book)));
    }
    Some(())
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    book: Arc<Book>,
) -> Option<()> {
    let (head, mut body) = request.into_parts();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let target = head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let seen = Seen { method: head.method.to_string(), target, headers: headers.collect(), is_http2: true };
    book.enter(&seen);
    let mut length = 0;
    while let Some(piece) = body.data().await {
        let piece = piece.ok()?;
        length += piece.len() as u64;
        body.flow_control().release_capacity(piece.len()).ok()?;
    }
    let response = Response::builder().header("content-type", "application/json").body(()).ok()?;
    let is_head = seen.method == "HEAD";
    let mut sends = respond.send_response(response, is_head).ok()?;
    if is_head {
        return Some(());
    }
    sends.send_data(echo(&seen, length).into(), true).ok()
}

//! The listener: accepts connections up to a limit, and bounds the time for a handshake, for a request head and for
//! reading a response, so that slow clients cannot lock operators out.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::caller::Peer;
use super::wire::Paced;

/// Connections open at a time: many browsers at six each, and a bound on memory and descriptors that the proxy's own
/// listeners do not have to share.
const MOST_CONNECTIONS: usize = 256;
/// The time for a TLS handshake: two round trips, on the slowest of links.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The time for a request head, idle time on a kept connection included: a browser opens a new one at no cost, and an
/// idle one holds a slot.
const HEAD: Duration = Duration::from_secs(10);
/// The time for the client to read some of a response. A client that reads steadily, however slowly, is not cut off.
const WRITE: Duration = Duration::from_secs(30);
/// The largest request head, in bytes: four times what browsers send with many cookies of other programs of the host.
const LARGEST_HEAD: usize = 32 << 10;
/// Header fields at most: browsers send about 20.
const MOST_FIELDS: usize = 100;
/// The pause after `accept` failed, which means that the process is out of descriptors: a retry at once would spin.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves connections until the runtime ends.
///
/// # Errors
/// None so far: what goes wrong ends one connection.
pub(super) async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
) -> std::io::Result<()> {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return Ok(()) };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "the admin listener got no connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            connection(stream, peer, tls, router).await;
            drop(slot);
        });
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, router: Router) {
    // Responses are small: Nagle's algorithm would only delay them.
    let _hint = stream.set_nodelay(true);
    match tls {
        None => serve(stream, peer, router).await,
        Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve(stream, peer, router).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake on the admin listener"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake on the admin listener took too long"),
        },
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let answer = service.call(request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_FIELDS)
        .serve_connection(TokioIo::new(Paced::new(stream, WRITE)), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "a connection to the admin listener broke off");
    }
}

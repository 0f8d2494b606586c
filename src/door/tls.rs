//! Which listeners serve TLS, and which certificate they show: chosen by SNI, the first one when no name fits.
//!
//! The certificates are part of the live snapshot, so that a renewed file is shown to the next handshake. Those of clients are for
//! `client_certificates`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pingora::listeners::tls::Acceptor;
use pingora::protocols::Stream;
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, VerifierBuilderError};
use rustls::sign::CertifiedKey;
use tokio::time::timeout;

use crate::config::Snapshot;
use crate::model::{Clock as _, Live, SystemClock};
use crate::telemetry::{HandshakeFailure, HandshakeMetrics, Metrics};

use super::client_certificates::Asking;
use super::handshake::caller_fault;
use super::pace::Paced;

/// What clients may choose by ALPN, the best first (RFC 7301 section 6).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The listeners that serve TLS. Cheap to clone; all clones resume each other's sessions.
#[derive(Clone)]
pub struct TlsDoor(Arc<[TlsListener]>);

/// One of them.
pub(crate) struct TlsListener {
    address: SocketAddr,
    resolver: Arc<SniResolver>,
    /// Shakes hands while clients are asked for no certificate.
    acceptor: Acceptor,
    /// Shakes hands while they are; made at the first handshake.
    asking: Live<Option<Arc<Asking>>>,
    metrics: HandshakeMetrics,
}

impl TlsListener {
    /// Shakes hands with a client. `None` when it fails, takes longer than `limit`, or the slot is `needed` before its end.
    pub(crate) async fn shake_hands(
        &self,
        stream: Paced,
        limit: Duration,
        needed: impl Future<Output = ()>,
    ) -> Option<Stream> {
        let asking = match self.asking() {
            Ok(asking) => asking,
            Err(error) => {
                self.metrics.failed(HandshakeFailure::Other);
                tracing::error!(%error, "clients cannot be asked for certificates; a connection was dropped");
                return None;
            }
        };
        let acceptor = asking.as_deref().map_or(&self.acceptor, Asking::acceptor);
        let shaking = Box::pin(acceptor.tls_handshake(stream));
        let shaken = tokio::select! {
            biased;
            shaken = timeout(limit, shaking) => shaken,
            () = needed => return None,
        };
        match shaken {
            Ok(Ok(stream)) if asking.is_some_and(|asking| asking.is_over(&stream, SystemClock.now())) => {
                self.metrics.failed(HandshakeFailure::ClientCertificateRejected);
                tracing::debug!("a TLS session was resumed whose client certificate has expired");
                None
            }
            Ok(Ok(stream)) => Some(Box::new(stream)),
            Ok(Err(error)) => {
                let cause = caller_fault(&error.to_string());
                self.metrics.failed(cause);
                tracing::debug!(cause = cause.as_str(), %error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                self.metrics.failed(HandshakeFailure::Timeout);
                tracing::debug!("a TLS handshake took too long");
                None
            }
        }
    }
}

impl TlsListener {
    fn new(resolver: SniResolver, metrics: HandshakeMetrics) -> Self {
        let resolver = Arc::new(resolver);
        let acceptor = acceptor(&resolver, None);
        Self { address: resolver.listener, resolver, acceptor, asking: Live::new(None), metrics }
    }

    /// How clients are asked for certificates now. What was resumed under other rules is forgotten with them.
    fn asking(&self) -> Result<Option<Arc<Asking>>, VerifierBuilderError> {
        let trust = self.resolver.snapshot.with(|snapshot| snapshot.client_trust.get(&self.address).cloned());
        let Some(trust) = trust else { return Ok(None) };
        let held = self.asking.with(|held| held.clone().filter(|held| held.is_for(&trust)));
        if held.is_some() {
            return Ok(held);
        }
        let made = Asking::new(trust, |verifier| acceptor(&self.resolver, Some(verifier)))?;
        let made = Some(Arc::new(made));
        self.asking.publish(Arc::new(made.clone()));
        Ok(made)
    }
}

/// What shakes hands, with TLS 1.3 and 1.2. Each has sessions of its own, which clones resume.
fn acceptor(resolver: &Arc<SniResolver>, verifier: Option<Arc<dyn ClientCertVerifier>>) -> Acceptor {
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let builder = ServerConfig::builder_with_protocol_versions(&versions);
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(resolver) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = PROTOCOLS.map(Vec::from).into();
    Acceptor::from_server_config(Arc::new(config))
}

/// A connection of which one cannot say whether it is to have TLS.
#[derive(Debug, thiserror::Error)]
#[error("the system does not say on which listener it came")]
pub(crate) struct UnknownListener;

impl TlsDoor {
    /// The door of these listeners, with HTTP/2 and HTTP/1.1, each with the live certificates of its own.
    #[must_use]
    pub fn new(
        listeners: impl IntoIterator<Item = SocketAddr>,
        snapshot: &Arc<Live<Snapshot>>,
        metrics: &Metrics,
    ) -> Self {
        let listener = |address| {
            let resolver = SniResolver { snapshot: Arc::clone(snapshot), listener: address };
            TlsListener::new(resolver, metrics.handshakes(address))
        };
        Self(listeners.into_iter().map(listener).collect())
    }

    /// How a connection to the address `local` shakes hands; `None` when it is plain.
    pub(crate) fn at(&self, local: Option<SocketAddr>) -> Result<Option<&TlsListener>, UnknownListener> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let local = local.ok_or(UnknownListener)?;
        Ok(self.0.iter().find(|listener| is_of(listener.address, local)))
    }
}

impl std::fmt::Debug for TlsDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|listener| listener.address)).finish()
    }
}

/// Whether a connection to the address `local` came in at `listener`.
pub(crate) fn is_of(listener: SocketAddr, local: SocketAddr) -> bool {
    let ip = listener.ip().to_canonical();
    listener.port() == local.port() && (ip.is_unspecified() || ip == local.ip().to_canonical())
}

/// The certificates of one listener.
struct SniResolver {
    snapshot: Arc<Live<Snapshot>>,
    listener: SocketAddr,
}

impl std::fmt::Debug for SniResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SniResolver").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for SniResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.snapshot.with(|snapshot| {
            let all = snapshot.certificates.get(&self.listener)?;
            let named = hello.server_name().and_then(|name| all.iter().find(|key| covers(key, name)));
            named.or_else(|| all.first()).cloned()
        })
    }
}

/// Whether a certificate is for `name`, wildcards included, as a client would check it.
fn covers(key: &CertifiedKey, name: &str) -> bool {
    let Some(leaf) = key.cert.first() else { return false };
    let (Ok(parsed), Ok(name)) =
        (ParsedCertificate::try_from(leaf), rustls::pki_types::ServerName::try_from(name))
    else {
        return false;
    };
    rustls::client::verify_server_name(&parsed, &name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Files, Source, compile, parse};

    #[test]
    fn a_connection_belongs_to_the_listener_of_its_address_and_port() {
        for (listener, local, wanted) in [
            ("0.0.0.0:8443", "10.0.0.1:8443", true),
            ("0.0.0.0:8443", "10.0.0.1:8080", false),
            ("[::]:8443", "[::ffff:10.0.0.1]:8443", true),
            ("[::]:8443", "[2001:db8::1]:8443", true),
            ("127.0.0.1:8443", "127.0.0.1:8443", true),
            ("127.0.0.1:8443", "[::ffff:127.0.0.1]:8443", true),
            ("127.0.0.1:8443", "127.0.0.2:8443", false),
        ] {
            assert_eq!(
                is_of(listener.parse().unwrap(), local.parse().unwrap()),
                wanted,
                "{listener} {local}"
            );
        }
    }

    #[test]
    fn a_connection_of_an_unknown_listener_is_never_taken_for_a_plain_one() {
        let _already = rustls::crypto::ring::default_provider().install_default();
        let metrics = Metrics::new().unwrap();
        let document = parse(&[Source::new("a.yaml", "version: 1\n")], &|_: &str| None).unwrap();
        let snapshot = compile(&document, &Files::new(), None, &metrics).unwrap().snapshot;
        let snapshot = Arc::new(Live::new(snapshot));
        let address = "0.0.0.0:8443".parse().unwrap();
        let metrics = metrics.handshakes(address);
        let resolver = SniResolver { snapshot, listener: address };
        let one = TlsDoor([TlsListener::new(resolver, metrics)].into());
        assert!(one.at(None).is_err());
        assert!(one.at(Some("127.0.0.1:8080".parse().unwrap())).unwrap().is_none());
        assert!(one.at(Some("127.0.0.1:8443".parse().unwrap())).unwrap().is_some());
        assert!(TlsDoor([].into()).at(None).unwrap().is_none());
    }
}

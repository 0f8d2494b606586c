//! Which certificate a TLS listener shows: chosen by SNI, the first one when no name fits.
//!
//! The certificates are part of the live snapshot, so that a renewed file is shown to the next handshake.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::listeners::TlsAccept;
use pingora::listeners::tls::TlsSettings;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::Snapshot;
use crate::model::Live;

/// The certificates of one listener.
pub struct SniResolver {
    snapshot: Arc<Live<Snapshot>>,
    listener: SocketAddr,
}

impl SniResolver {
    /// The resolver of the listener at that address.
    #[must_use]
    pub fn new(snapshot: Arc<Live<Snapshot>>, listener: SocketAddr) -> Self {
        Self { snapshot, listener }
    }

    /// TLS settings with HTTP/2 and HTTP/1.1 for a listener that shows these certificates.
    ///
    /// # Errors
    /// When Pingora refuses the settings.
    pub fn settings(self) -> pingora::Result<TlsSettings> {
        let mut settings = TlsSettings::with_callbacks(Box::new(NoCallbacks))?;
        settings.set_cert_resolver(Arc::new(self));
        settings.enable_h2();
        Ok(settings)
    }
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

struct NoCallbacks;

#[async_trait]
impl TlsAccept for NoCallbacks {}
